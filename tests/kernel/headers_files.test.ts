import { assertEquals } from "@std/assert";
import { HeadersFiles } from "../../build/tests/skel/headers_files.ts";
import { fileId } from "#lib/sys/status.ts";
import { call, FILES_CALL } from "./call.ts";
import { kernelTest } from "./harness.ts";

const libc = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  syscall: { parameters: Array<"i64">(7).fill("i64"), result: "i64" },
});

/** getpgid(2) as tests/fixtures/called.h knows it. */
const SYS_GETPGID = Deno.build.arch === "x86_64" ? 121n : 155n;

function load() {
  const opened = HeadersFiles.open();
  opened.rodata.owner = Deno.pid;
  return opened.load().attach();
}

kernelTest("file_of_fd() finds what a descriptor stands for", {}, () => {
  using skel = load();
  const file = Deno.makeTempFileSync();
  const types = [[file, "R"], ["/proc", "D"], ["/dev/null", "C"], ["/proc/self/ns/mnt", "R"]];
  for (const [path, type] of types) {
    const fd = libc.symbols.open(new TextEncoder().encode(`${path}\0`), 0);
    call(FILES_CALL | fd);
    const { dev, ino } = fileId(path);
    assertEquals([skel.bss.id.dev, skel.bss.id.ino], [dev, ino], path);
    const { mode } = Deno.statSync(path);
    assertEquals([skel.bss.mode, skel.bss.type], [mode! & 0xffff, type], path);
    libc.symbols.close(fd);
    if (path === "/proc") assertEquals(skel.bss.name, "proc");
  }
  assertEquals([skel.bss.files, skel.bss.without_file], [4n, 0n]);
  Deno.removeSync(file);
});

kernelTest("file_of_fd() finds nothing for a descriptor that is closed or cannot be", {}, () => {
  using skel = load();
  for (const fd of [-1, -100, 32767, 1000]) call((FILES_CALL | fd & 0xffff) >>> 0);
  assertEquals([skel.bss.files, skel.bss.without_file], [0n, 4n]);
});

kernelTest("syscall_arg() reads all six arguments", {}, () => {
  using skel = load();
  const args = [BigInt(FILES_CALL | 0xffff), 3n, 5n, 7n, 11n, 13n];
  libc.symbols.syscall(SYS_GETPGID, ...args as [bigint, bigint, bigint, bigint, bigint, bigint]);
  assertEquals([...skel.bss.arguments], args);
});
