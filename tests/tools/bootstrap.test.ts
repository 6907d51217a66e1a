import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  execUntilShown,
  kernelTest,
  runExecs,
  type RunningTool,
  startTool,
} from "../kernel/harness.ts";

const workload = new URL("../../build/tests/ends", import.meta.url).pathname;

async function started(...args: string[]): Promise<RunningTool> {
  const tool = startTool("bootstrap", args);
  await tool.until("FILENAME/EXIT CODE");
  return tool;
}

/** Runs kinds of tests/workloads/ends.c; gives the rows of each child as `[event, last column, comm]`. */
async function rowsOf(kinds: string[], options: string[] = []): Promise<string[][][]> {
  await using tool = await started(...options);
  const { stdout: pids } = await new Deno.Command(workload, { args: kinds }).output();
  const [last] = await runExecs({ count: 1, path: "/bin/sleep", args: () => ["0.3"] });
  await tool.until(new RegExp(`^\\S+ EXIT  \\S+ +${last} `, "m"));
  const rows = (await tool.stop()).stdout.trimEnd().split("\n").slice(1).map((row) =>
    /^\S+ (EXEC|EXIT) {2}(.{16}) (\d+) +(\d+) +(.*)$/.exec(row)!.slice(1)
  );
  return new TextDecoder().decode(pids).trimEnd().split("\n").map((line) => {
    const pid = line.split(" ")[1];
    return rows.filter((row) => row[2] === pid).map((row) => [row[0], row[4], row[1].trim()]);
  });
}

/** Durations differ from run to run. */
function withoutTime(rows: string[][]): string[] {
  return rows.map(([event, text]) => `${event} ${text.replace(/\d+ms/, "Nms")}`);
}

kernelTest("bootstrap counts 23 execs and 23 exits exactly", {}, async () => {
  await using tool = await started();
  const pids = await runExecs();
  await tool.until(new RegExp(`^\\S+ EXIT  \\S+ +${pids[22]} `, "m"));
  const { stdout, stderr, code } = await tool.stop("SIGTERM");
  for (const [event, last] of [["EXEC", "/bin/true"], ["EXIT", "[0] (0ms)"]]) {
    const seen = stdout.split("\n").filter((row) => row.slice(9).startsWith(event))
      .map((row) => [Number(row.slice(32, 39)), row.slice(48).replace(/\(\d+ms/, "(0ms")] as const)
      .filter(([pid]) => pids.includes(pid));
    assertEquals(seen, pids.map((pid) => [pid, last] as const));
  }
  assertEquals([code, stderr], [0, ""]);
});

kernelTest("bootstrap's header is libbpf-bootstrap's", {}, async () => {
  await using tool = await started();
  const { stdout } = await tool.stop();
  assertEquals(
    stdout.split("\n")[0],
    "TIME     EVENT COMM             PID     PPID    FILENAME/EXIT CODE",
  );
});

kernelTest("a signal that ended a process shows as its name", {}, async () => {
  const [code, kill, abort] = await rowsOf(["code", "kill", "abort"]);
  assertEquals(withoutTime(code), ["EXIT [7] (Nms)"]);
  assertEquals(withoutTime(kill), ["EXIT [SIGKILL] (Nms)"]);
  assertEquals(withoutTime(abort), ["EXIT [SIGABRT] (Nms)"]);
});

kernelTest("a leader that calls pthread_exit gives one EXIT, with the real code", {}, async () => {
  const [rows] = await rowsOf(["leader"]);
  assertEquals(withoutTime(rows), ["EXIT [5] (Nms)"]);
  assertEquals(rows[0][2], "ends", "the name is the process's, not its last thread's");
  const duration = Number(/\((\d+)ms\)/.exec(rows[0][1])![1]);
  assert(duration >= 50, "the process lived as long as its last thread");
});

kernelTest("an exec from a thread gives one EXEC and one EXIT", {}, async () => {
  const [rows] = await rowsOf(["thread"]);
  assertEquals(withoutTime(rows), ["EXEC /bin/true", "EXIT [0] (Nms)"]);
});

kernelTest("threads that all end at once give one EXIT, 101 times", {}, async () => {
  const children = await rowsOf(Array(101).fill("race"));
  assertEquals(children.map(withoutTime), Array(101).fill(["EXIT [0] (Nms)"]));
});

kernelTest("-d shows only the ends of those that lived long enough", {}, async () => {
  const [slow, code] = await rowsOf(["slow", "code"], ["-d", "200"]);
  assertEquals(code, []);
  assertEquals(slow.length, 1);
  assertMatch(slow[0][1], /^\[0\] \(2[5-9]\dms\)$|^\[0\] \([3-9]\d\dms\)$/);
});

kernelTest("JSON has exit code, signal and duration of their own", {}, async () => {
  await using tool = startTool("bootstrap", ["-o", "json"]);
  await execUntilShown(tool, "/bin/true", "EXIT");
  const { stdout } = await tool.stop();
  const rows = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const exit = rows.find((row) => row.event === "EXIT" && row.ppid === Deno.pid)!;
  assertEquals([exit.exit_code, exit.signal, exit.filename], [0, null, null]);
  assert(exit.duration_ns > 0);
});
