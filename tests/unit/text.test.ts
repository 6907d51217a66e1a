import { assert, assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeText, encodeText } from "#lib/sys/text.ts";

const utf8 = new TextEncoder();

function decode(...bytes: number[]): string {
  return decodeText(Uint8Array.from(bytes), 0, bytes.length);
}

Deno.test("decodeText() cuts at the first NUL", () => {
  assertEquals(decode(0x61, 0x62, 0, 0x63), "ab");
  assertEquals(decode(0, 0x61), "");
});

Deno.test("decodeText() takes a field that is full, and nothing behind it", () => {
  const bytes = utf8.encode("abcdefgh\0");
  assertEquals(decodeText(bytes, 2, 6), "cdef");
  assertEquals(decodeText(bytes, 8, 8), "");
  assertEquals(decodeText(bytes, 6, 4), "");
});

Deno.test("decodeText() keeps what is valid UTF-8, a byte order mark too", () => {
  for (const text of ["é", "漢字", "🦕", "\ufeffx", "a".repeat(200), `${"é".repeat(30)}!`]) {
    const bytes = utf8.encode(text);
    assertEquals(decodeText(bytes, 0, bytes.length), text);
  }
});

Deno.test("decodeText() escapes each byte that is not UTF-8", () => {
  assertEquals(decode(0x61, 0xff, 0x62), "a\udcffb");
  assertEquals(decode(0xc3), "\udcc3"); // cut in the middle of é
  assertEquals(decode(0xc0, 0x80), "\udcc0\udc80"); // overlong
  assertEquals(decode(0xed, 0xa0, 0x80), "\udced\udca0\udc80"); // a surrogate
  assertEquals(decode(0xf4, 0x90, 0x80, 0x80), "\udcf4\udc90\udc80\udc80"); // beyond U+10FFFF
  assertEquals(decode(0xe6, 0xbc, 0xa2, 0xe5, 0xad), "漢\udce5\udcad");
});

Deno.test("encodeText() gives back the bytes that decodeText() read", () => {
  const bytesWithoutNul = fc.uint8Array({ maxLength: 100 }).map((bytes) =>
    bytes.map((b) => b || 1)
  );
  const pieces = fc.array(fc.oneof(bytesWithoutNul, fc.string().map((text) => utf8.encode(text))));
  fc.assert(fc.property(pieces, (parts) => {
    const bytes = Uint8Array.from(parts.flatMap((part) => [...part])).map((byte) => byte || 1);
    assertEquals(encodeText(decodeText(bytes, 0, bytes.length)), bytes);
  }));
});

Deno.test("encodeText() writes a surrogate that stands for no byte as U+FFFD, as encoders do", () => {
  assertEquals(encodeText("a\ud800b\udcff"), Uint8Array.of(0x61, 0xef, 0xbf, 0xbd, 0x62, 0xff));
  assertEquals(encodeText("\ud83e\udd95\udc80"), Uint8Array.of(...utf8.encode("🦕"), 0x80));
});

Deno.test("decodeText() reads text of any length between bytes that are not UTF-8", () => {
  const valid = `${"a".repeat(9000)}é漢🦕\ufffd`;
  const bytes = Uint8Array.of(0xff, ...utf8.encode(valid), 0x80, ...utf8.encode(valid), 0xf0, 0x9f);
  const text = decodeText(bytes, 0, bytes.length);
  assertEquals(text, `\udcff${valid}\udc80${valid}\udcf0\udc9f`);
  assertEquals(encodeText(text), bytes);
});

/** What a process may choose as its name or arguments. */
const HOSTILE = {
  "one bad byte": Uint8Array.of(0xff, ...utf8.encode("a".repeat(7999))),
  "bad bytes alone": new Uint8Array(8000).fill(0xff),
  "characters cut off": Uint8Array.from({ length: 8000 }, (_, at) => at % 2 ? 0x80 : 0xe2),
};

Deno.test("decodeText() makes a few calls for a text, whatever its bytes", () => {
  let calls = 0;
  const { decode } = TextDecoder.prototype;
  const { fromCharCode } = String;
  TextDecoder.prototype.decode = function (...args) {
    calls++;
    return decode.apply(this, args);
  };
  String.fromCharCode = (...units) => {
    calls++;
    return fromCharCode.apply(null, units);
  };
  try {
    for (const [what, bytes] of Object.entries(HOSTILE)) {
      calls = 0;
      decodeText(bytes, 0, bytes.length);
      assert(calls <= 3, `${what}: ${calls} calls`);
    }
  } finally {
    TextDecoder.prototype.decode = decode;
    String.fromCharCode = fromCharCode;
  }
});

Deno.test("decodeText() gives flat strings: what is kept takes two bytes a character", () => {
  for (const [what, bytes] of Object.entries(HOSTILE)) {
    const before = Deno.memoryUsage().heapUsed;
    const kept = Array.from({ length: 1000 }, () => decodeText(bytes, 0, bytes.length));
    const each = (Deno.memoryUsage().heapUsed - before) / kept.length;
    // What the collector has not taken yet is among it; a tree of characters takes 256,000.
    assert(each < 64_000, `${what}: ${each} bytes for a text of ${kept[0].length} characters`);
  }
});

Deno.test("decodeText() looks at nothing behind its field", () => {
  const bytes = new Uint8Array(1_000_000).fill(0x61);
  let furthest = 0;
  const watched = new Proxy(bytes, {
    get(target, name) {
      if (name === "subarray") {
        return (start: number, end: number) => {
          furthest = Math.max(furthest, end);
          return target.subarray(start, end);
        };
      }
      assert(name !== "indexOf", "the whole memory would be searched");
      return Reflect.get(target, name);
    },
  });
  assertEquals(decodeText(watched, 10, 60), "a".repeat(50));
  assertEquals(furthest, 60);
});
