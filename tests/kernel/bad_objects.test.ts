import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { BpfError, BpfObject } from "#lib/mod.ts";
import { fuzzSeconds, seed } from "../fast_check.ts";
import { kernelTest, patient, startCommand } from "./harness.ts";

const read = (path: string) =>
  Deno.readFileSync(new URL(`../../build/${path}.bpf.o`, import.meta.url));

/** A copy with some of its bytes changed. */
function changed(bytes: Uint8Array<ArrayBuffer>, at: number, ...values: number[]) {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

/** A copy whose sections .BTF and .rel.BTF are called something else. */
function withoutBtf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder("latin1").decode(bytes);
  return changed(bytes, text.indexOf("\0.rel.BTF\0") + 6, "X".charCodeAt(0));
}

const minimal = read("minimal");

kernelTest("what is no BPF object is refused with the reason, and what to do about it", {}, () => {
  const cases: [bytes: Uint8Array<ArrayBuffer>, message: string][] = [
    [new Uint8Array(), "it is empty"],
    [new Uint8Array(4096), "it is no ELF file"],
    [new TextEncoder().encode("int main() {}") as Uint8Array<ArrayBuffer>, "it is no ELF file"],
    [changed(minimal, 4, 1), "an ELF file of another kind; compile it with clang -target bpf"],
    [changed(minimal, 5, 2), "a big-endian machine; compile it with clang -target bpfel"],
    [changed(minimal, 16, 2), "it is linked; a BPF object is what clang -c gives"],
    [Deno.readFileSync("/bin/true"), "another machine (e_machine "],
    [minimal.slice(0, 63), "it is cut off: its header ends beyond its 63 bytes"],
    [changed(minimal, 47, 0x7f), "it is cut off"],
    [changed(minimal, 60, 0, 0), "it has no table of sections"],
    [changed(minimal, 62, 0xff, 0xff), "it has no table of sections"],
  ];
  for (const [bytes, message] of cases) {
    const error = assertThrows(() => BpfObject.open(bytes, { name: "bad" }), BpfError);
    assertStringIncludes(error.message, "Cannot open bad: these bytes are no BPF object: ");
    assertStringIncludes(error.message, message);
    assertEquals([error.operation, error.code], ["open bad", "LIBBPF_ERRNO__FORMAT"]);
  }
});

kernelTest("an object that is cut at any of its bytes is refused", {}, () => {
  for (let length = 0; length < minimal.length; length++) {
    assertThrows(() => BpfObject.open(minimal.slice(0, length), { name: "cut" }), BpfError);
  }
});

kernelTest(
  "an object without BTF is opened where it needs none, and refused where it does",
  {},
  () => {
    using opened = BpfObject.open(withoutBtf(minimal), { name: "plain" });
    opened.load();
    const error = assertThrows(() => opened.btf(), BpfError, "Cannot read the BTF of plain");
    assertEquals(error.hint, "compile it with clang -g");
    assertThrows(
      () => BpfObject.open(withoutBtf(read("tests/maps")), { name: "maps" }),
      BpfError,
      "it has maps and no BTF that describes them; compile it with clang -g",
    );
  },
);

kernelTest("a file that is not there, or is a folder, is refused", {}, () => {
  assertThrows(() => BpfObject.open("/nowhere/x.bpf.o"), Deno.errors.NotFound);
  assertThrows(() => BpfObject.open("/tmp"), Error);
});

kernelTest("no changed object ends the process, however libbpf takes it", {}, async () => {
  const deadline = performance.now() + fuzzSeconds * 1000;
  const script = new URL("../fuzz/open_objects.ts", import.meta.url).pathname;
  for (let time = seed; time === seed || performance.now() < deadline; time++) {
    for (const name of ["minimal", "tests/types", "tests/names"]) {
      const path = new URL(`../../build/${name}.bpf.o`, import.meta.url).pathname;
      const command = [Deno.execPath(), "run", "-A", "--no-check", script, path, `${time}`, "150"];
      const { stdout, stderr, code } = await startCommand(command).finish(patient(60_000));
      const last = stdout.trimEnd().split("\n").at(-1)!;
      assertEquals([code, stderr], [0, ""], `${name}, ${last}`);
      assert(Number.parseInt(last) > 15, `${name}: ${last}`);
    }
  }
});
