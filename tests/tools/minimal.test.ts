import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { alone } from "../kernel/alone.ts";
import { delay, kernelTest, startCommand, startTool } from "../kernel/harness.ts";

await alone("trace_pipe");

const needs = ["tracefs", "pid_namespace"] as const;

kernelTest("minimal shows a line of its own for its writes", { needs }, async () => {
  await using tool = startTool("minimal");
  await tool.until((stdout) => stdout.split("\n").length > 3);
  const { stdout, code } = await tool.stop();
  const [header, ...lines] = stdout.trimEnd().split("\n");
  assertEquals(header, "TRACE PIPE");
  for (const line of lines) {
    assertMatch(line, new RegExp(`bpf_trace_printk: BPF triggered from PID ${tool.pid}\\.$`));
  }
  assertEquals(code, 0);
});

kernelTest("minimal does not answer to its own output without end", { needs }, async () => {
  await using tool = startTool("minimal");
  await tool.until("triggered");
  await delay(3000);
  const { stdout } = await tool.stop();
  assertGreater(60, stdout.split("\n").length);
});

kernelTest("minimal knows itself inside a pid namespace", { needs }, async () => {
  const tool = new URL("../../tools/minimal.ts", import.meta.url).pathname;
  await using inside = startCommand([
    ..."unshare --pid --fork --kill-child --mount-proc".split(" "),
    ...[Deno.execPath(), "run", "--allow-ffi", "--allow-read", tool, "--seconds", "2"],
  ]);
  const { stdout, code } = await inside.finish();
  assert(stdout.includes("BPF triggered from PID 1."), stdout);
  assertEquals(code, 0);
});

kernelTest("minimal says who is in its way when the trace pipe is taken", { needs }, async () => {
  await using reader = startTool("minimal");
  await reader.until("triggered");
  await using second = startTool("minimal");
  const { code, stdout, stderr } = await second.finish();
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /trace_pipe: Device or resource busy.*\n.*another program reads/);
});
