/** What fuzzing has found, and must stay cured. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { bits, boolBits, unsignedBits } from "#lib/btf/bits.ts";
import { Bytes } from "#lib/btf/bytes.ts";
import { encodeAll, raw } from "#lib/btf/codec.ts";
import { array, bytes, chars, flexibleBytes } from "#lib/btf/composites.ts";
import { Btf } from "#lib/btf/layout.ts";
import { u8 } from "#lib/btf/scalars.ts";
import { BtfError } from "#lib/btf/types.ts";
import { type Union, union } from "#lib/btf/union.ts";
import { checkObject } from "#lib/objects/check_object.ts";
import { readObjectFile } from "#lib/objects/object_file.ts";
import { BpfError } from "#lib/objects/errors.ts";
import { mountPoints } from "#lib/sys/cgroups.ts";
import { parseOptions } from "#lib/tool/options/command_line.ts";
import { takeBtfFile } from "#lib/tool/btf_file.ts";
import { ExitError } from "#lib/tool/ending/exit.ts";
import { mountOf } from "#lib/tool/file_systems.ts";
import { tool as syscount } from "../../tools/syscount.ts";
import { BtfBuilder } from "./btf_builder.ts";

/** The first use of libc opens it, for the rest of the process. */
const opensLibc = { sanitizeResources: false };

/** A value that the compiler would not let through. */
const wrong = (value: unknown) => value as never;

Deno.test("what has a length and is no array, text or bytes is not written as such", () => {
  assertThrows(() => encodeAll(bytes(3), wrong([300, -1, 2])), TypeError, "a Uint8Array is needed");
  assertThrows(() => encodeAll(bytes(3), wrong("abc")), TypeError, "u8[3]: a Uint8Array is needed");
  assertThrows(() => encodeAll(array(u8, 2), wrong("ab")), TypeError, "u8[2]: an array is needed");
  assertThrows(() => encodeAll(array(u8, 2), wrong(null)), TypeError, "needed, not null");
  assertThrows(() => encodeAll(chars(4), wrong(5)), TypeError, "a string is needed, not number");
  assertThrows(() => encodeAll(flexibleBytes, wrong("")), TypeError, "a Uint8Array is needed");
});

Deno.test("a union is not written from a number of bytes", () => {
  interface Two extends Union {
    readonly low: number;
  }
  const codec = union<Two>("union two", 2, { low: [0, u8] });
  assertThrows(() => encodeAll(codec, wrong({ $bytes: 5 })), TypeError, "union two: a value that");
});

Deno.test("a bitfield that does not take a value keeps the one that it has", () => {
  const memory = Bytes.zeroed(1);
  const codec = bits(unsignedBits, 1, 3);
  codec.encode(memory, 0, 5);
  assertThrows(() => codec.encode(memory, 0, 9), RangeError, "3 bits: 9 does not fit");
  assertThrows(() => codec.encode(memory, 0, 0.5), RangeError, "0.5 is not a whole number");
  assertThrows(() => codec.encode(memory, 0, wrong("1")), TypeError, "a number is needed");
  assertThrows(() => bits(boolBits, 0, 1).encode(memory, 0, wrong(1)), TypeError, "a boolean");
  assertEquals(memory.u8[0], 5 << 1);
});

Deno.test("raw bytes of a key are all of it", () => {
  const key = { ...raw, size: 4 };
  assertThrows(() => encodeAll(key, Uint8Array.of(1, 2)), RangeError, "4 bytes are needed, not 2");
  assertEquals(encodeAll(key, Uint8Array.of(1, 2, 3, 4)), Uint8Array.of(1, 2, 3, 4));
});

Deno.test("BTF whose strings do not end is refused", () => {
  const builder = new BtfBuilder();
  builder.int("int", 4);
  const whole = builder.bytes();
  whole[whole.length - 1] = 0x20;
  assertThrows(() => new Btf(whole), BtfError, "BTF's strings have no NUL at their end");
});

Deno.test("a line of mountinfo that is cut off is left out", () => {
  assertEquals(mountPoints("cgroup2", "cgroup2"), []);
  assertEquals(mountPoints("1 2 3:4 / /sys -", "cgroup2"), []);
});

/** BTF_KIND_VAR of include/uapi/linux/btf.h: a variable, whose third word names its type. */
const BTF_KIND_VAR = 14;

/** A copy of an object of which the first variable is of type `id`. */
function misled(object: Uint8Array<ArrayBuffer>, id: (own: number) => number) {
  const copy = object.slice();
  const btf = readObjectFile(copy).find((section) => section.name === ".BTF")!.bytes;
  const view = new DataView(copy.buffer, btf.byteOffset);
  for (let at = 1;; at++) {
    const start = btf.byteOffset + 24 + offsetOf(view, at);
    if ((copy[start + 7] & 0x1f) !== BTF_KIND_VAR) continue;
    new DataView(copy.buffer).setUint32(start + 8, id(at), true);
    return copy;
  }
}

/** Where in its types section type `id` begins: each before it is a head and what its kind adds. */
function offsetOf(view: DataView, id: number): number {
  const added = [0, 4, 0, 12, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 4, 12, 0, 4, 0, 12];
  const each = [4, 5, 6, 13, 15, 19];
  let at = 0;
  for (let i = 1; i < id; i++) {
    const info = view.getUint32(24 + at + 4, true);
    const kind = (info >>> 24) & 0x1f;
    at += 12 + added[kind] * (each.includes(kind) ? info & 0xffff : 1);
  }
  return at;
}

// libbpf 1.1.2 follows the first of these, and the process ends with SIGSEGV.
Deno.test("an object whose types lead nowhere or to themselves never gets to libbpf", () => {
  const path = new URL("../../build/tests/maps.bpf.o", import.meta.url).pathname;
  const object = Deno.readFileSync(path);
  const nowhere = misled(object, () => 0x7fff_ffff);
  assertThrows(() => checkObject(nowhere, "bad"), BpfError, "refers to type 2147483647 of ");
  const itself = misled(object, (own) => own);
  assertThrows(() => checkObject(itself, "bad"), BpfError, "contains itself");
});

Deno.test("syscount shows what it was given without what a terminal would obey", () => {
  for (const option of ["--errno", "--syscall"]) {
    const error = assertThrows(
      () => parseOptions(syscount, [`${option}=\x1b[2J`]),
      ExitError,
    );
    assertStringIncludes(error.message, '"\\x1b[2J"');
  }
});

Deno.test("a path with a line break does not break the line of the error", opensLibc, () => {
  for (const refused of [() => mountOf("/no\nsuch"), () => takeBtfFile("/no\nsuch")]) {
    const { message } = assertThrows(refused, Error, "No such file or directory");
    assertEquals(message.includes("\n"), false);
  }
});
