/** Whole runs of a tool, each as a process of its own: see sample_tool.ts. */
import { assertEquals, assertMatch } from "@std/assert";
import { byDefault } from "../by_default.ts";

const SAMPLE = new URL("./sample_tool.ts", import.meta.url).pathname;
const LATE = new URL("./late_tool.ts", import.meta.url).pathname;
const PERMISSIONS = ["--allow-ffi", "--allow-read"];
const commandOf = (program: string) => [Deno.execPath(), "run", ...PERMISSIONS, program];
const COMMAND = commandOf(SAMPLE);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const decoder = new TextDecoder();

function run(command: readonly string[], env: Record<string, string> = {}): Outcome {
  const { code, stdout, stderr } = new Deno.Command(command[0], {
    args: command.slice(1),
    env: { NO_COLOR: "", ...env },
    stdin: "null",
  }).outputSync();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function ticks(...args: string[]): Outcome {
  return run([...COMMAND, ...args]);
}

/** Runs a line of bash in which `$ticks` is the sample tool. */
function bash(line: string, before = ""): Outcome {
  return run(["bash", "-c", `ticks='${COMMAND.join(" ")}'; ${before}${line}`]);
}

/** Runs a line of bash on a terminal of 40 columns. */
function terminal(args: string, env: Record<string, string> = {}): string[] {
  const command = `stty cols 40; ${COMMAND.join(" ")} ${args}`;
  const { stdout, code } = run(["script", "-qec", command, "/dev/null"], env);
  assertEquals(code, 0);
  return stdout.trimEnd().split("\r\n");
}

/** Starts the tool, waits for its header, sends it signals, and gives what it did. */
async function signalled(signals: Deno.Signal[], args: string[] = [], command = COMMAND) {
  const child = new Deno.Command(command[0], {
    args: [...command.slice(1), ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let stdout = "";
  const read = async () => {
    const { value, done } = await reader.read();
    stdout += value ?? "";
    return !done;
  };
  while (!stdout.includes("\n") && await read());
  for (const signal of signals) {
    child.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 200)); // or two of a kind would be one
  }
  while (await read());
  const { code, signal } = await child.status;
  return { code, signal, stdout, stderr: await stderr };
}

Deno.test("a tool prints its header, its rows and what it lost", () => {
  const { code, stdout, stderr } = ticks("--events", "3", "--lost", "7");
  assertEquals(stdout, "NUMBER TEXT\n     1 tick\n     2 tick\n     3 tick\n");
  assertEquals(
    stderr,
    "ticks: lost 7 events (ring buffer full)\nticks: lost 7 events in all (ring buffer full)\n",
  );
  assertEquals(code, 0);
});

Deno.test("--events ends in the middle of a batch", () => {
  const { stdout } = ticks("--events", "3", "--batch", "2", "--no-header");
  assertEquals(stdout, "     1 tick\n     2 tick\n     3 tick\n");
});

Deno.test("--seconds ends a tool, which still shows what was recorded by then", () => {
  const { code, stdout } = ticks("--seconds", "0.1", "--pause", "60000");
  assertEquals(stdout, "NUMBER TEXT\n     1 tick\n     2 the last\n");
  assertEquals(code, 0);
});

Deno.test("--output chooses between table, json and csv", () => {
  const time = "2026-07-27T09:41:07.123456789Z";
  assertEquals(
    ticks("-o", "json", "--events", "1").stdout,
    `{"time":"${time}","number":1,"text":"tick"}\n`,
  );
  assertEquals(
    ticks("-ocsv", "--events", "1").stdout,
    `time,number,text\n${time},1,tick\n`,
  );
  assertEquals(ticks("--output=csv", "--events=1", "--no-header").stdout, `${time},1,tick\n`);
});

Deno.test("--fields picks and orders any field, for every output", () => {
  const rows = (output: string) =>
    ticks("--fields", "odd,text,number", "-o", output, "--events", "2").stdout;
  assertEquals(rows("table"), "ODD TEXT NUMBER\ntrue tick      1\nfalse tick      2\n");
  assertEquals(rows("csv"), "odd,text,number\ntrue,tick,1\nfalse,tick,2\n");
  assertEquals(
    rows("json"),
    '{"odd":true,"text":"tick","number":1}\n{"odd":false,"text":"tick","number":2}\n',
  );
});

Deno.test("--fields names what is no field, with 64", () => {
  const { code, stdout, stderr } = ticks("--fields", "number,txet");
  assertEquals(
    stderr,
    'ticks: --fields: there is no field "txet", did you mean text? ' +
      "(the fields are time, number, text, odd)\n",
  );
  assertEquals([code, stdout], [64, ""]);
});

Deno.test("--filter drops what does not meet all conditions, also by a hidden field", () => {
  const filtered = (...args: string[]) =>
    ticks("--no-header", "--events", "3", "--fields=number", "--batch=2", "--pause=0", ...args);
  assertEquals(filtered("--filter", "odd==true").stdout, "     1\n     3\n     5\n");
  assertEquals(
    filtered("--filter", "odd==true && number>=3", "--filter=number!=5").stdout,
    "     3\n     7\n     9\n",
  );
  assertEquals(filtered("--filter", "number~^1.$").stdout, "    10\n    11\n    12\n");
});

Deno.test("--filter says where it is wrong, with 64", () => {
  const { code, stdout, stderr } = ticks("--filter", "odd==true && number<x");
  assertEquals(
    stderr,
    'ticks: --filter: "odd==true && number<x", character 21: "x" is not a whole number\n',
  );
  assertEquals([code, stdout], [64, ""]);
});

Deno.test("--time-format shows the time, where the table does not already", () => {
  const time = /^TIME {17}NUMBER TEXT\n1785145267.123456789 {6}1 tick\n$/;
  assertMatch(ticks("--time-format=unix", "--events=1").stdout, time);
  assertMatch(ticks("--time-format=unix", "--events=1", "-T").stdout, time);
  assertEquals(
    ticks("--time-format=unix", "--events=1", "--fields=number").stdout,
    "NUMBER\n     1\n",
  );
});

Deno.test("--schema shows the schema of the JSON, and needs no permission", () => {
  const schema = run([Deno.execPath(), "run", SAMPLE, "--schema"]);
  assertEquals([schema.code, schema.stderr], [0, ""]);
  assertEquals(JSON.parse(schema.stdout).required, ["time", "number", "text"]);
  const chosen = ticks("--schema", "--fields", "odd,time");
  assertEquals(JSON.parse(chosen.stdout).required, ["odd", "time"]);
});

Deno.test("--strict ends with 1 if anything was lost, also into a closed pipe", () => {
  assertEquals(ticks("--strict", "--events", "1").code, 0);
  assertEquals(ticks("--strict", "--events", "1", "--lost", "1").code, 1);
  const { stdout } = bash("$ticks --strict --lost 1 --pause 0 | true; echo ${PIPESTATUS[0]}");
  assertEquals(stdout, "1\n");
});

Deno.test("--help and --version need no permission and no root", () => {
  const bare = [Deno.execPath(), "run", SAMPLE];
  const help = run([...bare, "--help"]);
  assertMatch(help.stdout, /^USAGE: ticks /);
  assertEquals([help.code, help.stderr], [0, ""]);
  const version = run([...bare, "-V"]);
  assertMatch(version.stdout, /^ticks \(denobpf\) \d+\.\d+\.\d+\n$/);
  assertEquals([version.code, version.stderr], [0, ""]);
});

Deno.test("without permissions a tool ends with one line that names the flags, and 77", () => {
  for (const args of [[], ["-u", "root"], ["-o", "json"]]) {
    const { code, stdout, stderr } = run([Deno.execPath(), "run", SAMPLE, ...args]);
    assertEquals(
      stderr,
      "ticks: Deno was not given the permissions it needs; start it with: " +
        "deno run --allow-ffi --allow-read\n",
    );
    assertEquals([code, stdout], [77, ""]);
  }
});

Deno.test("a wrong command line ends with one line and 64", () => {
  const { code, stdout, stderr } = ticks("--max-arg", "3");
  assertEquals(stderr, "ticks: unknown option --max-arg, did you mean --max-args?\n");
  assertEquals([code, stdout], [64, ""]);
});

Deno.test("what goes wrong while loading is reported without a stack, and has its exit code", () => {
  const expected: [string, number, string][] = [
    [
      "eperm",
      77,
      "Cannot load ticks: Operation not permitted (EPERM)\nticks: hint: run it as root",
    ],
    ["enoent", 1, "Cannot attach ticks: No such file or directory (ENOENT)"],
    [
      "unsupported",
      69,
      "Cannot load ticks: this host has no ring buffers, which Linux 5.8 and later have",
    ],
    [
      "verifier",
      69,
      "Cannot load ticks: program handle_tick was rejected by the verifier: no luck\n" +
      "ticks: hint: the verifier's log has 1 more lines; --verbose shows them",
    ],
  ];
  for (const [fault, exitCode, message] of expected) {
    const { code, stdout, stderr } = ticks("--fault", fault);
    assertEquals(stderr, `ticks: ${message}\n`);
    assertEquals([code, stdout], [exitCode, ""]);
  }
});

Deno.test("--verbose adds the verifier's log and the stack", () => {
  const { stderr } = ticks("--fault", "verifier", "--verbose");
  assertMatch(stderr, /^0: \(b7\) r0 = 0\nno luck$/m);
  assertMatch(stderr, /^ {4}at .*sample_tool\.ts/m);
});

Deno.test("a fault of the tool itself shows its stack, and ends with 70", () => {
  const { code, stderr } = ticks("--fault", "bug");
  assertMatch(stderr, /^ticks: This is a fault of the tool, please report it: TypeError: a bug\n/);
  assertMatch(stderr, /^ {4}at .*sample_tool\.ts/m);
  assertEquals(code, 70);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal} ends a tool with its last rows and 0`, async () => {
    using _default = byDefault(signal);
    const { code, stdout, stderr } = await signalled([signal], ["--lost", "2"]);
    assertMatch(stdout, /^NUMBER TEXT\n( +\d+ tick\n)* +\d+ the last\n$/);
    assertMatch(stderr, /\nticks: lost 2 events in all \(ring buffer full\)\n$/);
    assertEquals(code, 0);
  });
}

Deno.test("SIGTERM with the output in a file leaves all rows there", () => {
  const file = Deno.makeTempFileSync();
  const { code } = bash(
    `$ticks > ${file} & while ! grep -q tick ${file}; do sleep 0.01; done; ` +
      "kill -TERM $!; wait $!",
  );
  const text = Deno.readTextFileSync(file);
  Deno.removeSync(file);
  assertEquals(code, 0);
  assertMatch(text, /^NUMBER TEXT\n( +\d+ tick\n)+ +\d+ the last\n$/);
});

Deno.test("a second SIGINT ends a tool that does not stop, at once and with 130", async () => {
  const { code } = await signalled(["SIGINT", "SIGINT"], ["--deaf"]);
  assertEquals(code, 130);
});

Deno.test("a second SIGTERM ends a tool that computes, while no signal reaches its event loop", async () => {
  const { signal } = await signalled(["SIGTERM", "SIGTERM"], ["--busy"]);
  assertEquals(signal, "SIGTERM");
});

Deno.test("under nohup a tool does not end with its terminal", () => {
  const folder = Deno.makeTempDirSync();
  const [rows, errors, script] = ["rows", "errors", "script"].map((name) => `${folder}/${name}`);
  for (const program of [SAMPLE, LATE]) {
    // From the first row until it has ended.
    Deno.writeTextFileSync(
      script,
      `nohup ${commandOf(program).join(" ")} --events 20 > ${rows} 2> ${errors} & ` +
        `while ! grep -q tick ${rows}; do sleep 0.01; done; ` +
        "while kill -HUP $! 2> /dev/null; do :; done; wait $!",
    );
    const { code } = run(["script", "-qec", `bash ${script}`, "/dev/null"]);
    assertEquals([code, Deno.readTextFileSync(errors)], [0, ""], program);
    assertMatch(Deno.readTextFileSync(rows), / 20 tick\n$/);
    Deno.removeSync(rows);
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("SIGUSR1 opens no inspector, by which others could run code in a tool", () => {
  for (const program of [SAMPLE, LATE]) {
    // From the first row until it has ended: Deno listens for the signal half a second after its start.
    const { code, stdout, stderr } = bash(
      `ticks='${
        commandOf(program).join(" ")
      }'; exec 3< <(exec $ticks --events 40 --pause 50); pid=$!; ` +
        "read -u 3; read -u 3; (while kill -USR1 $pid 2> /dev/null; do sleep 0.01; done) & cat <&3; wait $pid",
    );
    assertEquals([code, stderr], [0, ""], program);
    assertMatch(stdout, / 40 tick\n$/);
  }
});

