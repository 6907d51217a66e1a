import { assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeText, encodeText } from "#lib/btf/text.ts";

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
