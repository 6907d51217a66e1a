/** What users write for trace: probes, expressions, formats; and what they come to. */
import { assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { compile, type Facts } from "#lib/tool/fetch/compile.ts";
import { numberAt, type ValueType } from "#lib/tool/fetch/fetch.ts";
import type { Names } from "#lib/tool/fetch/names.ts";
import { formatted, parseFormat } from "#lib/tool/fetch/printf.ts";
import { Scanner } from "#lib/tool/fetch/scanner.ts";
import { parseSpecification } from "#lib/tool/fetch/specification.ts";
import type { Value } from "#lib/tool/fetch/evaluate.ts";
import { ValueError } from "#lib/tool/options/usage_errors.ts";

/** The first use of libc opens it, for the rest of the process. */
const opensLibc = { sanitizeResources: false };

const INT: ValueType = { isText: false, size: 4, signed: true };
const WORD: ValueType = { isText: false, size: 8, signed: false };

/** A hook with an int `a` and an unsigned long `b`. */
const names: Names = {
  known: ["a", "b"],
  of: (name) => {
    if (name !== "a" && name !== "b") return undefined;
    return { kind: "fetched", fetched: numberAt({ at: 8 }, [], name === "a" ? INT : WORD) };
  },
};

const event = { pid: 181, tid: 191, uid: 3, gid: 5, cpu: 7, comm: "bash" };

/** What an expression comes to, for these values of `a` and `b` in the order in which they occur. */
function valueOf(expression: string, ...fetched: Value[]): Value {
  const { values } = compile(parseSpecification(`f 0, ${expression}`), names);
  return values[1].evaluate({ ...event, fetched } satisfies Facts);
}

Deno.test("operators bind and compute as in C", () => {
  for (
    const [expression, value] of [
      ["1 + 2 * 3", 7n],
      ["(1 + 2) * 3", 9n],
      ["10 - 3 - 2", 5n],
      ["-7 / 2", -3n],
      ["-7 % 3", -1n],
      ["1 << 4 | 1", 17n],
      ["6 & 3 == 3", 0n],
      ["1 || 0 && 0", 1n],
      ["!0 + ~0", 0n],
      ["0x10 + 010 + 1UL", 25n],
      ["'a' < 'b'", 1n],
      ["7 ^ 2 & 3", 5n],
      ["O_CREAT | O_EXCL", 0o300n],
      ["-ENOENT", -2n],
      ["1 / 0", undefined],
      ["$pid * 1000 + $tgid", 191181n],
      ['"ab" < "b"', 1n],
      ['STRCMP("bash", $comm)', 1n],
      ["1 << 1000", undefined],
    ] as const
  ) assertEquals(valueOf(expression), value, expression);
});

Deno.test("fetched values keep their sign, and are compared as in C with what has another", () => {
  assertEquals(valueOf("a * 2", -3n), -6n);
  assertEquals(valueOf("a == -1", -1n), 1n);
  assertEquals(valueOf("b == -1", 0xffff_ffff_ffff_ffffn), 1n);
  assertEquals(valueOf("b > -1", 5n), 0n);
  assertEquals(valueOf("a + b", 2n), undefined); // b could not be read
  assertEquals(valueOf("a || b", undefined, 2n), 1n);
});

Deno.test("&& hands comparisons to the kernel half, and keeps the rest", () => {
  const compiled = (predicate: string) => compile(parseSpecification(`f (${predicate})`), names);
  const ops = (predicate: string) =>
    compiled(predicate).comparisons.map((one) => [one.op, one.mask, one.wanted, one.is_signed]);
  const all = 0xffff_ffff_ffff_ffffn;
  assertEquals(ops("a == 5"), [[1, all, 5n, 1]]);
  assertEquals(ops("a"), [[2, all, 0n, 1]]);
  assertEquals(ops("!a"), [[1, all, 0n, 1]]);
  assertEquals(ops("5 < a"), [[5, all, 5n, 1]]);
  assertEquals(ops("a >= -5"), [[6, all, all - 4n, 1]]);
  assertEquals(ops("b == -1"), [[1, all, all, 0]]);
  assertEquals(ops("a & O_CREAT"), [[2, 0o100n, 0n, 0]]);
  assertEquals(ops("(3 & a) == 1 + 1"), [[1, 3n, 2n, 0]]);
  assertEquals(ops("a == 1 && b != 2 && a"), [[1, all, 1n, 1], [2, all, 2n, 0], [2, all, 0n, 1]]);
  for (const rest of ["a || b", "a + 1 == 2", "a < b", '$comm == "x"', "(a & -2) == 4", "1"]) {
    const { comparisons, passes } = compiled(rest);
    assertEquals([comparisons.length, typeof passes], [0, "function"], rest);
  }
  const both = compiled("a == 1 && (a || b) && b == 2");
  assertEquals(both.comparisons.length, 2);
  assertEquals(both.passes!({ ...event, fetched: [0n, 0n] }), false);
  assertEquals(both.passes!({ ...event, fetched: [0n, 1n] }), true);
  assertEquals(compiled("a == 1").passes, undefined);
});

Deno.test("the forms of probes are told apart", () => {
  const head = (text: string) => {
    const { kind, file, name, offset } = parseSpecification(text);
    return [kind, file, name, offset];
  };
  assertEquals(head("vfs_read"), ["function", undefined, "vfs_read", 0]);
  assertEquals(head("p::vfs_read+0x10"), ["function", undefined, "vfs_read", 16]);
  assertEquals(head("r:vfs_read"), ["return", undefined, "vfs_read", 0]);
  assertEquals(head("r::vfs_read"), ["return", undefined, "vfs_read", 0]);
  assertEquals(head("c:malloc"), ["function", "c", "malloc", 0]);
  assertEquals(head(":main"), ["function", "", "main", 0]);
  assertEquals(head("r:/bin/my\\ sh:main"), ["return", "/bin/my sh", "main", 0]);
  assertEquals(head("t:sched:sched_switch"), ["tracepoint", undefined, "sched:sched_switch", 0]);
  assertEquals(head("u:c:libc:memory_sbrk_more"), ["usdt", "c", "libc:memory_sbrk_more", 0]);
  const { signature } = parseSpecification("c:f(int a, const char *b, unsigned long c)");
  assertEquals(signature!.map(({ name, type }) => [name, type.name, type.pointers]), [
    ["a", "int", 0],
    ["b", "char", 1],
    ["c", "unsigned long", 0],
  ]);
});

Deno.test("values, a condition and a format may come in any order", () => {
  const parts = (text: string) => {
    const { values, predicate, format } = parseSpecification(text);
    return [values.length, predicate?.kind, format?.text];
  };
  assertEquals(parts('f a, b (a > 1) "%d %d"'), [2, "binary", "%d %d"]);
  assertEquals(parts('f (a > 1) "%d %d", a, b'), [2, "binary", "%d %d"]);
  assertEquals(parts("f (int)a, b"), [2, undefined, undefined]);
  assertEquals(parts("f (a + b) / 2"), [1, undefined, undefined]);
  assertEquals(parts("f ((struct s *)a)->b (a)"), [1, "path", undefined]);
  assertEquals(parts('f "no value"'), [0, undefined, "no value"]);
});

Deno.test("formats show values as printf does", () => {
  const symbols = { kernel: () => "vfs_read", user: () => "main" };
  const shown = (format: string, value: Value, more = {}) =>
    parseFormat(new Scanner(format), { text: format, at: 0 })
      .map((one) =>
        one.letter === undefined ? one.text : formatted(one, value, { symbols, ...more })
      )
      .join("");
  for (
    const [format, value, text] of [
      ["%d", -5n, "-5"],
      ["%5d|%-5d|%05d", -42n, "  -42|-42  |-0042"],
      ["%+d % d %.3d", 7n, "+7  7 007"],
      ["%x %X %#x %o %#o", 255n, "ff FF 0xff 377 0377"],
      ["%lx %llu %hhd %hu", 0x1_00ffn, "100ff 65791 -1 255"],
      ["%c%c", 65n, "AA"],
      ["%p", 0xabcn, "0xabc"],
      ["%s", "text", "text"],
      ["%6s|%-6s|%.2s", "text", "  text|text  |te"],
      ["100%% %s", undefined, "100% ?"],
      ["%K %U", 1n, "vfs_read main"],
      ["a\\tb\\n", 1n, "a\tb"],
    ] as const
  ) assertEquals(shown(format, value), text, format);
  assertEquals(shown("%x %u", -1n, { size: 4 }), "ffffffff 4294967295");
  assertEquals(shown("%s %d", 2n, { name: "TWO" }), "TWO 2");
  const wrong = assertThrows(() => shown("%d %y", 1n), ValueError);
  assertMatch(wrong.message, /character 5: %y is no conversion/);
});

Deno.test("whatever somebody types is read, or refused by a sentence", opensLibc, () => {
  const pieces = fc.constantFrom(
    ...[
      "p:",
      "r:",
      "t:",
      "u:",
      "f",
      " ",
      "(",
      ")",
      '"',
      "'",
      "%d",
      ",",
      "->",
      ".",
      "[",
      "]",
      "*",
      "&",
    ],
    ...[
      "&&",
      "||",
      "==",
      "<",
      "<<",
      "-",
      "!",
      "~",
      "a",
      "b",
      "$pid",
      "0x1f",
      "7",
      "(int)",
      "@user",
    ],
    ...["STRCMP(", "struct s *", "\\", "\0", "é", "%", "/", "+"],
  );
  const typed = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 40 }).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(typed, (text) => {
      for (const whole of [text, `f ${text}`, `f(${text}`]) {
        try {
          const { values, passes } = compile(parseSpecification(whole), names);
          const facts = { ...event, fetched: [1n, undefined, -1n] };
          for (const { evaluate, name } of values) {
            evaluate(facts);
            assertEquals(whole.includes(name), true);
          }
          passes?.(facts);
        } catch (error) {
          assertInstanceOf(error, ValueError);
        }
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("what is nested or joined endlessly is refused, or read", () => {
  for (const text of ["(", "!", "*", "(a", "a+", "a->", "((int)"]) {
    const error = assertThrows(() => parseSpecification(`f ${text.repeat(1000)}`), ValueError);
    assertMatch(error.message, /character|4096/);
  }
  assertEquals(valueOf(Array(1000).fill("a").join("+"), 1n), 1000n);
  assertThrows(() => parseSpecification(`f ${"a+".repeat(5000)}a`), ValueError, "4096 characters");
});
