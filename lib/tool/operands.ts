import { commonBeside } from "./common.ts";
import { expand } from "./getopt.ts";
import type { Tool } from "./tool.ts";

/** Parts a command line into what is no option, in its order, and the options with their values. */
export function takeOperands<Options, E>(
  tool: Tool<Options, E>,
  args: readonly string[],
): { operands: string[]; rest: string[] } {
  const words = expand(args, { ...tool.options, ...commonBeside(tool) });
  return {
    operands: words.filter((word) => !word.startsWith("-")),
    rest: words.filter((word) => word.startsWith("-")),
  };
}
