import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { execsnoop } from "../../tools/execsnoop.ts";
import {
  execUntilShown,
  kernelTest,
  runExecs,
  type RunningTool,
  startTool,
} from "../kernel/harness.ts";
import { openFiles } from "../kernel/loaded.ts";

const workload = new URL("../../build/tests/execs", import.meta.url).pathname;

/** An exec as `-o json` prints it. */
interface Row {
  time: string;
  pid: number;
  ppid: number;
  uid: number;
  comm: string;
  path: string;
  args: string[];
  args_truncated: boolean;
  ret: number;
}

/** Executed until a tool shows it, and by no workload. */
const PROBE = "/bin/false";

/** Starts execsnoop and waits until it sees execs; its rows so far are dropped. */
async function started(...args: string[]): Promise<RunningTool> {
  const tool = startTool("execsnoop", args);
  // JSON has no header: it runs once it shows an exec that comes again and again.
  if (args.includes("json")) await execUntilShown(tool, PROBE, `"path":"${PROBE}"`);
  else await tool.until("PCOMM");
  return tool;
}

/** Runs kinds of tests/workloads/execs.c and gives the rows of the children, in their order. */
async function rowsOf(kinds: string[], options: string[] = []): Promise<Row[]> {
  await using tool = await started("-o", "json", ...options);
  const child = new Deno.Command(workload, { args: kinds, stdout: "null", stderr: "inherit" })
    .spawn();
  assert((await child.status).success);
  const [last] = await runExecs({ count: 1 });
  await tool.until(`"pid":${last},`);
  const { stdout } = await tool.stop();
  return parse(stdout).filter((row) => row.ppid === child.pid);
}

