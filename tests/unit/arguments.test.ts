import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions } from "#lib/tool/options/command_line.ts";
import { ExitError } from "#lib/tool/ending/exit.ts";
import {
  bytes,
  choice,
  count,
  errno,
  flag,
  integer,
  list,
  operand,
  option,
  optional,
  type Parser,
  pid,
  port,
  rest,
  seconds,
  signal,
  targetOptions,
  text,
  type Tool,
  ValueError,
  withDefaults,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import { options as declared, type Tick, tool } from "./sample_tool.ts";

const DEFAULTS = withDefaults(declared, {});

function options(...args: string[]) {
  return parseOptions(tool, args).options;
}

function common(...args: string[]) {
  return parseOptions(tool, args).common;
}

function complaint(...args: string[]): string {
  return complaintOf(tool, ...args);
}

function complaintOf<Options>(tool: Tool<Options, Tick>, ...args: string[]): string {
  const error = assertThrows(() => parseOptions(tool, args), ExitError);
  assertEquals(error.exitCode, 64);
  return error.message;
}

Deno.test("parseOptions() gives the defaults when nothing is given", () => {
  assertEquals(options(), DEFAULTS);
  assertEquals(DEFAULTS.max_args, 20);
  assertEquals(DEFAULTS.uid, undefined);
  assertEquals(DEFAULTS.pid, []);
  assertEquals(common(), {
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

Deno.test("parseOptions() reads all the forms of getopt_long()", () => {
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
  ) assertEquals(options(...line.split(" ")), expected, line);
});

Deno.test("parseOptions() takes what follows an option as its value, whatever it looks like", () => {
  for (
    const value of ["-x", "--fails", "--help", "-h", "--", "-", "-1", "", "a=b", "a\nb", "-\n"]
  ) {
    for (const args of [["-l", value], ["--line", value], [`--line=${value}`]]) {
      assertEquals(options(...args), { ...DEFAULTS, line: value }, JSON.stringify(args));
    }
  }
});

Deno.test("parseOptions() collects the values of a repeated option", () => {
  assertEquals(options("-p", "1", "-p2", "--pid=3").pid, [1, 2, 3]);
});

Deno.test("a comma parts the values of a repeated option, unless they have commas of their own", () => {
  assertEquals(options("-p", "1,2", "-p3", "--pid=4,5").pid, [1, 2, 3, 4, 5]);
  assertEquals(complaint("-p", "1,,2"), '--pid: "" is not a whole number from 1 to 4194304');
  assertEquals(common("--filter", "text~a,b").filter, ["text~a,b"]);
});

Deno.test("parseOptions() turns snake_case names to dashes", () => {
  assertEquals(options("--max-args", "60").max_args, 60);
  assertEquals(
    complaint("--max_args", "60"),
    "unknown option --max_args, did you mean --max-args?",
  );
});

Deno.test("parseOptions() reads the options of every tool", () => {
  const given = common("-o", "json", "--seconds", "0.5", "--events=3", "-v", "--no-header");
  assertEquals(given.output, "json");
  assertEquals(given.seconds, 0.5);
  assertEquals(given.events, 3);
  assertEquals([given.verbose, given.no_header, given.no_color], [true, true, false]);
});

Deno.test("a tool without a time has no --time-format", () => {
  assertEquals(common("--time-format", "ms").time_format, "ms");
  const { time: _, ...fields } = tool.fields;
  const line = ["--time-format", "ms"];
  const error = assertThrows(() => parseOptions({ ...tool, fields }, line), ExitError);
  assertEquals(error.message, "unknown option --time-format (ticks --help lists the options)");
});

Deno.test("a letter or name that a tool uses itself is the tool's", () => {
  const own: Tool<unknown, unknown> = {
    ...tool,
    options: { offset: flag("o", "x"), version: option("", "N", "x", integer(0, 9)) },
  };
  const line = "-o --output csv --version 4";
  const { options, common } = parseOptions(own, line.split(" "));
  assertEquals(options, { offset: true, version: 4 });
  assertEquals([common.output, common.version], ["csv", false]);
});

Deno.test("parseOptions() says in one line what is wrong, and what was meant", () => {
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
    assertEquals(complaint(...line.split(" ")), message, line);
  }
});

Deno.test("a complaint is one line even if the argument is not", () => {
  assertEquals(
    complaint("--max-args", "1\n2\x1b[31m"),
    '--max-args: "1\\n2\\x1b[31m" is not a whole number from 1 to 4096',
  );
  assertEquals(complaint("-\n").split("\n").length, 1);
});

// The look-up of a name opens libc, which stays open.
const opensLibc = { sanitizeResources: false };

Deno.test(
  "the user option takes ids and names, and rejects an unknown name",
  opensLibc,
  () => {
    assertEquals(options("-u", "0").uid, 0);
    assertEquals(options("-u", "root").uid, 0);
    assertEquals(options("-u", "4294967294").uid, 4294967294);
    assertEquals(
      complaint("-u", "no-such-user"),
      '--uid: no user is called "no-such-user"; a name or an id is accepted',
    );
    assertEquals(
      complaint("-u", "4294967295"),
      '--uid: "4294967295" is not a whole number from 0 to 4294967294',
    );
  },
);

Deno.test("letters in one word end with the first that takes a value", () => {
  assertEquals(options("-xTunobody").uid, 65534);
  assertEquals(options("-Tl", "-x").line, "-x");
  assertEquals(options("-Tl=x").line, "=x");
  assertEquals(options("-la\nb").line, "a\nb");
  assertEquals(complaint("-T5"), "unknown option -5 (ticks --help lists the options)");
  assertEquals(
    complaint("-\u{1f600}x"),
    "unknown option -\u{1f600} (ticks --help lists the options)",
  );
});

Deno.test("names that every object has are no options", () => {
  for (const name of ["--constructor", "--__proto__", "--toString", "--__proto__=5"]) {
    const [shown] = name.split("=");
    assertEquals(complaint(name), `unknown option ${shown} (ticks --help lists the options)`);
  }
});

/** The sample with other options, operands and letters. */
function toolWith(parts: Partial<Tool<unknown, Tick>>): Tool<unknown, Tick> {
  return { ...tool as Tool<unknown, Tick>, options: {}, ...parts };
}

Deno.test("a flag with a number stands for the option that it names", () => {
  const counting = toolWith({
    options: {
      top: { ...flag("t", "Show tables in place"), number: "rows" },
      rows: option("T", "N", "Show N rows", integer(1, 9)),
      fails: flag("x", "Include failures"),
    },
  });
  const read = (...args: string[]) => parseOptions(counting, args).options;
  const none = { top: false, rows: undefined, fails: false };
  for (const words of [["--top", "5"], ["--top=5"], ["-t", "5"], ["-T5"]]) {
    assertEquals(read(...words), { ...none, rows: 5 });
  }
  assertEquals(read("-xt", "5"), { ...none, rows: 5, fails: true });
  assertEquals(read("--top"), { ...none, top: true });
  assertEquals(read("--top", "-T", "5"), { ...none, top: true, rows: 5 });
  assertEquals(complaintOf(counting, "--top=x"), "--top: takes no value");
  assertEquals(
    complaintOf(counting, "--top", "10"),
    '--rows: "10" is not a whole number from 1 to 9',
  );
});

Deno.test("a tool spells options of the frame as its C tool does", () => {
  const spelled = toolWith({ frame: { seconds: { letter: "d", alias: "duration" }, events: "v" } });
  for (const words of [["-d", "2"], ["-d2"], ["--duration=2"], ["--seconds", "2"]]) {
    assertEquals(parseOptions(spelled, words).common.seconds, 2);
  }
  // The letter that another option of the frame has is that one's no longer.
  const { events, verbose } = parseOptions(spelled, ["-v", "7"]).common;
  assertEquals([events, verbose], [7, false]);
  assertEquals(parseOptions(spelled, ["--verbose"]).common.verbose, true);
  // A letter and a name of its own options stay theirs.
  const own = {
    ...spelled,
    options: { depth: option("d", "N", "x", count), duration: flag("", "x") },
  };
  const read = parseOptions(own, ["-d", "3", "--duration", "--seconds", "5"]);
  assertEquals([read.options, read.common.seconds], [{ depth: 3, duration: true }, 5]);
});

Deno.test("options that tools share can be taken in part, or without their letters", () => {
  const shared = {
    ...withLetters(without(targetOptions, "ppid", "container"), { cgroup: "", uid: "U" }),
    cpu: option("c", "CPU", "x", integer(0, 9)),
  };
  const tool = toolWith({ options: shared });
  const read = parseOptions(tool, ["-c", "3", "-U", "0", "--cgroup", "/a"]).options;
  assertEquals(read, {
    ...withDefaults(shared, {}),
    cpu: 3,
    uid: 0,
    cgroup: "/a",
  });
  assertEquals(Object.hasOwn(read as object, "ppid"), false);
  assertEquals(complaintOf(tool, "--ppid", "1").startsWith("unknown option --ppid"), true);
});

const interval = optional("INTERVAL", "Print a table this often", seconds);

Deno.test("operands are read by their places, between options and behind --", () => {
  const operands = {
    map: operand("MAP", "Which map", text),
    interval,
    count: optional("COUNT", "Stop after COUNT tables", count, 99),
  };
  const tool = toolWith({ operands, options: { fails: flag("x", "x") } });
  const read = (...args: string[]) => parseOptions(tool, args).options;
  const one = { map: "one", interval: undefined, count: 99, fails: false };
  assertEquals(read("one"), one);
  assertEquals(read("one", "0.5"), { ...one, interval: 0.5 });
  assertEquals(read("-x", "one", "1", "10"), { ...one, interval: 1, count: 10, fails: true });
  assertEquals(read("one", "-x", "--", "1"), { ...one, interval: 1, fails: true });
  assertEquals(read("--", "-1"), { ...one, map: "-1" });
  const help = "(ticks --help lists the options)";
  assertEquals(complaintOf(tool), `name MAP ${help}`);
  assertEquals(
    complaintOf(tool, "one", "soon"),
    'INTERVAL: "soon" is not a number from 0 to 2147483',
  );
  assertEquals(
    complaintOf(tool, "one", "1", "0"),
    'COUNT: "0" is not a whole number from 1 to 9007199254740991',
  );
  assertEquals(complaintOf(tool, "one", "1", "2", "three"), `unexpected argument "three" ${help}`);
  assertEquals(parseOptions(tool, ["--help"]).common.help, true);
  assertEquals(parseOptions(tool, ["--schema"]).common.schema, true);
});

Deno.test("the rest of the operands is a list, and a command behind -- is none of them", () => {
  const sides = rest("SIDE", "Which sides", choice("left", "right"));
  const tool = toolWith({ operands: { interval, sides } });
  assertEquals(parseOptions(tool, []).options, { interval: undefined, sides: [] });
  assertEquals(parseOptions(tool, ["1", "left", "right"]).options, {
    interval: 1,
    sides: ["left", "right"],
  });
  assertEquals(complaintOf(tool, "1", "left", "up"), 'SIDE: "up" is not one of left, right');
  const running = toolWith({ operands: { interval }, command: "Runs it" });
  assertEquals(parseOptions(running, ["1", "--", "ls", "-l"]).options, {
    interval: 1,
    command: ["ls", "-l"],
  });
});

Deno.test("values of options and operands have the types of their parsers", () => {
  const declared = {
    fails: flag("x", "x"),
    uid: option("u", "UID", "x", integer(0, 9)),
    rows: option("T", "N", "x", integer(0, 9), 5),
    pid: list("p", "PID", "x", pid),
    interval,
    count: optional("COUNT", "x", count, 7),
    sides: rest("SIDE", "x", choice("left", "right")),
  };
  const values: {
    readonly fails: boolean;
    readonly uid: number | undefined;
    readonly rows: number;
    readonly pid: readonly number[];
    readonly interval: number | undefined;
    readonly count: number;
    readonly sides: readonly ("left" | "right")[];
  } = withDefaults(declared, { pid: [1, 2, 3] });
  assertEquals(values, {
    fails: false,
    uid: undefined,
    rows: 5,
    pid: [1, 2, 3],
    interval: undefined,
    count: 7,
    sides: [],
  });
});

/** What a parser says of a text. */
function refusal(parse: Parser<number>, text: string): string {
  return assertThrows(() => parse(text), ValueError).message;
}

Deno.test("the parsers that tools share take what they say, and nothing else", () => {
  const taken: [Parser<number>, Record<string, number>][] = [
    [pid, { "1": 1, "4194304": 4_194_304 }],
    [seconds, { "0": 0, "0.25": 0.25, "2147483": 2_147_483 }],
    [count, { "1": 1 }],
    [port, { "0": 0, "65535": 65_535 }],
    [bytes, { "0": 0, "4096": 4096, "64K": 65_536, "1m": 1_048_576, "2GiB": 2 ** 31, "3kb": 3072 }],
    [errno, { "2": 2, "ENOENT": 2, "eagain": 11 }],
    [signal, { "9": 9, "KILL": 9, "SIGKILL": 9, "term": 15, "SIGRTMIN+2": 34, "RTMIN": 32 }],
  ];
  for (const [parse, values] of taken) {
    for (const [text, value] of Object.entries(values)) assertEquals(parse(text), value, text);
  }
  const refused: [Parser<number>, string[]][] = [
    [pid, ["0", "4194305", "-1", "", "1 ", "0x1", "self"]],
    [seconds, ["-1", "2147484", "1e3", "", "Infinity"]],
    [count, ["0", "-5", "1.5"]],
    [port, ["65536", "http"]],
    [bytes, ["", "K", "64P", "-1", "1.5K", "9007199254740992", "9999T K", "1KK"]],
    [errno, ["0", "4096", "ENOSUCH", "", "constructor"]],
    [signal, ["0", "65", "SIGNOSUCH", "", "SIG", "SIGRTMIN+33", "KILL+1", "SIGSIGKILL"]],
  ];
  for (const [parse, texts] of refused) {
    for (const text of texts) refusal(parse, text);
  }
  assertEquals(refusal(bytes, "64P"), '"64P" is not a size in bytes, such as 4096, 64K or 1M');
  assertEquals(
    refusal(signal, "SIGNOSUCH"),
    '"SIGNOSUCH" is no signal; a number or a name such as SIGKILL is accepted',
  );
});
