import { assert, assertEquals } from "@std/assert";
import { helpText } from "#lib/tool/options/help.ts";
import { count, flag, operand, option, optional, rest, seconds, text } from "#lib/tool/mod.ts";
import { tool } from "./sample_tool.ts";

Deno.test("helpText() shows usage, purpose, options, fields and examples", () => {
  assertEquals(
    helpText(tool),
    `USAGE: ticks [-TxvhV] [-u UID|NAME] [-l LINE] [-p PID] [--max-args N]
             [--pause MS] [--batch N] [--lost N] [--fault NAME] [--deaf]
             [--busy] [--nonblocking] [-o FORMAT] [--fields NAME,...]
             [--filter CONDITION] [--time-format FORMAT] [--no-header]
             [--no-color] [--seconds N] [--events N] [--btf PATH] [--strict]
             [--schema]

Count the ticks of a timer, which is enough to try out all that a tool's frame
does for it

OPTIONS:
  -T, --time                Include the time of day (HH:MM:SS)
  -x, --fails               Include failed ticks
  -u, --uid UID|NAME        Count for this user only
  -l, --line LINE           Say LINE with every tick (default tick)
  -p, --pid PID             Count for these processes only
      --max-args N          Show at most N arguments (default 20)
      --pause MS            Time between two batches (default 20)
      --batch N             Ticks in a batch (default 1)
      --lost N              Claim that N events were lost (default 0)
      --fault NAME          Fail while loading
      --deaf                Go on when asked to stop
      --busy                Compute for a minute after the first batch, without
                            a pause
      --nonblocking         Make standard output nonblocking, as a parent
                            process may do

OPTIONS OF EVERY TOOL:
  -o, --output FORMAT       Print as table, json or csv (default table)
      --fields NAME,...     Print these of the FIELDS, in this order
      --filter CONDITION    Print only what meets it: FIELD==VALUE, also != <
                            <= > >= ~REGEX !~REGEX; several with &&
      --time-format FORMAT  Show times in tables as time, ms, us, ns, date,
                            date-ms, date-us, date-ns, iso, unix
      --no-header           Print no header line
      --no-color            Print without colours, as NO_COLOR=1 does
      --seconds N           Stop after N seconds
      --events N            Stop after N events
      --btf PATH            Take the kernel's types from this file: for a
                            kernel without BTF
      --strict              End with exit code 1 if events were lost
      --schema              Show the JSON Schema of what -o json prints
  -v, --verbose             Show libbpf's log, and all of an error
  -h, --help                Show this help
  -V, --version             Show the version

FIELDS:
  time    time     When it ticked
  number  integer  Which tick
  text    text     What it says
  odd     boolean  Whether its number is odd

EXAMPLES:
  ticks             # count until Ctrl-C
  ticks -x -l tock  # say tock, and include failed ticks, which there are none
                      of in this tool

OTHER NAMES:
  tocks  ticks -l tock
`,
  );
});

Deno.test("helpText() stays under 80 columns with long names and many options", () => {
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [
      `an_option_with_a_name_of_length_${at}`,
      option("", "PLACEHOLDER", "word ".repeat(40).trim(), text),
    ]),
  );
  const help = helpText({ ...tool, options: { ...many, short: flag("s", "Short") } });
  for (const line of help.split("\n")) assert(line.length < 80, line);
});

Deno.test("helpText() shows no letter twice: the tool's own option keeps it", () => {
  const help = helpText({
    ...tool,
    options: { version_of: flag("V", "Own"), host: flag("h", "Own") },
  });
  assertEquals(help.match(/^ {2}-V, .*$/gm), ["  -V, --version-of          Own"]);
  assertEquals(help.match(/^ {6}--(help|version) .*$/gm), [
    "      --help                Show this help",
    "      --version             Show the version",
  ]);
});

Deno.test("helpText() shows operands, and how a tool spells what every tool has", () => {
  const help = helpText({
    ...tool,
    frame: { seconds: { letter: "d", alias: "duration" } },
    operands: {
      map: operand("MAP", "Which map", text),
      interval: optional("INTERVAL", "Print a table this often", seconds, 1),
      count: optional("COUNT", "Stop after COUNT tables", count),
    },
  });
  assertEquals(help.match(/\[--schema\] (.*)\n/)?.[1], "MAP [INTERVAL\u0020[COUNT]]");
  assertEquals(
    help.match(/^OPERANDS:\n(?: .*\n)+/m)?.[0],
    `OPERANDS:
  MAP                          Which map
  INTERVAL                     Print a table this often (default 1)
  COUNT                        Stop after COUNT tables
`,
  );
  assertEquals(
    help.match(/^ {2}-d, .*/m)?.[0],
    "  -d, --seconds, --duration N  Stop after N seconds",
  );
  const some = helpText({ ...tool, operands: { tools: rest("TOOL", "Which tools", text) } });
  assertEquals(some.match(/\[--schema\] (.*)\n/)?.[1], "[TOOL...]");
});
