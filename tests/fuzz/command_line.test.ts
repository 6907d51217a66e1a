/** What a user may type: options, fields, filters, orders, times. */
import { assert, assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { parseOptions } from "#lib/tool/options/command_line.ts";
import { commonBeside } from "#lib/tool/options/frame_options.ts";
import { completionScript } from "#lib/tool/options/completions.ts";
import { ExitError } from "#lib/tool/ending/exit.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { parseFilter } from "#lib/tool/output/filter.ts";
import { namedFields } from "#lib/tool/output/named_fields.ts";
import { flag, list, longName, option, rest } from "#lib/tool/options/declarations.ts";
import type { Tool } from "#lib/tool/mod.ts";
import { parseTime } from "#lib/tool/options/parse_time.ts";
import { parseOrder } from "#lib/tool/output/sort.ts";
import { text } from "#lib/tool/options/parsers.ts";
import { ValueError } from "#lib/tool/options/usage_errors.ts";
import { findTool, toolNames } from "../../tools/denobpf/registry.ts";
import { anyText, fuzz, mayThrow } from "./fuzz.ts";

const tools = new Map(
  await Promise.all(toolNames.map(async (name) => [name, await findTool(name)] as const)),
);

/** The words of a command line of a tool: its options, well and badly written, and anything else. */
const commandLines = fc.constantFrom(...toolNames).chain((name) => {
  const tool = tools.get(name)!;
  const declared = Object.entries({ ...tool.options, ...commonBeside(tool) });
  const names = declared.map(([name]) => `--${longName(name)}`);
  const letters = declared.flatMap(([, { letter }]) => letter === "" ? [] : [`-${letter}`]);
  const word = fc.oneof(
    fc.constantFrom(...names, ...letters),
    fc.constantFrom("--", "-", "--help", "-hV", "=", "--no", "-1", "--no-output", "--h"),
    fc.tuple(fc.constantFrom(...names), anyText("=", "table", "json")).map(([name, value]) =>
      `${name}=${value}`
    ),
    fc.tuple(fc.constantFrom(...letters), anyText()).map((parts) => parts.join("")),
    anyText("-", "--", "=", ","),
  );
  return fc.tuple(fc.constant(name), fc.array(word, { maxLength: 8 }));
});

/** A tool of options that take any text, and operands of any number. */
const echo: Tool<{ line: string; list: string[]; flag: boolean; words: string[] }, unknown> = {
  ...tools.get("minimal")! as Tool<never, unknown>,
  options: {
    line: option("l", "TEXT", "Text", text),
    list: { ...list("L", "TEXT", "Texts", text), commas: false },
    flag: flag("f", "Flag"),
  },
  operands: { words: rest("WORD", "Words", text) },
};

/** One of the forms that give an option a value, and the value; or an operand. */
const given = fc.oneof(
  fc.tuple(fc.constantFrom("line", "list"), fc.nat(3), anyText("-", "--", "=", "\n", "-f")),
  fc.tuple(fc.constant("words"), fc.constant(0), anyText("a", "=").map((text) => `w${text}`)),
);

fuzz("every form of getopt_long() gives a value whole", fc.array(given), (parts) => {
  const args = parts.flatMap(([name, form, value]) => {
    if (name === "words") return [value];
    const letter = name === "line" ? "l" : "L";
    const attached = value === "" ? [`-f${letter}`, ""] : [`-f${letter}${value}`];
    return [[`--${name}`, value], [`--${name}=${value}`], [`-${letter}`, value], attached][form];
  });
  const of = (name: string) => parts.filter(([of]) => of === name).map(([, , value]) => value);
  const { options } = parseOptions(echo, args);
  assertEquals(options.list, of("list"));
  assertEquals(options.line, of("line").at(-1));
  assertEquals(options.words, of("words"));
  assertEquals(options.flag, parts.some(([name, form]) => name !== "words" && form === 3));
});

Deno.test({
  name: "a command line is understood, or refused in one line with exit code 64",
  sanitizeResources: false, // users are looked up by libc, which stays open
  fn() {
    fc.assert(
      fc.property(commandLines, ([name, args]) => {
        try {
          parseOptions(tools.get(name)!, args);
        } catch (error) {
          assert(error instanceof ExitError, String(error));
          assertEquals(error.exitCode, 64);
          assert(!/\p{Cc}/u.test(error.message), error.message);
        }
      }),
      { numRuns: 1000 },
    );
  },
});

const { fields } = tools.get("execsnoop")!;
const names = Object.keys(fields);

fuzz(
  "a list of fields is understood or refused",
  anyText(...names, ",", ",,"),
  (text) => void mayThrow([ValueError], () => namedFields(fields, text)),
);

fuzz(
  "an order is understood or refused",
  anyText(...names, "-", "--"),
  (text) => void mayThrow([ValueError], () => parseOrder(fields, text)),
);

fuzz(
  "a filter is understood or refused",
  anyText(...names, "==", "!=", "<", ">=", "~", "!~", "&&", "||", '"', "'", "(", "[", "{9}", "\\"),
  (text) => void mayThrow([ValueError], () => parseFilter(fields, [text])),
  { runs: 500 },
);

fuzz(
  "a time is understood or refused",
  anyText(":", "14", "2026-07-27", "T", "Z", "+", ".", "99", "00"),
  (text) => {
    const time = mayThrow([ValueError], () => parseTime(text));
    assert(time === undefined || typeof time === "bigint");
  },
  { runs: 1000 },
);

/** What a tool may say of itself: one line of text. */
const line = fc.string({ unit: fc.constantFrom(..."ab'\"`$(){}[]:;|&\\!*~# \u00e9") });

Deno.test("completions are good shell, whatever the tools say of themselves", async () => {
  const commands = fc.sample(fc.tuple(line, line, fc.constantFrom("", "x")), 50)
    .map(([brief, placeholder, letter], at) => ({
      name: `tool${at}`,
      brief,
      options: { some_option: option(letter, placeholder, brief, text), a_flag: flag("", brief) },
    }));
  const script = completionScript("bash", "denobpf", commands);
  const shell = new Deno.Command("bash", { args: ["-n"], stdin: "piped", stderr: "piped" }).spawn();
  const writer = shell.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { code, stderr } = await shell.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});

interface Shown {
  readonly text: string;
}

const shown = {
  text: membersOf<Shown>().text({ brief: "The text" }, ({ text }) => text),
};

/** Made once: what libc allocates for an expression is kept. */
const filters = ["(a+)+$", "(a|a)*b", "a{2,20}$", "(.*a){5}", "^(([a-z])+.)+[A-Z]", "x.{20}y"]
  .map((pattern) => parseFilter(shown, [`text~'${pattern}'`]));

fuzz(
  "a filter takes any text at once, also one that was made for its expression",
  fc.tuple(
    fc.constantFrom(...filters),
    fc.oneof(anyText("a", "ab"), fc.nat(4000).map((length) => "a".repeat(length) + "!")),
  ),
  ([filter, text]) => assert(typeof filter.passes({ text }) === "boolean"),
  { runs: 100 },
);
