import { common, commonBeside, type CommonOptions } from "./frame_options.ts";
import type { Given } from "./command.ts";
import { expand } from "./getopt.ts";
import { type Declarations, longName, type OptionsOf, withDefaults } from "./declarations.ts";
import type { Tool } from "../tool.ts";

/**
 * Reads the command line of a tool.
 * @throws {ExitError} (64) with what is wrong in one line
 */
export async function parseOptions<Options, E>(
  tool: Tool<Options, E>,
  args: readonly string[],
): Promise<{ options: Options; common: CommonOptions }> {
  const shared = commonBeside(tool);
  const all = { ...tool.options, ...shared };
  const words = expand(args, all);
  const end = tool.command === undefined ? -1 : words.indexOf("--");
  const command = end < 0 ? [] : words.splice(end).slice(1);
  const given = await parse(tool.name, all, words);
  return {
    options: {
      ...valuesOf(tool.options, given),
      ...(command.length > 0 && { command }),
    } as Options,
    common: { ...valuesOf(common, {}), ...valuesOf(shared, given) } as CommonOptions,
  };
}

/** The parser takes 3 ms of a tool's start, which the bare command can do without. */
async function parse(name: string, all: Declarations, words: readonly string[]): Promise<Given> {
  if (words.length === 0) return {};
  const { parseWords } = await import("./command.ts");
  return await parseWords(name, all, words);
}

/** Of an option that was given again, the last value counts, unless it collects them. */
function valuesOf<D extends Declarations>(options: D, given: Given): OptionsOf<D> {
  const values = Object.entries(options).map(([name, option]) => {
    const list = given[longName(name)];
    return [name, option.kind === "list" ? list : list?.at(-1)];
  });
  return withDefaults(options, Object.fromEntries(values));
}
