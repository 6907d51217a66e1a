import { assertEquals, assertThrows } from "@std/assert";
import { OptionStruct } from "#lib/libbpf/options.ts";
import { integer, type IntegerType, u32, u64 } from "#lib/sys/integers.ts";
import { cString, files } from "#lib/sys/libc.ts";

Deno.test("a whole number is taken as far as its type reaches", () => {
  const ends: [IntegerType, number | bigint, number | bigint][] = [
    ["u8", 0, 255],
    ["i16", -32768, 32767],
    ["u32", 0, 2 ** 32 - 1],
    ["i32", -(2 ** 31), 2 ** 31 - 1],
    ["u64", 0n, 2n ** 64n - 1n],
    ["i64", -(2n ** 63n), 2n ** 63n - 1n],
  ];
  for (const [type, least, most] of ends) {
    assertEquals([integer(type, least, "it"), integer(type, most, "it")], [least, most]);
    for (const beyond of [BigInt(least) - 1n, BigInt(most) + 1n]) {
      assertThrows(
        () => integer(type, beyond, "it"),
        RangeError,
        `it: ${beyond} is no whole number`,
      );
    }
  }
});

Deno.test("what is no whole number is refused, and -0 is 0", () => {
  const others = [NaN, Infinity, -Infinity, 0.5, 2 ** 53, 1e308, "7", null, undefined, true, {}];
  for (const value of others) {
    assertThrows(() => u32(value as number, "flags"), RangeError, "flags: ", String(value));
    assertThrows(() => u64(value as number, "flags"), RangeError, "flags: ", String(value));
  }
  assertEquals(Object.is(u32(-0, "size"), 0), true);
  assertEquals([u64(7, "size"), u64(-0, "size"), u64(0n, "size")], [7n, 0n, 0n]);
});

Deno.test("an option that its member cannot hold is refused by the member's name", () => {
  const layout = { size: 32, flags: 8, pid: 12, cookie: 16 };
  const struct = new OptionStruct(layout);
  assertThrows(
    () => struct.u32(layout.flags, 2 ** 53),
    RangeError,
    "flags: 9007199254740992 is no",
  );
  assertThrows(() => struct.s32(layout.pid, 2 ** 31), RangeError, "pid: 2147483648 is no");
  assertThrows(() => struct.u64(layout.cookie, -1n), RangeError, "cookie: -1 is no");
  struct.s32(layout.pid, -1).u64(layout.cookie, 5);
  assertEquals(struct.getU32(layout.pid), 0xffff_ffff);
});

Deno.test(
  "a function of C is given no number that it would see cut",
  { sanitizeResources: false },
  () => {
    const { close } = files();
    for (const fd of [2 ** 32 + 700, -(2 ** 33), NaN, 2 ** 53]) {
      assertThrows(() => close(fd), RangeError, `close(): ${fd} is no whole number`);
    }
    assertEquals(close(-1), -1, "EBADF");
  },
);

Deno.test("a text with a NUL in it is none of C's", () => {
  assertThrows(
    () => cString("/etc/hostname\0/x"),
    RangeError,
    '"/etc/hostname\\u0000/x" has a NUL',
  );
  assertEquals(cString("é"), Uint8Array.of(0xc3, 0xa9, 0));
});
