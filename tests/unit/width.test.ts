import { assert, assertEquals } from "@std/assert";
import { cString, libc } from "#lib/sys/libc.ts";
import { cut, displayWidth, pad } from "#lib/tool/text/width.ts";

const wide = Deno.dlopen(libc(), {
  // char *setlocale(int category, const char *locale)
  setlocale: { parameters: ["i32", "buffer"], result: "pointer" },
  // int wcwidth(wchar_t c), wcwidth(3); -1 for what is not printable
  wcwidth: { parameters: ["i32"], result: "i32" },
}).symbols;

Deno.test("displayWidth() agrees with libc's wcwidth() on every character but a few", () => {
  const LC_CTYPE = 0;
  assert(wide.setlocale(LC_CTYPE, cString("C.UTF-8")) !== null);
  const hidden = /^[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]$/u;
  const differing: string[] = [];
  let count = 0;
  for (let code = 0x20; code <= 0x10ffff; code++) {
    const character = String.fromCodePoint(code);
    const expected = wide.wcwidth(code);
    if (expected < 0 || hidden.test(character)) continue;
    count++;
    if (displayWidth(character) !== expected) differing.push(`${code.toString(16)}:${expected}`);
  }
  assert(count > 130_000);
  assert(differing.length < 200, `${differing.length} differ: ${differing.join(" ")}`);
});

Deno.test("displayWidth() counts columns, not characters", () => {
  assertEquals(displayWidth("bash"), 4);
  assertEquals(displayWidth("naïve"), 5);
  assertEquals(displayWidth("日本"), 4);
  assertEquals(displayWidth("e\u0301"), 1);
  assertEquals(displayWidth("🦕"), 2);
  assertEquals(displayWidth("가ｶ"), 3);
});

Deno.test("pad() fills up to a width and leaves longer text alone", () => {
  assertEquals(pad("ab", 4, "left"), "ab  ");
  assertEquals(pad("ab", 4, "right"), "  ab");
  assertEquals(pad("日本", 5, "left"), "日本 ");
  assertEquals(pad("abcdef", 4, "left"), "abcdef");
});

Deno.test("cut() marks what it takes off, and never splits a character", () => {
  assertEquals(cut("abcdef", 6), "abcdef");
  assertEquals(cut("abcdef", 5), "abcd…");
  assertEquals(cut("日本語", 6), "日本語");
  assertEquals(cut("日本語", 5), "日本…");
  assertEquals(cut("日本語", 4), "日…");
  assertEquals(cut("🦕🦕", 3), "🦕…");
});
