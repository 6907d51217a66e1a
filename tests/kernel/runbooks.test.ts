/** The scripts of docs/runbooks.md, taken from the page and run as it says, on real workloads. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { kernelTest, patient, runExecs, type RunningTool, startCommand } from "./harness.ts";

const root = new URL("../../", import.meta.url).pathname;
const folder = `${root}build/tests/runbooks/`;
const page = Deno.readTextFileSync(`${root}docs/runbooks.md`);

/** Each script's name, and the permissions of the command above it. */
const scripts = new Map(
  [...page.matchAll(/^`deno run ([^`]*?) (\w+\.ts)[^`]*`\n\n```ts file=(\S+)\n(.*?)^```/gms)]
    .map(([, permissions, command, file, source]) => {
      assertEquals(command, file);
      Deno.mkdirSync(folder, { recursive: true });
      // On the page they lie in the checkout's own folder.
      Deno.writeTextFileSync(folder + file, source.replaceAll('from "./', 'from "../../../'));
      return [file, permissions.split(" ")];
    }),
);

/** Starts a script, and waits until it says on stderr that it is under way. */
async function started(file: string, ...args: string[]): Promise<RunningTool> {
  const permissions = scripts.get(file)!.map((flag) => flag.replace("=", `=${folder}`));
  const command = [Deno.execPath(), "run", ...permissions, folder + file, ...args];
  const script = startCommand(command, { cwd: folder });
  await script.until((_, stderr) => stderr.includes("\n"));
  return script;
}

kernelTest("the runbooks are five, and their types are right", {}, async () => {
  assertEquals([...scripts.keys()], [
    "watch.ts",
    "deploy.ts",
    "noisiest.ts",
    "wait.ts",
    "record.ts",
  ]);
  assertEquals(page.match(/^```ts/gm)?.length, scripts.size);
  for (const permissions of scripts.values()) {
    assertEquals(permissions.slice(0, 2), ["--allow-ffi", "--allow-read"]);
  }
  const files = [...scripts.keys()].map((file) => folder + file);
  const { code, stderr } = await startCommand([Deno.execPath(), "check", ...files]).finish(120_000);
  assertEquals(code, 0, stderr);
});

kernelTest("watch.ts alerts on every execution of a binary, by whatever name", {}, async () => {
  const link = Deno.makeTempDirSync() + "/harmless";
  Deno.symlinkSync("/bin/true", link);
  await using script = await started("watch.ts", "/bin/true");
  const pids = await runExecs({ path: link, args: (i) => [`a b${i}`] });
  await runExecs({ count: 1, path: "/bin/false" });
  await script.until("b22'\n");
  const { stdout, stderr } = await script.stop();
  const own = stdout.trimEnd().split("\n").filter((line) => line.includes(`(${Deno.pid}): `));
  assertEquals(own.map((line) => Number(/pid (\d+)/.exec(line)![1])), pids);
  assertMatch(
    own[22],
    /^\d{4}-\S+Z \/\S+\/true by uid \d+, pid \d+, of \S+ \(\d+\): \S+harmless 'a b22'$/,
  );
  assertMatch(stderr, /^watching \/\S+\/true\n$/);
});

kernelTest("deploy.ts reports what ran, how often, and what failed", {}, async () => {
  const copy = Deno.makeTempDirSync() + "/deploy-step";
  Deno.copyFileSync("/bin/sh", copy);
  await using script = await started("deploy.ts");
  await runExecs({ path: copy, args: (i) => ["-c", `exit ${i < 20 ? 0 : 3}`] });
  await runExecs({ count: 1, path: copy, args: () => ["-c", "kill -KILL $$"] });
  const { stdout, code } = await script.stop();
  assertMatch(stdout, /^ {2}RUNS FAILED {2}SECONDS PROGRAM\n/);
  assertMatch(stdout, new RegExp(`^    24      4    \\d\\.\\d{3} ${copy}$`, "m"));
  assertEquals(stdout.match(new RegExp(`^exit code 3: ${copy} -c 'exit 3'$`, "gm"))?.length, 3);
  assertEquals(stdout.match(new RegExp(`^SIGKILL: ${copy} .*$`, "gm"))?.length, 1);
  assertEquals(code, 0);
});

kernelTest("noisiest.ts names the process that calls the most, and its call", {}, async () => {
  await using script = await started("noisiest.ts", "2");
  // dd makes nothing but reads and writes of one byte.
  await using dd = startCommand(["dd", "if=/dev/zero", "of=/dev/null", "bs=1"]);
  const { stdout, code } = await script.finish();
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(header, "   CALLS/s     PID COMM             MOST OF THEM");
  assert(rows.length >= 2 && rows.length <= 10);
  const own = rows.find((row) => row.includes(` ${dd.pid} `));
  assertMatch(own!, /^ *\d{4,}\.\d +\d+ dd {14} (read|write) \(50%\)$/);
  const rates = rows.map((row) => parseFloat(row));
  assertEquals(rates, rates.toSorted((a, b) => b - a));
  assertEquals(code, 0);
});

kernelTest("wait.ts ends with the exit code of the process it waits for", {}, async () => {
  for (
    const [line, code, told] of [
      ["exit 0", 0, "exit code 0"],
      ["exit 43", 43, "exit code 43"],
      ["kill -TERM $$", 1, "SIGTERM"],
    ] as const
  ) {
    const child = new Deno.Command("sh", { args: ["-c", `read line; ${line}`], stdin: "piped" })
      .spawn();
    await using script = await started("wait.ts", String(child.pid));
    await child.stdin.close();
    await child.status;
    const outcome = await script.finish();
    assertEquals(outcome.code, code);
    assertMatch(outcome.stdout, new RegExp(`^${child.pid} ended after \\d+\\.\\d s: ${told}\n$`));
  }
});

kernelTest("wait.ts does not wait for a process that is not there", {}, async () => {
  const [gone] = await runExecs({ count: 1 });
  await using script = await started("wait.ts", String(gone));
  const { code, stderr } = await script.finish();
  assertEquals([code, stderr], [69, `there is no process ${gone}\n`]);
});

kernelTest("record.ts leaves a file that its summary and jq agree on", {}, async () => {
  const seconds = String(patient(6)); // more than a busy machine takes for the execs
  await using script = await started("record.ts", "execs.ndjson", seconds);
  await runExecs();
  const { stdout, stderr, code } = await script.finish();
  assertEquals([code, stderr], [0, `recording to execs.ndjson for ${seconds} s\n`]);
  const jq = [`[.[] | select(.ppid == ${Deno.pid} and .path == "/bin/true")] | length`, "length"];
  const counts = await Promise.all(jq.map(async (filter) => {
    const command = ["jq", "-s", filter, `${folder}execs.ndjson`];
    return Number((await startCommand(command).finish()).stdout);
  }));
  assertEquals(counts[0], 23);
  assertMatch(stdout, new RegExp(`^${counts[1]} execs, \\d+ of them failed\n`));
  assertMatch(stdout, /^most frequent comm: ".+", \d+$/m);
});
