/**
 * What a tool must show of a known number of events. Each tool has its own in `tests/tools/NAME.scenario.ts`,
 * each example in `tests/tools/examples/NAME.scenario.ts`; the tests of all tools find it there.
 */
import { exists } from "../exists.ts";
import { toolNames } from "../../tools/denobpf/registry.ts";
import { hasFeature, type KernelTestOptions } from "./harness.ts";
import type { RunningTool } from "./running_tool.ts";

const root = new URL("../../", import.meta.url).pathname;

/** A tool at work, and what it must show. */
export interface Scenario extends KernelTestOptions {
  readonly args?: readonly string[];
  /** The words that it does not start without. */
  readonly operands?: readonly string[];
  /** Whether it runs in a network of its own. */
  readonly isolated?: boolean;
  /** Makes what must be there before the tool starts, and takes it away: for a tool that lists what exists. */
  readonly held?: () => Promise<AsyncDisposable>;
  /** Makes the events once the tool has shown its header. Without one the tool ends by itself. */
  readonly workload?: (tool: RunningTool) => unknown;
  /** It shows its table when it ends: all of the workload belongs into one. */
  readonly at_end?: boolean;
  /** How each of them is shown in the tool's table. */
  readonly event: (tool: RunningTool) => RegExp;
  readonly count: number;
  /**
   * Its programs run in interrupts as well, where the kernel leaves one out that would interrupt another.
   * The workload is not traced there, so that all of its events are shown, and others may be reported.
   */
  readonly interrupted?: boolean;
  /** What the tool says instead, where it cannot work with the libbpf in use. */
  readonly refusal?: () => RegExp | undefined;
  /** What it says to the options that ask for the most (`demanding`), where the kernel has no more than the rest needs. */
  readonly lacks?: () => RegExp | undefined;
}

/** The command line that starts a tool for a moment: its name, and what it needs. */
export async function momentOf(tool: string): Promise<string[]> {
  const { scenario } = await scenariosOf(tool);
  return [tool, ...scenario.operands ?? [], "--seconds", "0"];
}

/** What a scenario file exports. */
export interface Scenarios {
  readonly scenario: Scenario;
  /** Further ones by what they show, for a tool that is several in one. */
  readonly more?: Readonly<Record<string, Scenario>>;
}

/** The examples by their names. */
export const exampleNames: readonly string[] = [...Deno.readDirSync(`${root}bpf/examples`)]
  .flatMap(({ name }) => /^(\w+)\.bpf\.c$/.exec(name)?.[1] ?? []).sort();

/**
 * The scenarios of a tool, or of an example: `execsnoop`, `examples/kprobe`.
 *
 * @throws {Error} it has none
 */
export async function scenariosOf(path: string): Promise<Scenarios> {
  const file = `tests/tools/${path}.scenario.ts`;
  if (!exists(root + file)) {
    throw new Error(`${path} has no scenario: write ${file}, as those beside it are`);
  }
  return await import(`../tools/${path}.scenario.ts`);
}

/** The tools that this kernel has all for; the others say what it lacks. */
export async function toolsThatRun(): Promise<string[]> {
  const runs = await Promise.all(toolNames.map(async (name) => {
    const { needs = [] } = (await scenariosOf(name)).scenario;
    return needs.every(hasFeature);
  }));
  return toolNames.filter((_, at) => runs[at]);
}
