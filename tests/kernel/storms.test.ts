/**
 * Very many events: what is shown and what is reported as lost are all that happened, exactly. Without
 * DENOBPF_LONG=true the storms are short (`make test-long` has the long ones).
 */

import { assert, assertEquals } from "@std/assert";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { Cgroup } from "./cgroup.ts";
import { kernelTest, long, type RunningTool, startCommand, startTool } from "./harness.ts";

const storm = new URL("../../build/tests/storm", import.meta.url).pathname;
const LIMIT_MS = 600_000;

/** Runs a command in a cgroup and gives the last line that it printed, a number. */
async function runIn(cgroup: Cgroup, ...command: string[]): Promise<number> {
  const { stdout, stderr } = await startCommand(cgroup.command(...command)).finish(LIMIT_MS);
  assertEquals(stderr, "");
  return Number(stdout.trimEnd().split("\n").at(-1));
}

/** The rows of CSV without its header, and what the tool reports of losses in all. */
async function outcome(tool: RunningTool): Promise<{ rows: string[]; lost: number }> {
  const { stdout, stderr, code } = await tool.stop("SIGINT", 60_000);
  assertEquals(code, 0, stderr);
  const lost = Number(/lost (\d+) events in all/.exec(stderr)?.[1] ?? 0);
  assert(lost > 0 || stderr === "", stderr);
  return { rows: stdout.trimEnd().split("\n").slice(1), lost };
}

for (const tool of ["execsnoop", "bootstrap"]) {
  kernelTest(`${tool} shows or counts every exec of a storm`, {}, async () => {
    const count = long() ? 100_003 : 2003;
    await using cgroup = new Cgroup();
    await using running = startTool(tool, ["-c", cgroup.path, "-o", "csv", "--fields", "pid,comm"]);
    await running.until("pid,comm\n");
    assertEquals(await runIn(cgroup, storm, "execs", String(count), "8"), count);
    const { rows, lost } = await outcome(running);
    // The shell executes the storm itself; bootstrap also shows ends: of each, of the workers, of it.
    const expected = tool === "execsnoop" ? count + 1 : 2 * count + 1 + 8 + 1;
    assertEquals(rows.length + lost, expected);
    assert(rows.every((row) => /^\d+,(true|storm)$/.test(row)));
  });
}

kernelTest("a pid that is given again at once is another process", {}, async () => {
  const count = 251;
  await using cgroup = new Cgroup();
  const fields = ["--fields", "pid,exit_code,args"];
  await using running = startTool("execsnoop", [
    "-c",
    cgroup.path,
    "--exit",
    "-o",
    "csv",
    ...fields,
  ]);
  await running.until("pid,exit_code,args\n");
  assertEquals(await runIn(cgroup, storm, "reuse", String(count)), count);
  const { rows, lost } = await outcome(running);
  assertEquals(lost, 0);
  const ends = rows.map((row) => /^(\d+),(\d*),.*exit (\d+)/.exec(row)).filter((row) =>
    row !== null
  );
  assertEquals(ends.map(([, , code]) => code), Array.from({ length: count }, (_, i) => `${i}`));
  assert(ends.every(([, , code, meant]) => code === meant));
  assert(new Set(ends.map(([, pid]) => pid)).size < count / 2, "pids were given again");
});

kernelTest("each of very many cgroups is shown by its name", {}, async () => {
  const count = long() ? 10_007 : 101;
  await using cgroup = new Cgroup();
  const fields = ["--fields", "cgroup,comm"];
  await using running = startTool("execsnoop", ["-c", cgroup.path, "-o", "csv", ...fields]);
  await running.until("cgroup,comm\n");
  assertEquals(await runIn(cgroup, storm, "cgroups", String(count), cgroup.path), count);
  const { rows, lost } = await outcome(running);
  assertEquals(lost, 0);
  const name = cgroup.path.slice(cgroupMount()!.length);
  const seen = rows.filter((row) => row.endsWith(",true"));
  assertEquals(seen, Array.from({ length: count }, (_, i) => `${name}/${i},true`));
});

kernelTest("4 MiB of arguments, and 4096 of them, are cut with a mark", {}, async () => {
  await using running = startTool("execsnoop", [
    "-o",
    "json",
    "--max-args",
    "1024",
    "--ppid",
    String(Deno.pid),
  ]);
  const big = `ulimit -s unlimited; a=$(head -c 100000 /dev/zero | tr '\\0' x); set --; ` +
    `while [ $# -lt 41 ]; do set -- "$@" "$a"; done; exec /bin/true "$@"`;
  const many = "exec /bin/true $(seq 4096)";
  const marker = setInterval(() => void startCommand(["/bin/true", "ready"]).finish(), 100);
  await running.until('"ready"');
  clearInterval(marker);
  for (const script of [big, many]) await startCommand(["bash", "-c", script]).finish();
  await running.until('"1023"');
  const { stdout } = await running.stop();
  const execs = stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ comm, args }) => comm === "true" && args[1] !== "ready");
  assertEquals(execs.map(({ args_truncated }) => args_truncated), [true, true]);
  assertEquals(execs[0].args[1], "x".repeat(8192 - "/bin/true".length - 1));
  assertEquals(execs[1].args.slice(1), Array.from({ length: 1023 }, (_, i) => String(i + 1)));
});
