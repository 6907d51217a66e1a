/** What the frame does for every tool, with real tools on real workloads. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { bootstrap } from "../../tools/bootstrap.ts";
import { execsnoop } from "../../tools/execsnoop.ts";
import {
  delay,
  kernelTest,
  type Output,
  patient,
  runExecs,
  type RunningTool,
  runTool,
  startCommand,
  startTool,
} from "./harness.ts";

const root = new URL("../../", import.meta.url).pathname;
const RUN = `${Deno.execPath()} run --cached-only --allow-ffi --allow-read`;

/** Runs a line of bash in which `run` is Deno with the permissions of a tool. */
function shell(line: string): Promise<Output> {
  return startCommand(["bash", "-c", `run='${RUN}'; cd ${root}; ${line}`]).finish();
}

/** The lines of a table without its header, each without the spaces that fill its columns. */
function rows(stdout: string): string[] {
  return stdout.trimEnd().split("\n").slice(1).map((row) => row.trim().replace(/ +/g, " "));
}

kernelTest("the exit code says how a tool ended", {}, async () => {
  const tool = "$run tools/bootstrap.ts";
  const expected: [string, number, RegExp][] = [
    [`${tool} --seconds 0`, 0, /^$/],
    [
      `DENOBPF_LIBBPF=build/skel/bootstrap.ts ${tool}`,
      69,
      /^bootstrap: Cannot open .*, which DENOBPF_LIBBPF names/,
    ],
    [`${tool} --duration=-1`, 64, /^bootstrap: --duration: "-1" is not a whole number/],
    [
      `unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && ${RUN} tools/bootstrap.ts'`,
      69,
      /BTF/,
    ],
    [`${tool} >/dev/full`, 74, /^bootstrap: Cannot write the output: No space left/],
    [
      `setpriv --bounding-set=-all --inh-caps=-all ${tool}`,
      77,
      /^bootstrap: Cannot load bootstrap/,
    ],
    [`${RUN.replace("--allow-ffi", "")} tools/bootstrap.ts`, 77, /--allow-ffi --allow-read/],
  ];
  for (const [line, code, message] of expected) {
    const outcome = await shell(line);
    assertEquals([outcome.code, outcome.stderr.match(message) !== null], [code, true], line);
  }
});

/** Stops the tool with SIGSTOP while so many processes run and end that its ring overflows. */
async function overflow(tool: RunningTool, count: number): Promise<void> {
  tool.signal("SIGSTOP");
  await runExecs({ count });
  tool.signal("SIGCONT");
}

kernelTest("losses are reported when they happen and in all, and none is missing", {}, async () => {
  // 256 KiB hold some 840 events of bootstrap; these are 1202.
  const count = 601;
  for (const strict of [[], ["--strict"]]) {
    await using tool = startTool("bootstrap", ["--ppid", String(Deno.pid), "-o", "csv", ...strict]);
    await tool.until("\n");
    await overflow(tool, count);
    await tool.until((_, stderr) => stderr.includes("lost"));
    const { stdout, stderr, code } = await tool.stop();
    const told = /^bootstrap: lost (\d+) events \(ring buffer full\)\n/.exec(stderr);
    assert(told, stderr);
    assertEquals(stderr, told[0] + told[0].replace("events", "events in all"));
    assertEquals(rows(stdout).length + Number(told[1]), 2 * count);
    assertEquals(code, strict.length > 0 ? 1 : 0);
  }
});

kernelTest("--strict ends with 0 where nothing is lost", {}, async () => {
  const { code, stderr } = await runTool("bootstrap", ["--strict"], {
    workload: runExecs,
    until: "/bin/true",
  });
  assertEquals([code, stderr], [0, ""]);
});

kernelTest("--fields shows what the default table hides, in the order given", {}, async () => {
  for (const output of ["table", "csv"]) {
    const { stdout } = await runTool(
      "execsnoop",
      ["--ppid", String(Deno.pid), "--fields", "args,cwd,pid", "-o", output],
      { workload: () => runExecs({ count: 1, args: () => ["shown"] }), until: "shown" },
    );
    assertMatch(
      stdout,
      output === "csv"
        ? /^args,cwd,pid\n\/bin\/true shown,\/\S*,\d+\n$/
        : /^ARGS CWD +PID\n\/bin\/true shown \/\S* +\d+\n$/,
    );
  }
});

kernelTest("--filter picks exactly the events that are meant", {}, async () => {
  const workload = () => runExecs({ args: (i) => [i % 2 === 0 ? "even" : "odd", String(i)] });
  const expected: [string, number][] = [
    ["args==odd", 11],
    ["args~'even (1|2)[0-9]*$'", 8],
    ["path==/bin/true && args!=odd && ret==0", 12],
    [`cwd==${Deno.cwd()} && args==even`, 12],
    ["args==none", 0],
  ];
  for (const [filter, count] of expected) {
    const { stdout } = await runTool(
      "execsnoop",
      ["--ppid", String(Deno.pid), "--filter", filter],
      {
        workload,
        until: "PCOMM",
      },
    );
    assertEquals(rows(stdout).length, count, filter);
  }
});

