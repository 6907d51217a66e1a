import { assert, assertEquals } from "@std/assert";
import { HeadersKinds } from "../../build/tests/skel/headers_kinds.ts";
import { BpfObject, Btf, printType, testRun } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

const object = new URL("../../build/tests/headers_kinds.bpf.o", import.meta.url).pathname;
const header = new URL("../../bpf/include/kinds.h", import.meta.url);

/** The names of the typedefs in kinds.h. */
function kinds(): string[] {
  return [...Deno.readTextFileSync(header).matchAll(/^typedef \w+ (\w+)/gm)].map(([, name]) =>
    name
  );
}

kernelTest("every kind keeps its name in BTF", {}, () => {
  using opened = BpfObject.open(object);
  const btf = new Btf(opened.btf());
  const event = btf.resolved(btf.find("struct", "event")!);
  assert(event.kind === "struct");
  const members = event.members.map(({ name, type }) => [name, printType(btf, type)]);
  assertEquals(members, members.map(([name]) => [name, name]));
  assertEquals(members.map(([name]) => name).sort(), kinds().sort());
});

kernelTest("a member of a kind is read as the number or text that it is", {}, () => {
  using skel = HeadersKinds.open().load();
  testRun(skel.progs.fill, { context: new Uint8Array(8) });
  assertEquals(skel.bss.event, {
    boot_ns: 0x1122_3344_5566_7788n,
    duration_ns: 997n,
    cgroup_id: 0xffff_ffff_ffff_ffffn,
    ino: 0x1_0000_0001n,
    byte_count: 4096n,
    ip_addr: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 1),
    pid: 23,
    tid: 29,
    uid: 0xffff_ffff,
    gid: 31,
    ns_inum: 0xf000_0000,
    cpu_nr: 1,
    syscall_nr: -1,
    errno_ret: -2,
    signal_nr: 9,
    open_flags: 0x8000_0000,
    file_mode: 0o100644,
    dev: 8 << 20 | 1,
    stack_id: -17n,
    hist_slot: 63,
    port: 65535,
    comm: "fifteen_letters",
  });
});
