/** `denobpf skeleton`: the TypeScript class of a compiled BPF object. */
import { generateSkeleton, SkeletonError } from "#lib/skeleton/generate.ts";
import { ExitCode, ExitError } from "#lib/tool/ending/exit.ts";
import { operand, option, type OptionsOf, text } from "#lib/tool/mod.ts";
import type { Command } from "./command.ts";

const options = {
  import: option(
    "",
    "SPECIFIER",
    "Import the library by this",
    text,
    "@denobpf/denobpf/skeleton",
  ),
};

const operands = { file: operand("FILE.bpf.o", "What clang has made", text) };

export const skeleton: Command<OptionsOf<typeof options & typeof operands>, never> = {
  name: "denobpf skeleton",
  brief: "Print the TypeScript class of a compiled BPF object: its maps, programs, variables and " +
    "events with their types, and the object itself",
  operands,
  options,
  examples: [
    ["denobpf skeleton hello.bpf.o > hello.skel.ts", "to be imported as ./hello.skel.ts"],
  ],
  fields: {},
  columns: () => [],
  text(options) {
    try {
      return generateSkeleton(options.file, options.import);
    } catch (error) {
      if (!(error instanceof SkeletonError)) throw error;
      throw new ExitError(ExitCode.Data, error.message, { hint: error.hint });
    }
  },
};