kernelTest("--events counts what is shown, not what --filter dropped", {}, async () => {
  await using tool = startTool("bootstrap", [
    ...["--ppid", String(Deno.pid), "--filter", "event==EXIT", "--events", "5"],
  ]);
  await tool.until("PID");
  await runExecs();
  const { stdout } = await tool.finish();
  assertEquals(rows(stdout).map((row) => row.split(" ")[1]), Array(5).fill("EXIT"));
});

kernelTest("--time-format shows when the event happened, not when it is printed", {}, async () => {
  await using tool = startTool("bootstrap", [
    ...["--ppid", String(Deno.pid), "--time-format", "unix", "--fields", "time"],
  ]);
  await tool.until("TIME");
  tool.signal("SIGSTOP");
  const before = Date.now();
  await runExecs({ count: 1 });
  const after = Date.now();
  await delay(300);
  tool.signal("SIGCONT");
  await tool.until((stdout) => rows(stdout).length === 2);
  for (const row of rows((await tool.stop()).stdout)) {
    const milliseconds = Number(row) * 1000;
    assert(milliseconds > before - 2 && milliseconds < after + 2, row);
  }
});

kernelTest("several tools trace side by side in one process", {}, async () => {
  const { signal, abort } = abortable();
  using execs = execsnoop({ ppid: Deno.pid, signal });
  using lives = bootstrap({ ppid: Deno.pid, signal });
  const both = Promise.all([Array.fromAsync(execs), Array.fromAsync(lives)]);
  const pids = await runExecs();
  abort();
  const [shown, ends] = await both;
  assertEquals(shown.map(({ pid }) => pid), pids);
  assertEquals(ends.map(({ pid }) => pid), pids.flatMap((pid) => [pid, pid]));
  assertEquals([execs.lost, lives.lost, lives.losses.ring], [0n, 0n, 0n]);
});

kernelTest("an AbortSignal ends a trace, also one that was aborted before", {}, async () => {
  const { signal, abort } = abortable();
  using trace = bootstrap({ signal });
  setTimeout(abort, 50);
  for await (const _ of trace);
  using late = bootstrap({ signal });
  for await (const _ of late);
  using timed = execsnoop({ signal: AbortSignal.timeout(50) });
  for await (const _ of timed);
});

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

kernelTest("a script needs no more permissions than a tool", {}, async () => {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const { href } = new URL("../../tools/execsnoop.ts", import.meta.url);
    await Deno.writeTextFile(
      script,
      `import { execsnoop } from "${href}";
       using trace = execsnoop({ ppid: ${Deno.pid} });
       console.log("ready");
       for await (const exec of trace) {
         console.log(exec.args.join(" "));
         break;
       }
       console.log(trace.lost);`,
    );
    const args = ["--config", `${root}deno.json`, "--allow-ffi", "--allow-read", script];
    await using running = startCommand([Deno.execPath(), "run", ...args]);
    await running.until("ready");
    await runExecs({ count: 1, args: () => ["seen"] });
    const { stdout, stderr, code } = await running.finish();
    assertEquals([stdout, stderr, code], ["ready\n/bin/true seen\n0n\n", "", 0]);
  } finally {
    await Deno.remove(script);
  }
});

/**
 * Whether a process waits in an epoll instance that has another one in it: see lib/sys/held_loop.ts.
 * @throws {Deno.errors.NotFound} if the process has ended
 */
function holdsItsLoop(pid: number): boolean {
  Deno.lstatSync(`/proc/${pid}/fd`);
  try {
    return hasEpollInAnother(pid);
  } catch (error) {
    // It has closed a file since they were listed: not waiting yet.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function hasEpollInAnother(pid: number): boolean {
  const folder = `/proc/${pid}/fd`;
  const epolls = new Set(
    [...Deno.readDirSync(folder)].map(({ name }) => name)
      .filter((fd) => Deno.readLinkSync(`${folder}/${fd}`) === "anon_inode:[eventpoll]"),
  );
  return [...epolls].some((fd) =>
    [...Deno.readTextFileSync(`/proc/${pid}/fdinfo/${fd}`).matchAll(/^tfd:\s*(\d+)/gm)]
      .some(([, target]) => epolls.has(target))
  );
}

kernelTest(
  "a command holds the event loop while it waits, and ends in time all the same",
  {},
  async () => {
    await using tool = startTool("execsnoop", ["--seconds", "1.5"]);
    await tool.until("PCOMM");
    await runExecs({ count: 1, args: () => ["held"] });
    await tool.until("held");
    while (!holdsItsLoop(tool.pid)) await delay(10);
    const before = performance.now();
    assertEquals((await tool.finish()).code, 0);
    // A loop that knows nothing of the timer would come to it after a second of its own.
    assertLess(performance.now() - before, 1500 + patient(500));
  },
);

kernelTest("a script that reads a trace keeps its own timers", {}, async () => {
  const { stdout, code } = await shell(`$run - <<'end'
    import { execsnoop } from "${root}tools/execsnoop.ts";
    using trace = execsnoop();
    let ticks = 0;
    setInterval(() => ++ticks === 23 && trace.stop(), 10);
    for await (const _ of trace);
    console.log(ticks);
    Deno.exit();
end`);
  assertEquals([Number(stdout) >= 23, code], [true, 0]);
});