Deno.test("a closed pipe ends a tool quietly, with 0", () => {
  const { code, stdout, stderr } = bash("$ticks --pause 0 | head -3; echo ${PIPESTATUS[@]}");
  assertEquals(stdout, "NUMBER TEXT\n     1 tick\n     2 tick\n0 0\n");
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("a tool started with its output closed ends when it is asked to", () => {
  const { code, stderr } = bash("$ticks --events 3 >&-");
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("a full disk ends a tool with one line and 74", () => {
  const { code, stderr } = bash("$ticks > /dev/full");
  assertEquals(
    stderr,
    "ticks: Cannot write the output: No space left on device (ENOSPC)\n",
  );
  assertEquals(code, 74);
});

Deno.test("a slow reader gets every row, also through a nonblocking pipe", () => {
  for (const flags of ["", "--nonblocking"]) {
    const rows = 100_000;
    const { stdout, stderr } = bash(
      `$ticks --batch ${rows} --events ${rows} --no-header ${flags} | (sleep 0.3; wc -l; cat)`,
    );
    assertEquals([stdout.trim(), stderr], [String(rows), ""]);
  }
});

/** Runs a line of bash with `$tool` at work, whose output nobody reads, and `$pid` its process. */
function unread(line: string): Outcome {
  const fill = "--batch 100000 --events 100000 --no-header";
  return bash(
    `mkfifo $dir/pipe; exec 3<>$dir/pipe; $ticks ${fill} > $dir/pipe 2> $dir/errors & pid=$!; ` +
      // It waits once the pipe takes no more: then it has used as much of the CPU as it will.
      "before=; until now=$(cut -d' ' -f14,15 /proc/$pid/stat); " +
      '[ "$now" = "$before" ] && [ "$(head -c 1 <&3)" ]; do before=$now; sleep 0.3; done; ' +
      `${line}; wait $pid; echo $?; cat $dir/errors; rm -r $dir`,
    "dir=$(mktemp -d); ",
  );
}

Deno.test("a tool whose reader takes no more ends when it is asked to, with 74", () => {
  const { stdout } = unread("kill -TERM $pid");
  assertMatch(
    stdout,
    /^74\nticks: \d+ bytes were not written: the reader of the output takes no more\n$/,
  );
});

Deno.test("Ctrl-C says that a reader is waited for, and a second one ends the tool", () => {
  const said = "until grep -q wait $dir/errors; do sleep 0.05; done";
  const { stdout } = unread(`kill -INT $pid; ${said}; kill -INT $pid`);
  assertMatch(
    stdout,
    /^130\nticks: \d+ bytes wait for the reader of the output; Ctrl-C again drops them\n$/,
  );
});

Deno.test("on a terminal the header is dim, failures are red and long lines are cut", () => {
  const long = "y".repeat(50);
  const seven = "NUMBER ".length;
  assertEquals(terminal(`--events 2 -l ${long}`), [
    "\x1b[2mNUMBER TEXT\x1b[0m",
    `     1 ${"y".repeat(39 - seven)}…`,
    `\x1b[31m     2 ${"y".repeat(39 - seven)}…\x1b[0m`,
  ]);
});

Deno.test("COLUMNS stands for the terminal's width, and for nothing in a pipe", () => {
  const long = "y".repeat(50);
  const [, row] = terminal(`--events 1 --no-color -l ${long}`, { COLUMNS: "20" });
  assertEquals(row, `     1 ${"y".repeat(12)}…`);
  const piped = run([...COMMAND, "--events", "1", "-l", long], { COLUMNS: "20" });
  assertEquals(piped.stdout.split("\n")[1], `     1 ${long}`);
});

Deno.test("--no-color and NO_COLOR print without colours", () => {
  const plain = ["NUMBER TEXT", "     1 tick", "     2 tick"];
  assertEquals(terminal("--events 2 --no-color"), plain);
  assertEquals(terminal("--events 2", { NO_COLOR: "1" }), plain);
});
