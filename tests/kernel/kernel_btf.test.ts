import { assert, assertEquals, assertThrows } from "@std/assert";
import { btfBytes, listBtf } from "#lib/objects/btf_info.ts";
import { BpfObject } from "#lib/objects/object.ts";
import { programInfo } from "#lib/objects/program_info.ts";
import { Btf } from "#lib/btf/layout.ts";
import { printDefinition, printType } from "#lib/btf/print.ts";
import { BtfError } from "#lib/btf/types.ts";
import { readValue } from "#lib/btf/values.ts";
import { kernelTest } from "./harness.ts";
import { run } from "./symbol_process.ts";

const root = new URL("../../", import.meta.url).pathname;

function bpftool(args: string): string {
  return run("sh", "-c", `PATH=$PATH:/usr/sbin bpftool ${args}`);
}

interface DumpedType {
  id: number;
  kind: string;
  name: string;
  size?: number;
  members?: { name: string; type_id: number; bits_offset: number }[];
}

kernelTest("the kernel's types are those that bpftool finds", { needs: ["btf"] }, () => {
  const dump: DumpedType[] = JSON.parse(bpftool("-j btf dump file /sys/kernel/btf/vmlinux")).types;
  const btf = Btf.kernel();
  assertEquals(btf.length, dump.length + 1);
  for (const name of ["task_struct", "file", "sk_buff", "bpf_map"]) {
    const theirs = dump.find((type) => type.kind === "STRUCT" && type.name === name)!;
    const id = btf.find("struct", name)!;
    const type = btf.type(id);
    assert(type.kind === "struct");
    assertEquals([id, btf.sizeOf(id)], [theirs.id, theirs.size]);
    assertEquals(
      type.members.map(({ name, type, bitOffset }) => [name, type, bitOffset]),
      theirs.members!.map(({ name, type_id, bits_offset }) => [
        name === "(anon)" ? "" : name,
        type_id,
        bits_offset,
      ]),
    );
  }
  const functions = dump.filter(({ kind }) => kind === "FUNC");
  assertEquals([...btf.ofKind("function")].length, functions.length);
});

kernelTest(
  "the kernel's functions and structs are printed as in its source",
  { needs: ["btf"] },
  () => {
    const btf = Btf.kernel();
    const find = (kind: "function" | "struct", name: string) => btf.find(kind, name)!;
    assertEquals(
      printType(btf, find("function", "vfs_read")),
      "ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)",
    );
    assertEquals(
      printDefinition(btf, find("struct", "list_head")),
      "struct list_head {\n\tstruct list_head *next;\n\tstruct list_head *prev;\n};",
    );
    assertEquals(readValue(btf, find("struct", "list_head"), new Uint8Array(16)), {
      next: 0n,
      prev: 0n,
    });
    assertEquals(Btf.kernel(), btf, "read once");
  },
);

kernelTest("a module's types stand on the kernel's", { needs: ["btf"] }, () => {
  assertThrows(() => Btf.module("no_such_module"), BtfError, "is not loaded");
  assertThrows(() => Btf.module("../../../etc/passwd"), BtfError, "is not the name of a module");
  const modules = [...Deno.readDirSync("/sys/kernel/btf")].map(({ name }) => name)
    .filter((name) => name !== "vmlinux");
  for (const name of modules.slice(0, 3)) {
    const btf = Btf.module(name);
    assert(btf.length > Btf.kernel().length, name);
    for (let id = Btf.kernel().length; id < btf.length; id++) printType(btf, id);
    assertEquals(btf.find("struct", "task_struct"), Btf.kernel().find("struct", "task_struct"));
    const lines = bpftool(`btf dump -B /sys/kernel/btf/vmlinux file /sys/kernel/btf/${name}`);
    assertEquals(btf.length - Btf.kernel().length, lines.match(/^\[\d+\]/gm)!.length, name);
  }
});

kernelTest("types of another kernel are read from the file that DENOBPF_BTF names", {}, () => {
  const script = `
    import { Btf } from "${import.meta.resolve("#lib/btf/layout.ts")}";
    try { console.log(Btf.kernel().length); } catch (error) { console.log(error.message); }`;
  const ask = (path: string) =>
    run("sh", "-c", `echo '${script}' | DENOBPF_BTF=${path} ${Deno.execPath()} run -A --quiet -`);
  assertEquals(ask("/none"), "Cannot open /none: No such file or directory (ENOENT)\n");
  assertEquals(ask("/bin/true"), "/bin/true has no section .BTF\n");
  assertEquals(ask("/etc/passwd").startsWith("Not BTF"), true);
  const object = new URL("../../build/minimal.bpf.o", import.meta.url).pathname;
  using minimal = BpfObject.open(object);
  assertEquals(ask(object), `${new Btf(minimal.btf()).length}\n`, "out of an ELF file");
});

kernelTest("the BTF of a loaded object is listed, and read back as the object has it", {}, () => {
  using object = BpfObject.open(`${root}build/minimal.bpf.o`);
  object.load();
  const { btfId } = programInfo(object.program("handle_tp"));
  const bytes = btfBytes(btfId);
  const listed = listBtf().find(({ id }) => id === btfId);
  assertEquals(listed, { id: btfId, name: "", kernel: false, size: bytes.length });
  assert(new Btf(bytes).find("function", "handle_tp") !== undefined);
});
