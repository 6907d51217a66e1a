/**
 * Every tool and every example is loaded and attached with all that it can be asked for, in one process:
 * whether a kernel takes what a compiler has made of the kernel halves. What they show is
 * every_tool.test.ts's part.
 */
import { assertMatch, assertRejects } from "@std/assert";
import { type Trace, withDefaults } from "#lib/tool/mod.ts";
import type { Tool } from "#lib/tool/tool.ts";
import { toolNames } from "../../tools/denobpf/registry.ts";
import { kernelTest } from "./harness.ts";
import { exampleNames, scenariosOf } from "./scenario.ts";

const variants = [...Deno.readDirSync(new URL("../../bpf/variants", import.meta.url))];

/**
 * Loads and attaches what the tool has, without options and with each of those that ask for more.
 * @param lacks what it says of those where the kernel lacks something
 */
async function load(path: string, lacks?: RegExp): Promise<void> {
  const { tool }: { tool: Tool<unknown, unknown> } = await import(`../../tools/${path}.ts`);
  const { columns, demanding = [], options } = tool;
  const defaults = withDefaults(options, {});
  // An object of its own may serve what the plain table shows. Elsewhere that leaves parts out of the same one.
  if (variants.some(({ name }) => name.startsWith(`${path}_`))) {
    const plain = new Set(columns(defaults).filter((name) => name !== false));
    await runThrough(tool.trace(defaults, plain));
  }
  const loadWith = (more: object) =>
    runThrough(tool.trace(withDefaults(options, more as typeof defaults)));
  await loadWith({});
  for (const more of demanding) {
    if (lacks === undefined) await loadWith(more);
    else assertMatch((await assertRejects(async () => await loadWith(more), Error)).message, lacks);
  }
}

async function runThrough(trace: Trace<unknown>): Promise<void> {
  using stopped = trace;
  stopped.stop();
  for await (const _ of stopped);
}

/** What is asked for by name: other parts of a run have loaded the rest. */
const chosen = Deno.env.get("DENOBPF_LOADS")?.split(" ");
const paths = [...toolNames, ...exampleNames.map((name) => `examples/${name}`)];

for (
  const path of paths.filter((path) => chosen?.includes(path.replace("examples/", "")) ?? true)
) {
  const { scenario } = await scenariosOf(path);
  kernelTest(`${path} loads and attaches`, scenario, async () => {
    const refusal = scenario.refusal?.();
    if (refusal === undefined) return await load(path, scenario.lacks?.());
    assertMatch((await assertRejects(() => load(path), Error)).message, refusal);
  });
}
