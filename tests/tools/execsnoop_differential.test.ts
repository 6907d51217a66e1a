/**
 * execsnoop, the C tool of that name, and strace watch one workload. Where they differ, the test says by
 * which known fault of the C tool.
 */
import { assert, assertEquals } from "@std/assert";
import { kernelTest, startCommand, startTool } from "../kernel/harness.ts";

const workload = new URL("../../build/tests/execs", import.meta.url).pathname;

/** 23 times each of what all can see. */
const PLAIN = ["noargs", "empty", "evil", "fail"];
const TIMES = 23;

async function run(command: string, ...args: string[]): Promise<{ pid: number; stderr: string }> {
  const child = new Deno.Command(command, { args, stdout: "null", stderr: "piped" }).spawn();
  const { stderr } = await child.output();
  return { pid: child.pid, stderr: new TextDecoder().decode(stderr) };
}

/** How many lines of a table are of a child of `pid`, and how many of these failed. */
function counts(stdout: string, pid: number): { all: number; failed: number } {
  const rows = stdout.split("\n").map((line) => /^.{16} \d+ +(\d+) +(\S+)/.exec(line))
    .filter((row) => Number(row?.[1]) === pid);
  return { all: rows.length, failed: rows.filter((row) => row![2] !== "0").length };
}

/** Runs the workload under both tools and gives their counts for it. */
async function watch(kinds: string[]) {
  await using ours = startTool("execsnoop", ["-x"]);
  await using theirs = startCommand(["stdbuf", "-oL", "/usr/sbin/execsnoop", "-x"]);
  await ours.until("PCOMM");
  await theirs.until("PCOMM");
  const { pid } = await run(workload, ...kinds);
  const last = await run("/bin/true", "the-very-last");
  await ours.until("the-very-last");
  await theirs.until("the-very-last");
  assert(last.pid > 0);
  return {
    ours: counts((await ours.stop()).stdout, pid),
    theirs: counts((await theirs.stop()).stdout, pid),
  };
}

kernelTest("execsnoop counts what the C tool and strace count", {}, async () => {
  const kinds = PLAIN.flatMap((kind) => Array(TIMES).fill(kind));
  const { ours, theirs } = await watch(kinds);
  assertEquals(ours, { all: PLAIN.length * TIMES, failed: TIMES });
  assertEquals(ours, theirs);

  const summary = ["-f", "-c", "-U", "name,calls,errors", "-e", "trace=execve,execveat"];
  const { stderr } = await run("strace", ...summary, workload, ...kinds);
  const [, calls, errors] = /^execve +(\d+) +(\d+)$/m.exec(stderr)!;
  // strace also counts the start of the workload itself.
  assertEquals([Number(calls), Number(errors)], [ours.all + 1, ours.failed]);
});

kernelTest(
  "the C tool misses execs from threads and execveat, execsnoop does not",
  {},
  async () => {
    const kinds = ["thread", "execveat", "fexecve", "failat"];
    const { ours, theirs } = await watch(kinds.flatMap((kind) => Array(TIMES).fill(kind)));
    assertEquals(ours, { all: 4 * TIMES, failed: TIMES });
    // Faults of the C tool: it looks an exec up by a thread id that has changed, and hooks execve alone.
    assertEquals(theirs, { all: 0, failed: 0 });
  },
);
