import { assert, assertEquals, assertThrows } from "@std/assert";
import { cString } from "#lib/sys/libc.ts";
import { regularExpression } from "#lib/sys/regex.ts";

// libc stays open.
const opensLibc = { sanitizeResources: false };

function matches(pattern: string, text: string): boolean {
  return regularExpression(pattern)(cString(text));
}

Deno.test("regularExpression() finds a match anywhere in the text", opensLibc, () => {
  assertEquals(matches("as", "bash"), true);
  assertEquals(matches("^as", "bash"), false);
  assertEquals(matches("^(ba|z)?sh$", "bash"), true);
  assertEquals(matches("^a|h$", "bash"), true);
  assertEquals(matches("^b|x$", "bash"), true);
  assertEquals(matches("[0-9]{3,}", "ab1234"), true);
  assertEquals(matches("a.c", "a\nc"), true);
  assertEquals(matches("", ""), true);
  assertEquals(matches("\\\\d", "\\d"), true);
  assertEquals(matches("[)]$", "a)"), true);
  assertEquals(matches("\\(a\\)", "(a)"), true);
});

Deno.test(
  "regularExpression() takes linear time, whatever the pattern and the text",
  opensLibc,
  () => {
    const text = "a".repeat(100_000) + "c";
    const start = performance.now();
    for (const pattern of ["(a+)+$", "(a|a)*b", "(.*)*x", "a*a*a*a*a*b", "a+b"]) {
      assertEquals(matches(pattern, text), false, pattern);
    }
    assert(performance.now() - start < 10_000); // quadratic would be minutes
  },
);

Deno.test(
  "regularExpression() rejects what is wrong, or means something elsewhere only",
  opensLibc,
  () => {
    const wrong: Record<string, string> = {
      "(a": "Unmatched ( or \\(",
      "[a": "Unmatched [",
      "*a": "Invalid preceding regular expression",
      "a)|b": "Unmatched ), write \\)",
      "(a))": "Unmatched ), write \\)",
      "\\d+": "\\d is not known, write [0-9]",
      "(a)\\1": "a reference such as \\1 is not known",
      "(?:a)": "(? is not known",
    };
    for (const [pattern, message] of Object.entries(wrong)) {
      assertThrows(() => regularExpression(pattern), SyntaxError, message);
    }
  },
);

Deno.test("regularExpression() forgets what texts led to before", opensLibc, () => {
  const matches = regularExpression("x.{20}y");
  const before = Deno.memoryUsage().rss;
  let random = 1;
  for (let texts = 0; texts < 8; texts++) {
    const text = new Uint8Array(8193);
    for (let at = 0; at < 8192; at++) {
      random = Math.imul(random, 1103515245) + 12345 | 0;
      text[at] = "xz".charCodeAt(random >>> 30 & 1);
    }
    assertEquals(matches(text), false);
  }
  const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
  assert(grown < 80, `${grown} MiB`);
});

Deno.test("regularExpression() does not read beyond a text without its NUL", opensLibc, () => {
  assertThrows(() => regularExpression("a")(new Uint8Array([97])), TypeError);
});
