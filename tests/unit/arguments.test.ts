import { assertEquals, assertRejects } from "@std/assert";
import { parseOptions } from "#lib/tool/options/command_line.ts";
import { ExitError } from "#lib/tool/exit.ts";
import { expand } from "#lib/tool/options/getopt.ts";
import { flag, integer, option, type Tool, withDefaults } from "#lib/tool/mod.ts";
import { options as declared, tool } from "./sample_tool.ts";

const DEFAULTS = withDefaults(declared, {});

async function options(...args: string[]) {
  return (await parseOptions(tool, args)).options;
}

async function common(...args: string[]) {
  return (await parseOptions(tool, args)).common;
}

async function complaint(...args: string[]): Promise<string> {
  const error = await assertRejects(() => parseOptions(tool, args), ExitError);
  assertEquals(error.exitCode, 64);
  return error.message;
}

Deno.test("parseOptions() gives the defaults when nothing is given", async () => {
  assertEquals(await options(), DEFAULTS);
  assertEquals(DEFAULTS.max_args, 20);
  assertEquals(DEFAULTS.uid, undefined);
  assertEquals(DEFAULTS.pid, []);
  assertEquals(await common(), {
    output: "table",
    fields: undefined,
    filter: [],
    sort: undefined,
    time_format: undefined,
    no_header: false,
    no_color: false,
    seconds: undefined,
    events: undefined,
    btf: undefined,
    strict: false,
    schema: false,
    verbose: false,
    help: false,
    version: false,
  });
});

Deno.test("parseOptions() reads all the forms of getopt_long()", async () => {
  const expected = { ...DEFAULTS, time: true, fails: true, uid: 1000 };
  for (
    const line of [
      "-T -x -u 1000",
      "-Tx -u1000",
      "-Txu1000",
      "-xTu 1000",
      "--time --fails --uid 1000",
      "--uid=1000 --fails -T",
      "-u 5 -xT -x --uid 1000",
    ]
  ) assertEquals(await options(...line.split(" ")), expected, line);
});

Deno.test("parseOptions() takes what follows an option as its value, whatever it looks like", async () => {
  for (
    const value of ["-x", "--fails", "--help", "-h", "--", "-", "-1", "", "a=b", "a\nb", "-\n"]
  ) {
    for (const args of [["-l", value], ["--line", value], [`--line=${value}`]]) {
      assertEquals(await options(...args), { ...DEFAULTS, line: value }, JSON.stringify(args));
    }
  }
});

Deno.test("parseOptions() collects the values of a repeated option", async () => {
  assertEquals((await options("-p", "1", "-p2", "--pid=3")).pid, [1, 2, 3]);
});

Deno.test("parseOptions() turns snake_case names to dashes", async () => {
  assertEquals((await options("--max-args", "60")).max_args, 60);
  assertEquals(
    await complaint("--max_args", "60"),
    "unknown option --max_args, did you mean --max-args?",
  );
});

Deno.test("parseOptions() reads the options of every tool", async () => {
  const given = await common("-o", "json", "--seconds", "0.5", "--events=3", "-v", "--no-header");
  assertEquals(given.output, "json");
  assertEquals(given.seconds, 0.5);
  assertEquals(given.events, 3);
  assertEquals([given.verbose, given.no_header, given.no_color], [true, true, false]);
});

Deno.test("a tool without a time has no --time-format", async () => {
  assertEquals((await common("--time-format", "ms")).time_format, "ms");
  const { time: _, ...fields } = tool.fields;
  const line = ["--time-format", "ms"];
  const error = await assertRejects(() => parseOptions({ ...tool, fields }, line), ExitError);
  assertEquals(error.message, "unknown option --time-format (ticks --help lists the options)");
});

Deno.test("a letter or name that a tool uses itself is the tool's", async () => {
  const own: Tool<unknown, unknown> = {
    ...tool,
    options: { offset: flag("o", "x"), version: option("", "N", "x", integer(0, 9)) },
  };
  const line = "-o --output csv --version 4";
  const { options, common } = await parseOptions(own, line.split(" "));
  assertEquals(options, { offset: true, version: 4 });
  assertEquals([common.output, common.version], ["csv", false]);
});

Deno.test("parseOptions() says in one line what is wrong, and what was meant", async () => {
  const help = "(ticks --help lists the options)";
  const expected: Record<string, string> = {
    "--tiem": "unknown option --tiem, did you mean --time?",
    "--outptu=json": "unknown option --outptu, did you mean --output?",
    "--bogus": `unknown option --bogus ${help}`,
    "--constructor": `unknown option --constructor ${help}`,
    "--no-time": `unknown option --no-time ${help}`,
    "-z": `unknown option -z ${help}`,
    "-xz": `unknown option -z ${help}`,
    "-X": "unknown option -X, did you mean -x?",
    "-4": `unknown option -4 ${help}`,
    "--uid": `--uid needs a value ${help}`,
    "-xu": `--uid needs a value ${help}`,
    "--fails=yes": "--fails: takes no value",
    "extra": `unexpected argument "extra" ${help}`,
    "-- -x": `unknown option -x ${help}`,
    "--max-args 0": '--max-args: "0" is not a whole number from 1 to 4096',
    "--max-args 1e3": '--max-args: "1e3" is not a whole number from 1 to 4096',
    "--time-format iso8601":
      '--time-format: "iso8601" is not one of time, ms, us, ns, date, date-ms, date-us, date-ns, iso, unix',
    "-o jsn": '--output: "jsn" is not one of table, json, csv',
    "--seconds soon": '--seconds: "soon" is not a number from 0 to 2147483',
  };
  for (const [line, message] of Object.entries(expected)) {
    assertEquals(await complaint(...line.split(" ")), message, line);
  }
});

Deno.test("a complaint is one line even if the argument is not", async () => {
  assertEquals(
    await complaint("--max-args", "1\n2\x1b[31m"),
    '--max-args: "1\\n2\\x1b[31m" is not a whole number from 1 to 4096',
  );
  assertEquals((await complaint("-\n")).split("\n").length, 1);
});

// The look-up of a name opens libc, which stays open.
const opensLibc = { sanitizeResources: false };

Deno.test(
  "the user option takes ids and names, and rejects an unknown name",
  opensLibc,
  async () => {
    assertEquals((await options("-u", "0")).uid, 0);
    assertEquals((await options("-u", "root")).uid, 0);
    assertEquals((await options("-u", "4294967294")).uid, 4294967294);
    assertEquals(
      await complaint("-u", "no-such-user"),
      '--uid: no user is called "no-such-user"; a name or an id is accepted',
    );
    assertEquals(
      await complaint("-u", "4294967295"),
      '--uid: "4294967295" is not a whole number from 0 to 4294967294',
    );
  },
);

Deno.test("expand() leaves what is behind -- as it is", () => {
  assertEquals(expand(["-x", "--", "-x", "--uid", "-"], declared), [
    "--fails=true",
    "--",
    "-x",
    "--uid",
    "-",
  ]);
});

Deno.test("expand() takes a flag with a number for the option that the flag names", () => {
  const declared = {
    top: { ...flag("", "Show tables in place"), number: "rows" },
    rows: option("T", "N", "Show N rows", integer(1, 9)),
  };
  for (const words of [["--top", "5"], ["--top=5"], ["-T5"]]) {
    assertEquals(expand(words, declared), ["--rows=5"]);
  }
  assertEquals(expand(["--top"], declared), ["--top=true"]);
  assertEquals(expand(["--top", "-T", "5"], declared), ["--top=true", "--rows=5"]);
});
