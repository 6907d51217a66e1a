import { assertEquals } from "@std/assert";
import { syscallName, syscallNumbers, syscalls } from "#lib/sys/syscalls.ts";

Deno.test("syscallName() has the numbers of every ABI", () => {
  assertEquals(syscallName("x86_64", 257), "openat");
  assertEquals(syscallName("i386", 295), "openat");
  assertEquals(syscallName("arm64", 56), "openat");
  assertEquals(syscallName("arm", 322), "openat");
  assertEquals(syscallName("x32", 520), "execve");
  assertEquals(syscallName("arm", 0xf0002), "cacheflush");
});

Deno.test("syscallName() finds its place behind every gap", () => {
  assertEquals(
    [334, 335, 424, 471].map((number) => syscallName("x86_64", number)),
    ["rseq", "uretprobe", "pidfd_send_signal", "rseq_slice_yield"],
  );
  assertEquals([221, 224].map((number) => syscallName("i386", number)), ["fcntl64", "gettid"]);
});

Deno.test("a number without a name is shown as such", () => {
  assertEquals(syscallName("x86_64", 9999), "[unknown: 9999]");
  assertEquals(syscallName("i386", 222), "[unknown: 222]");
  // 512 to 547 are x32's own: a 64-bit program that calls them gets ENOSYS
  assertEquals([512, 547].map((nr) => syscallName("x32", nr)), ["rt_sigaction", "pwritev2"]);
  assertEquals(
    [512, 547, -1].map((nr) => syscallName("x86_64", nr)),
    ["[unknown: 512]", "[unknown: 547]", "[unknown: -1]"],
  );
});

Deno.test("syscallNumbers() gives every number of a name", () => {
  assertEquals(syscallNumbers("x86_64", "read"), [0]);
  assertEquals(syscallNumbers("x86_64", "execve"), [59]);
  assertEquals(syscallNumbers("x32", "execve"), [59, 520]);
  assertEquals(syscallNumbers("x86_64", "wirte"), []);
});

Deno.test("the tables are those of the system's own headers, and go on behind them", async () => {
  if (Deno.build.arch !== "x86_64") return;
  for (const [abi, header] of [["x86_64", "unistd_64.h"], ["i386", "unistd_32.h"]] as const) {
    const path = `/usr/include/x86_64-linux-gnu/asm/${header}`;
    const defined = (await Deno.readTextFile(path)).matchAll(/^#define __NR_(\w+) (\d+)$/gm);
    const known = syscalls(abi);
    const differing = [...defined].filter(([, name, number]) => known.get(Number(number)) !== name);
    assertEquals(differing.map(([line]) => line), []);
  }
});
