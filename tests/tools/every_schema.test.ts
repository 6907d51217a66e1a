/** What every tool prints as JSON is what its schema says, with all of its fields. */
import { assertEquals, assertMatch } from "@std/assert";
import { helpText } from "#lib/tool/options/help.ts";
import { findTool, toolNames } from "../../tools/denobpf/registry.ts";
import { faults } from "../unit/json_schema.ts";
import { delay, kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { scenariosOf } from "../kernel/scenario.ts";

for (const name of toolNames) {
  const { scenario } = await scenariosOf(name);
  const { args = [], isolated, workload } = scenario;

  kernelTest(`the JSON of ${name} is what its schema says`, scenario, async () => {
    const { fields } = await findTool(name);
    const all = Object.entries(fields).flatMap(([name, { only }]) =>
      only === "table" ? [] : [name]
    );
    const schema = JSON.parse((await runTool(name, ["--schema"])).stdout);
    assertEquals([schema.title, Object.keys(schema.properties)], [name, all]);

    const json = ["--output", "json", "--fields", all.join(), ...args];
    await using _ = await scenario.held?.();
    await using tool = isolated ? startIsolated(name, json) : startTool(name, json);
    if (workload !== undefined) {
      // JSON has no header to wait for.
      let waiting = true;
      const shown = tool.until("\n").finally(() => waiting = false);
      shown.catch(() => {});
      while (waiting) {
        await workload(tool);
        await delay(1); // a workload need not wait for anything, and the tool must be heard
      }
      await shown;
      tool.signal("SIGINT");
    }
    const { stdout, code } = await tool.finish();
    assertEquals(code, 0);
    const lines = stdout.trimEnd().split("\n");
    for (const line of lines) assertEquals(faults(schema, JSON.parse(line)), [], line);
    assertEquals(lines.includes(""), false);
  });
}

Deno.test("every field of every tool has its line in --help", async () => {
  for (const name of toolNames) {
    const tool = await findTool(name);
    const help = helpText(tool);
    for (const [field, { kind, brief }] of Object.entries(tool.fields)) {
      assertMatch(help, new RegExp(`^  ${field} +${kind.name} +\\S`, "m"), `${name}: ${field}`);
      assertEquals(brief === "", false, `${name}: ${field}`);
    }
  }
});
