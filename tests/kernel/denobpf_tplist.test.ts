/** `denobpf tplist` against what the kernel and the compiler have written. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { rows } from "./commands.ts";
import { hasFeature } from "./features.ts";
import { kernelTest, runTool } from "./harness.ts";

const TRACEFS = "/sys/kernel/tracing";

const probed = new URL("../../build/tests/probed", import.meta.url).pathname;

kernelTest(
  "tracepoints are those of the kernel, with the fields of their records",
  {},
  async () => {
    const shown = await rows("tplist", "t:sched:*");
    const events = Deno.readTextFileSync(`${TRACEFS}/available_events`).split("\n")
      .filter((line) => line.startsWith("sched:"));
    assertEquals(shown.map(({ name }) => name), events);
    assert(events.length > 10);
    const fork = shown.find(({ name }) => name === "sched:sched_process_fork")!;
    const format = Deno.readTextFileSync(`${TRACEFS}/events/sched/sched_process_fork/format`);
    const fields = [...format.matchAll(/field:(?:__data_loc )?(.*?);/g)]
      .map(([, declared]) => declared).filter((declared) => !declared.includes(" common_"));
    const spaced = (text: unknown) => String(text).replaceAll(" ", "").replace("char[]", "char");
    assertEquals((fork.arguments as string[]).map((text) => spaced(text).replace("[]", "")), [
      ...fields.map(spaced),
    ]);
    assertEquals([fork.kind, fork.places, fork.reason], ["tracepoint", 1, null]);
  },
);

kernelTest("names are left out, and taken for regular expressions", {}, async () => {
  const shown = await rows(
    "tplist",
    "-r",
    "t:sched:sched_process_(exec|exit|fork)$",
    "-x",
    "*exit",
  );
  assertEquals(shown.map(({ name }) => name).sort(), [
    "sched:sched_process_exec",
    "sched:sched_process_fork",
  ]);
});

kernelTest("probes and functions of a file are shown", {}, async () => {
  const [probe, ...others] = await rows("tplist", `u:${probed}:*`);
  assertEquals(others, []);
  assertMatch(`${probe.name}`, /^\w+:step$/);
  assertMatch(`${probe.arguments}`, /^-4@\S+$/);
  assertEquals([probe.kind, probe.owner, probe.places], ["usdt", probed, 1]);
  const [main] = await rows("tplist", `${probed}:ma?n`);
  assertEquals([main.kind, main.name, main.owner, main.arguments], [
    "function",
    "main",
    probed,
    null,
  ]);
  // the program of a process
  const process = new Deno.Command(probed, { args: ["1"], stdin: "piped", stdout: "null" }).spawn();
  const [own] = await rows("tplist", "u::step", "-p", `${process.pid}`);
  await process.stdin.close();
  await process.status;
  assertEquals([own.name, own.owner], [probe.name, probed]);
});

kernelTest("a function of the kernel has its parameters, where it can be traced", {}, async () => {
  if (!hasFeature("kprobe")) {
    const { stderr, code } = await runTool("denobpf", ["tplist", "vfs_read"]);
    assertMatch(stderr, /no kprobes/);
    return assertEquals(code, 69);
  }
  const [read, ...others] = await rows("tplist", "vfs_read");
  assertEquals([read.kind, read.name, read.arguments, others], ["function", "vfs_read", [
    "struct file *file",
    "char *buf",
    "size_t count",
    "loff_t *pos",
  ], []]);
});

kernelTest("a name that nothing has is an error, with the nearest one", {}, async () => {
  const { stdout, stderr, code } = await runTool("denobpf", ["tplist", "t:sched:sched_swich"]);
  assertMatch(stderr, /No tracepoint .*did you mean t:sched:sched_switch/s);
  assertEquals([stdout, code], ["", 64]);
  const table = await runTool("denobpf", ["tplist", "t:sched:sched_process_exit"]);
  assertMatch(
    table.stdout,
    /^NAME +ARGUMENTS *\nsched:sched_process_exit +char comm\[16\], pid_t pid/,
  );
});
