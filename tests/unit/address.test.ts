import { assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { RawText } from "#lib/sys/raw_text.ts";
import { addressBytes, addressText } from "#lib/tool/text/address.ts";

/** The bytes of an address whose eight groups are all written. */
function bytesOf(groups: string): Uint8Array<ArrayBuffer> {
  const numbers = groups.split(":").map((group) => parseInt(group, 16));
  return Uint8Array.from(numbers.flatMap((number) => [number >> 8, number & 0xff]));
}

Deno.test("addressText() writes IPv6 as RFC 5952 has it", () => {
  const expected: Record<string, string> = {
    // 4.1: no leading zeros
    "2001:0db8:0000:0000:0000:0000:0000:0001": "2001:db8::1",
    "2001:0db8:aaaa:bbbb:cccc:dddd:eeee:0001": "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1",
    // 4.2.1: shortened as much as possible
    "2001:db8:0:0:0:0:2:1": "2001:db8::2:1",
    // 4.2.2: one group alone is not shortened
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    // 4.2.3: the longest run of zeros; the first of several
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    // 4.3: small letters
    "2001:DB8:0:0:0:0:0:ABCD": "2001:db8::abcd",
    "0:0:0:0:0:0:0:0": "::",
    "0:0:0:0:0:0:0:1": "::1",
    "fe80:0:0:0:0:0:0:0": "fe80::",
    "1:0:0:0:0:0:0:0": "1::",
    "0:0:0:0:1:0:0:0": "::1:0:0:0",
    "0:1:0:1:0:1:0:1": "0:1:0:1:0:1:0:1",
  };
  for (const [groups, text] of Object.entries(expected)) {
    assertEquals(addressText(bytesOf(groups)), text);
  }
});

Deno.test("addressText() writes IPv4 that is mapped into IPv6 with dots, and nothing else", () => {
  assertEquals(addressText(bytesOf("0:0:0:0:0:ffff:c000:0201")), "192.0.2.1");
  assertEquals(addressText(bytesOf("0:0:0:0:0:ffff:0:0")), "0.0.0.0");
  assertEquals(addressText(bytesOf("0:0:0:0:0:0:7f00:1")), "::7f00:1");
  assertEquals(addressText(bytesOf("64:ff9b:0:0:0:0:c000:201")), "64:ff9b::c000:201");
});

Deno.test("addressText() reads an address where it lies", () => {
  const memory = new Uint8Array(32).fill(0xee);
  memory.set(bytesOf("2001:db8:0:0:0:0:0:1"), 7);
  assertEquals(addressText(new RawText().place(memory, 7, 23)), "2001:db8::1");
});

Deno.test("addressText() writes any address as URLs do, which follow RFC 5952 too", () => {
  const group = fc.oneof(fc.constant(0), fc.constantFrom(1, 0xf, 0x10), fc.nat(0xffff));
  fc.assert(fc.property(fc.tuple(...Array.from({ length: 8 }, () => group)), (numbers) => {
    const groups = numbers.map((number) => number.toString(16)).join(":");
    const mapped = /^(0:){5}ffff:/.test(groups);
    const { hostname } = new URL(`http://[${groups}]/`);
    const text = addressText(bytesOf(groups));
    if (mapped) assertEquals(new URL(`http://[::ffff:${text}]/`).hostname, hostname);
    else assertEquals(`[${text}]`, hostname);
  }));
});

Deno.test("addressBytes() reads what addressText() writes", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
    assertEquals(addressBytes(addressText(bytes)), bytes as Uint8Array<ArrayBuffer>);
  }));
  assertEquals(addressBytes("192.0.2.1"), addressBytes("::ffff:192.0.2.1"));
  for (const text of ["", "192.0.2", "192.0.2.256", "1::2::3", "fe80::1%lo", "[::1]", "::1/64"]) {
    assertEquals(addressBytes(text), undefined, text);
  }
});
