/** Every decoder that the generator has written is total. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { Bytes } from "#lib/btf/bytes.ts";
import { type Codec, decodeAll, encodeAll, type EventCodec, RecordView } from "#lib/btf/codec.ts";
import { anyBytes, fuzz, mayThrow } from "./fuzz.ts";

const folders = ["build/skel/", "build/tests/skel/"]
  .map((folder) => new URL(`../../${folder}`, import.meta.url));

const codecs: { name: string; codec: Codec<unknown> }[] = [];
for (const folder of folders) {
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (!name.endsWith(".ts") || name === "mixed.ts") continue;
    const skeleton = await import(new URL(name, folder).href);
    for (const [type, codec] of Object.entries<unknown>(skeleton)) {
      if (isCodec(codec)) codecs.push({ name: `${name.slice(0, -3)}.${type}`, codec });
    }
  }
}

function isCodec(value: unknown): value is Codec<unknown> {
  return typeof value === "object" && value !== null && "decode" in value && "encode" in value;
}

/** Bytes beyond the end of a record are left alone, and show if they are not. */
const AROUND = 8;

Deno.test("there are decoders to be tried", () => assert(codecs.length > 30, `${codecs.length}`));

const some = fc.constantFrom(...codecs);

fuzz(
  "any bytes of the right length decode, and what they decode to is the same when written again",
  some.chain(({ name, codec }) => fc.tuple(fc.constant({ name, codec }), anyBytes(codec.size))),
  ([{ name, codec }, bytes]) => {
    const value = decodeAll(codec, bytes);
    const written = unlessAmbiguous(() => encodeAll(codec, value));
    if (written !== undefined) assertEquals(decodeAll(codec, written), value, name);
  },
  { runs: 2000 },
);

/**
 * In an anonymous union of text and a number there may be bytes behind the text's NUL, which the number
 * has and the text has not: such a value is refused when it is written.
 */
function unlessAmbiguous<T>(write: () => T): T | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof RangeError && error.message.includes("shares its bytes")) return undefined;
    throw error;
  }
}

fuzz(
  "a record that is too short is an error that names the type",
  some.filter(({ codec }) => codec.size > 0)
    .chain(({ codec }) => fc.tuple(fc.constant(codec), anyBytes(0, codec.size - 1))),
  ([codec, bytes]) => {
    assertThrows(() => decodeAll(codec, bytes), RangeError, codec.name);
  },
);

fuzz(
  "a view reads what the decoder reads, of a record of any length and at any place",
  some.filter(({ codec }) => "view" in codec).chain(({ codec }) =>
    fc.tuple(
      fc.constant(codec as EventCodec<Record<string, unknown>, RecordView>),
      anyBytes(codec.size, codec.size + 100),
      fc.nat(64),
    )
  ),
  ([codec, record, at]) => {
    const memory = new Uint8Array(at + record.length + AROUND).fill(0xaa);
    memory.set(record, at);
    const bytes = new Bytes(memory);
    const event = codec.decode(bytes, at, at + record.length);
    const view = codec.view();
    RecordView.place(view, bytes, at, at + record.length);
    for (const [member, value] of Object.entries(event)) {
      assertEquals(Reflect.get(view, member), value, `${codec.name}.${member}`);
    }
    RecordView.release(view);
    for (const member of Object.keys(event)) {
      assertThrows(() => Reflect.get(view, member), RangeError, "stands on no record");
    }
  },
  { runs: 500 },
);

fuzz(
  "what is no value of the type is refused with a RangeError or TypeError, and nothing else is written",
  fc.tuple(some, fc.nat(40), fc.anything({ withBigInt: true, withTypedArray: true })),
  ([{ codec }, place, anything]) => {
    const bytes = Bytes.zeroed(codec.size + AROUND);
    const value = withWrongMember(codec.decode(bytes, 0, codec.size), place, anything);
    mayThrow([RangeError, TypeError], () => codec.encode(bytes, 0, value, codec.size));
    assertEquals(bytes.u8.slice(codec.size), new Uint8Array(AROUND));
  },
  { runs: 2000 },
);

/** A value of the right type but for one of its members, or one member of a member. */
function withWrongMember(value: unknown, place: number, wrong: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return wrong;
  const members = Object.keys(value);
  if (members.length === 0) return wrong;
  const name = members[place % members.length];
  const member = withWrongMember(Reflect.get(value, name), place >> 1, wrong);
  return Array.isArray(value) ? value.with(Number(name), member) : { ...value, [name]: member };
}
