import { commonBeside } from "./frame_options.ts";
import { expand } from "./getopt.ts";
import type { Tool } from "../tool.ts";

/**
 * Parts a command line into what is no option, in its order, and the options with their values. All
 * words behind `--` are no options.
 */
export function takeOperands<Options, E>(
  tool: Pick<Tool<Options, E>, "options" | "fields" | "tables">,
  args: readonly string[],
): { operands: string[]; rest: string[] } {
  const words = expand(args, { ...tool.options, ...commonBeside(tool) });
  const end = words.indexOf("--");
  const behind = end < 0 ? [] : words.splice(end).slice(1);
  return {
    operands: [...words.filter((word) => !word.startsWith("-")), ...behind],
    rest: words.filter((word) => word.startsWith("-")),
  };
}
