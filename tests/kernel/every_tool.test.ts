/**
 * Every tool and every example once, on a known number of events: the short answer to whether all of them
 * work on a kernel. What each can do besides is in tests of its own.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { toolNames } from "../../tools/denobpf/registry.ts";
import { kernelTest, startTool } from "./harness.ts";
import { startIsolated } from "./isolated.ts";
import { exampleNames, type Scenario, scenariosOf } from "./scenario.ts";

/** How events are reported that the kernel did not show to a program. */
const LEFT_OUT = /^\w+: lost \d+ events?( in all)? \(not shown to a busy program\)\n/gm;

async function check(name: string, scenario: Scenario): Promise<void> {
  const { args, at_end, count, event, interrupted, isolated, workload } = scenario;
  await using _ = await scenario.held?.();
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
  if (!at_end) await tool.until(() => shown() >= count);
  const { code, stderr } = await tool.stop();
  const faults = interrupted ? stderr.replaceAll(LEFT_OUT, "") : stderr;
  assertEquals([shown(), code, faults], [count, 0, ""], tool.stdout);
}

for (const path of [...toolNames, ...exampleNames.map((name) => `examples/${name}`)]) {
  try {
    const { scenario, more = {} } = await scenariosOf(path);
    const all = { "shows its known events": scenario, ...more };
    for (const [title, scenario] of Object.entries(all)) {
      kernelTest(`${path} ${title}`, scenario, () => check(path, scenario));
    }
  } catch (error) {
    Deno.test(`${path} has a scenario`, () => {
      throw error;
    });
  }
}
