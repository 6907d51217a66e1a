/** BTF and objects whose bytes have changed on the way, and what looks at them first. */
import { assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { Btf } from "#lib/btf/layout.ts";
import { printType } from "#lib/btf/print.ts";
import { BtfError } from "#lib/btf/types.ts";
import { checkObject } from "#lib/objects/check_object.ts";
import { readObjectFile } from "#lib/objects/object_file.ts";
import { BpfError } from "#lib/objects/errors.ts";
import { BtfBuilder } from "../unit/btf_builder.ts";
import { fuzz, mayThrow, mutations } from "./fuzz.ts";

function read(path: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(`../../build/${path}.bpf.o`, import.meta.url));
}

function btfOf(object: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return readObjectFile(object).find((section) => section.name === ".BTF")!.bytes.slice();
}

const objects = ["minimal", "execsnoop", "tests/types", "tests/names"].map(read);

/** Everything that can be asked of BTF. */
function walk(bytes: Uint8Array): void {
  const btf = new Btf(bytes);
  for (const id of btf.types.keys()) {
    printType(btf, id);
    btf.resolved(id);
    mayThrow([BtfError], () => btf.sizeOf(id));
  }
}

fuzz(
  "changed BTF is read, or refused with a BtfError",
  fc.constantFrom(...objects.map(btfOf)).chain(mutations),
  (bytes) => void mayThrow([BtfError], () => walk(bytes)),
  { runs: 400 },
);

fuzz(
  "a changed object passes the look at it, or is refused with a BpfError",
  fc.constantFrom(...objects).chain(mutations),
  (bytes) => void mayThrow([BpfError], () => checkObject(bytes, "changed")),
  { runs: 600 },
);

Deno.test("an object that is cut anywhere is refused", () => {
  const [minimal] = objects;
  for (let length = 0; length < minimal.length; length++) {
    assertThrows(() => checkObject(minimal.slice(0, length), "cut"), BpfError, "Cannot open cut: ");
  }
});

/** BTF whose types all have one name, of this many bytes. */
function namedAlike(types: number, length: number): Uint8Array {
  const builder = new BtfBuilder();
  const name = "x".repeat(length);
  const first = builder.add(7, { name });
  for (let i = 1; i < types; i++) builder.add(7);
  const bytes = builder.bytes();
  const view = new DataView(bytes.buffer);
  for (let i = 1; i < types; i++) view.setUint32(24 + 12 * i, 1, true);
  return first === 1 ? bytes : new Uint8Array();
}

Deno.test("BTF in which one long name is that of all types is refused at once", () => {
  const bytes = namedAlike(50_000, 60_000);
  assertThrows(() => new Btf(bytes), BtfError, "Type 1 has a name of more than 1023 bytes");
});