function parse(stdout: string): Row[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

kernelTest("execsnoop counts 23 execs exactly, with pid, arguments and order", {}, async () => {
  await using tool = await started("-o", "json");
  const pids = await runExecs();
  await tool.until(`"args":["/bin/true","22"]`);
  const { stdout, stderr, code } = await tool.stop();
  const rows = parse(stdout).filter((row) => row.ppid === Deno.pid && row.path === "/bin/true");
  assertEquals(rows.map((row) => row.pid), pids);
  assertEquals(rows.map((row) => row.args), pids.map((_, i) => ["/bin/true", String(i)]));
  assert(rows.every((row) => row.comm === "true" && row.ret === 0 && row.uid === Deno.uid()));
  assertEquals([code, stderr], [0, ""]);
});

kernelTest("the table has the C tool's columns, under their headers", {}, async () => {
  await using tool = await started("-TtU");
  const [pid] = await runExecs({ count: 1, args: () => ["a", "b c"] });
  await tool.until("b c\n");
  const [header, ...rows] = (await tool.stop()).stdout.split("\n");
  assertEquals(header, "TIME     TIME(s)  UID    PCOMM            PID    PPID   RET ARGS");
  const row = rows.find((row) => row.includes(` ${pid} `))!;
  assertMatch(row.slice(0, 18), /^\d\d:\d\d:\d\d \d+\.\d{3} +$/);
  const expected = [String(Deno.uid()).padEnd(6), "true".padEnd(16), String(pid).padEnd(6)];
  assertEquals(
    row.slice(18),
    [...expected, Deno.pid, "  0", "/bin/true a b c"].join(" ").replace(
      `${Deno.pid} `,
      `${String(Deno.pid).padEnd(6)} `,
    ),
  );
});

kernelTest("an exec from a thread that is not the leader is shown", {}, async () => {
  const [row] = await rowsOf(["thread"]);
  assertEquals(row.args, ["true", "from-thread"]);
  assertEquals(row.ret, 0);
});

kernelTest("execveat and fexecve are shown", {}, async () => {
  const rows = await rowsOf(["execveat", "fexecve"]);
  assertEquals(rows.map((row) => row.args), [["true", "at"], ["true", "fd"]]);
  // Before Linux 6.14 fexecve gives a process the name of its file descriptor: "3".
  rows.forEach((row) => assertMatch(row.comm, /^(true|\d+)$/));
  rows.forEach((row) => assertMatch(row.path, /^\/dev\/fd\/\d+(\/true)?$/));
});

kernelTest("path and arguments are there when their pages were not in memory", {}, async () => {
  const [row] = await rowsOf(["cold"]);
  assertEquals([row.path, ...row.args], ["/bin/true", "true", "cold"]);
});

kernelTest("an argument of 5000 bytes is whole", {}, async () => {
  const [row] = await rowsOf(["long"]);
  assertEquals(row.args, ["true", "x".repeat(5000)]);
  assertEquals(row.args_truncated, false);
});

kernelTest("--max-args cuts, and says so only when something is missing", {}, async () => {
  const numbered = (count: number) =>
    Array.from({ length: count }, (_, i) => `argument${String(i).padStart(2, "0")}`);
  const [cut] = await rowsOf(["many"]);
  assertEquals([cut.args, cut.args_truncated], [numbered(20), true]);
  const [exact] = await rowsOf(["many"], ["--max-args", "40"]);
  assertEquals([exact.args, exact.args_truncated], [numbered(40), false]);
  const [one] = await rowsOf(["many"], ["--max-args=1"]);
  assertEquals([one.args, one.args_truncated], [numbered(1), true]);
});

kernelTest("arguments beyond 8 KiB are cut with a mark", {}, async () => {
  const [row] = await rowsOf(["huge"], ["--max-args", "1024"]);
  assertEquals(row.args_truncated, true);
  // 100 arguments of 10 bytes, the others of 11, a NUL behind each: 691 take 8192 bytes
  assertEquals(row.args.length, 691);
  assertEquals(row.args[690], "argument690");
});

kernelTest("exactly max-args arguments show no dots in the table", {}, async () => {
  await using tool = await started();
  const args = (count: number) => Array.from({ length: count }, (_, i) => `x${i}`);
  await runExecs({ count: 1, args: () => args(19) });
  await runExecs({ count: 1, args: () => args(20) });
  await tool.until("...\n");
  const rows = (await tool.stop()).stdout.split("\n");
  assertEquals(rows.filter((row) => row.endsWith("x18")).length, 1);
  assertEquals(rows.filter((row) => row.endsWith("x18 ...")).length, 1);
});

kernelTest("a failed exec is shown with -x only, with its arguments and error", {}, async () => {
  assertEquals(await rowsOf(["fail"]), []);
  const rows = await rowsOf(["fail", "failat", "failmany"], ["-x"]);
  assertEquals(rows.map((row) => row.path), [
    "/nonexistent/file",
    "/nonexistent/at",
    "/nonexistent/many",
  ]);
  assertEquals(rows.map((row) => row.ret), [-2, -2, -2]);
  assertEquals(rows[0].args, ["file", "a b"]);
  assertEquals(rows[1].args, ["at", "c"]);
  assertEquals([rows[2].args.length, rows[2].args_truncated], [20, true]);
});

kernelTest("a failed exec of a 32-bit call is shown too", {}, async () => {
  if (Deno.build.arch !== "x86_64") return;
  const rows = await rowsOf(["exec32"], ["-x"]);
  assertEquals(rows.map((row) => [row.path, row.args, row.ret]), [
    ["/nonexistent/32", ["compat"], -2],
  ]);
});

kernelTest("a script is shown as it was called, not as its interpreter is", {}, async () => {
  const script = Deno.makeTempFileSync({ suffix: ".sh" });
  try {
    Deno.writeTextFileSync(script, "#!/bin/sh -e\nexit 0\n");
    Deno.chmodSync(script, 0o755);
    await using tool = await started("-o", "json");
    await runExecs({ count: 1, path: script, args: () => ["one", script] });
    await tool.until("one");
    const row = parse((await tool.stop()).stdout).find((row) => row.path === script)!;
    assertEquals(row.args, [script, "one", script]);
  } finally {
    Deno.removeSync(script);
  }
});

kernelTest("every byte value comes through JSON and can be got back", {}, async () => {
  const [row] = await rowsOf(["bytes"]);
  const bytes = [...row.args[1]].flatMap((char) => {
    const code = char.codePointAt(0)!;
    return code >= 0xdc80 && code <= 0xdcff ? [code - 0xdc00] : [code];
  });
  assertEquals(bytes, Array.from({ length: 255 }, (_, i) => i + 1));
});

kernelTest("empty arguments are kept, and argv[0] is the real one", {}, async () => {
  const rows = await rowsOf(["empty", "noargs"]);
  assertEquals(rows.map((row) => row.args), [["true", "", ""], ["renamed"]]);
  assertEquals(rows[1].path, "/bin/true");
});

kernelTest("newlines and escapes never reach the terminal", {}, async () => {
  for (
    const [options, shown] of [
      [[], "/bin/true two\\nlines\\x1b[31mred"],
      [["-q"], "/bin/true $'two\\nlines\\033[31mred'"],
    ] as const
  ) {
    await using tool = await started(...options);
    await new Deno.Command(workload, { args: ["evil"] }).output();
    await tool.until("red");
    assertStringIncludes((await tool.stop()).stdout, shown);
  }
});

kernelTest("-q quotes so that the line can be pasted, and closes every quote", {}, async () => {
  await using tool = await started("-q", "--max-args=3");
  await runExecs({ count: 1, args: () => ["a b", "it's", "cut"] });
  await tool.until("...");
  const { stdout } = await tool.stop();
  assertStringIncludes(stdout, `/bin/true 'a b' 'it'\\''s' ...\n`);
});

kernelTest("-n and -l pick by command and by arguments", {}, async () => {
  for (
    const [options, seen] of [
      [["-n", "ru"], ["/bin/true 0", "/bin/true needle"]],
      [["-n", "needle"], []],
      [["-l", "needle"], ["/bin/true needle"]],
      [["-l", "PCOMM"], []],
    ] as const
  ) {
    await using tool = await started(...options);
    await runExecs({ count: 2, args: (i) => [i === 0 ? "0" : "needle"] });
    const { stdout } = await tool.stop();
    const rows = stdout.split("\n").filter((row) => row.includes(` ${Deno.pid} `));
    assertEquals(rows.map((row) => row.slice(row.indexOf("/bin/true"))), [...seen]);
  }
});

kernelTest("-u takes a name or a number, and only that user is traced", {}, async () => {
  for (const user of ["nobody", "65534"]) {
    await using tool = await started("-u", user, "-U");
    await runExecs({ count: 1, args: () => ["as-root"] });
    await new Deno.Command("setpriv", {
      args: ["--reuid", "65534", "--clear-groups", "/bin/true", "as-nobody"],
    }).output();
    await tool.until("as-nobody");
    const { stdout } = await tool.stop();
    assertMatch(stdout, /^65534 +true /m);
    assert(!stdout.includes("as-root"));
  }
});

kernelTest("time is the event's own, in RFC 3339 with nanoseconds", {}, async () => {
  await using tool = await started("-o", "json");
  const before = Date.now();
  await runExecs({ count: 1, args: () => ["now"] });
  const after = Date.now();
  await tool.until(`"now"`);
  const row = parse((await tool.stop()).stdout).find((row) => row.args[1] === "now")!;
  assertMatch(row.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  const time = Date.parse(row.time);
  assert(time >= before - 1 && time <= after + 1, `${row.time} is not within ${before}..${after}`);
});

kernelTest("the maps of execsnoop take at most 2 MiB of kernel memory", {}, async () => {
  await using tool = await started();
  const memlock = mapMemory(tool.pid);
  await tool.stop();
  assert(memlock.length >= 4, "all of its maps are seen");
  const total = memlock.reduce((sum, bytes) => sum + bytes, 0);
  assert(total <= 2 * 1024 * 1024, `${total} bytes`);
});

/** The memory of each map that a process holds, in bytes. */
function mapMemory(pid: number): number[] {
  return openFiles(pid)
    .filter((info) => /^map_type:/m.test(info))
    .map((info) => Number(/^memlock:\s*(\d+)/m.exec(info)![1]));
}

kernelTest("execsnoop() as a module gives typed events until it is stopped", {}, async () => {
  using trace = execsnoop({ fails: true });
  const running = runExecs();
  const pids: number[] = [];
  for await (const exec of trace) {
    if (exec.ppid !== Deno.pid) continue;
    assertEquals(exec.args, ["/bin/true", String(pids.length)]);
    pids.push(exec.pid);
    if (pids.length === 23) trace.stop();
  }
  assertEquals(pids, await running);
  assertEquals(trace.lost, 0n);
});
