/** forks against what is created, and against what the kernel counts. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Created, forks } from "../../tools/forks.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { create } from "./children.ts";

/** What a trace with these options counts, all tables together. */
async function counted(options: Parameters<typeof forks>[0], work: () => void): Promise<Created[]> {
  using trace = forks(options);
  work();
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals([trace.losses.map ?? 0n], [0n]);
  return rows;
}

const countsOf = ({ processes, threads, execs }: Created) => [processes, threads, execs];

kernelTest("processes, threads and programs are counted by who creates them", {}, async () => {
  let pid = 0;
  const rows = await counted({ process: true }, () => {
    pid = create({ processes: 997, threads: 31, execs: 23 });
  });
  const [own, ...others] = rows.filter((row) => row.pid === pid);
  assertEquals([countsOf(own), own.comm, others], [[997 + 23, 31, 23], "children", []]);
  assert(own.processes_per_second > 0 && own.threads_per_second > 0);
  assertEquals(
    Math.round(own.processes_per_second / own.threads_per_second * 1000),
    Math.round((997 + 23) / 31 * 1000),
  );
});

kernelTest("processes of one name are one, unless --process keeps them apart", {}, async () => {
  let pids: number[] = [];
  const work = () => {
    pids = [create({ processes: 7 }), create({ threads: 3 }), create({ execs: 2 })];
  };
  const together = await counted({ comm: "children" }, work);
  assertEquals(together.map((row) => [row.pid, row.comm, countsOf(row)]), [
    [undefined, "children", [9, 3, 2]],
  ]);
  const apart = await counted({ comm: "children", process: true }, work);
  const by = new Map(apart.map((row) => [row.pid, countsOf(row)]));
  assertEquals(pids.map((pid) => by.get(pid)), [[7, 0, 0], [0, 3, 0], [2, 0, 2]]);
  assertEquals(apart.length, 3);
});

/** How many the kernel has created since it booted: proc_stat(5). */
function created(): number {
  return Number(/^processes (\d+)$/m.exec(Deno.readTextFileSync("/proc/stat"))![1]);
}

kernelTest("all together are what /proc/stat has", {}, async () => {
  let inner = 0;
  let before = 0;
  let after = 0;
  const outer = created();
  const [row, ...more] = await counted({ total: true }, () => {
    before = created();
    create({ processes: 101, threads: 13 });
    after = created();
    inner = after - before;
  });
  const all = created() - outer;
  assertEquals([more, row.comm], [[], undefined]);
  const count = row.processes + row.threads;
  assert(inner >= 101 + 13 && inner <= count && count <= all, `${inner} ${count} ${all}`);
});

kernelTest("targets are those of the task that creates", {}, async () => {
  await using cgroup = new Cgroup();
  const work = () => void create({ processes: 3, execs: 2 });
  for (const options of [{ comm: "nobody" }, { cgroup: cgroup.path }, { pid: [1] }]) {
    assertEquals(await counted(options, work), [], JSON.stringify(options));
  }
  const [row] = await counted({ ppid: Deno.pid, comm: "children" }, work);
  assertEquals(countsOf(row), [5, 0, 2]);
});

kernelTest("a table has the columns that are asked for", {}, async () => {
  const shown = async (row: RegExp, ...args: string[]) => {
    await using tool = startTool("forks", ["--comm", "children", ...args]);
    await tool.until("\n");
    create({ processes: 7, threads: 2 });
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    assertMatch(stdout, row);
    return stdout.split("\n").find((line) => line.includes("PROC/s"))!.trimEnd();
  };
  const counts = "PROCESSES   THREADS     EXECS    PROC/s  THREAD/s";
  const rates = "[\\d.]+ +[\\d.]+";
  assertEquals(await shown(new RegExp(`^ +7 +2 +0 +${rates} children *$`, "m")), `${counts} COMM`);
  assertEquals(
    await shown(new RegExp(`^ +7 +2 +0 +${rates} \\d+ +children *$`, "m"), "-P", "--rows", "3"),
    `${counts} PID     COMM`,
  );
  assertEquals(await shown(new RegExp(`^ +7 +2 +0 +${rates} *$`, "m"), "--total"), counts);
});

kernelTest("INTERVAL and COUNT say how often, and --top wants a terminal", {}, async () => {
  await using tool = startTool("forks", ["--comm", "children", "--process", "0.1", "3"]);
  await tool.until("\n");
  const pid = create({ processes: 1 });
  const { stdout, code } = await tool.finish();
  assertMatch(
    stdout,
    new RegExp(`^\\[\\d\\d:\\d\\d:\\d\\d\\]\n.*\n +1 .* ${pid} +children *$`, "m"),
  );
  assertEquals(code, 0);
  const top = await runTool("forks", ["--top"]);
  assertMatch(top.stderr, /terminal/);
  assertEquals(top.code, 64);
});
