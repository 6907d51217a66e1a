/**
 * Every tool and every example once, on a known number of events: the short answer to whether all of them
 * work on a kernel. What each can do besides is in tests of its own.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { toolNames } from "../../tools/registry.ts";
import { kernelTest, startTool } from "./harness.ts";
import { startIsolated } from "./isolated.ts";
import { examples, type Scenario, tools, wholeExecsnoop } from "./scenarios.ts";

const root = new URL("../../", import.meta.url).pathname;

async function check(name: string, scenario: Scenario): Promise<void> {
  const { args, count, event, isolated, workload } = scenario;
  await using tool = isolated ? startIsolated(name, args) : startTool(name, args);
  const refusal = scenario.refusal?.();
  if (refusal !== undefined) {
    const { code, stderr } = await tool.finish();
    assertMatch(stderr, refusal);
    return assertEquals(code, 69);
  }
  const shown = () => tool.stdout.match(event(tool))?.length ?? 0;
  if (workload === undefined) {
    const { code, stderr } = await tool.finish();
    assertEquals([shown(), code, stderr.replaceAll(".", "")], [count, 0, ""], tool.stdout);
    return;
  }
  await tool.until("\n");
  await workload(tool);
  await tool.until(() => shown() >= count);
  const { code, stderr } = await tool.stop();
  assertEquals([shown(), code, stderr], [count, 0, ""], tool.stdout);
}

for (const [name, scenario] of Object.entries(tools)) {
  kernelTest(`${name} shows its known events`, scenario, () => check(name, scenario));
}

kernelTest(
  "execsnoop shows all that it can gather",
  wholeExecsnoop,
  () => check("execsnoop", wholeExecsnoop),
);

for (const [name, scenario] of Object.entries(examples)) {
  kernelTest(
    `example ${name} shows its known events`,
    scenario,
    () => check(`examples/${name}`, scenario),
  );
}

Deno.test("no tool and no example is left out here", () => {
  const names = [...Deno.readDirSync(`${root}bpf/examples`)]
    .flatMap(({ name }) => name.match(/^(\w+)\.bpf\.c$/)?.[1] ?? []);
  assertEquals(Object.keys(tools).sort(), [...toolNames]);
  assertEquals(Object.keys(examples).sort(), names.sort());
});
