/** `denobpf skeleton`: the TypeScript class of a compiled BPF object. */
import { generateSkeleton, SkeletonError } from "#lib/skeleton/generate.ts";
import { ExitCode, ExitError } from "#lib/tool/exit.ts";
import { option, type OptionsOf, text } from "#lib/tool/mod.ts";
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

export const skeleton: Command<OptionsOf<typeof options>, never> = {
  name: "denobpf skeleton",
  brief: "Print the TypeScript class of a compiled BPF object: its maps, programs, variables and " +
    "events with their types, and the object itself",
  operands: "FILE.bpf.o",
  options,
  examples: [
    ["denobpf skeleton hello.bpf.o > hello.skel.ts", "to be imported as ./hello.skel.ts"],
  ],
  fields: {},
  columns: () => [],
  text([path], options) {
    try {
      return generateSkeleton(path, options.import);
    } catch (error) {
      if (!(error instanceof SkeletonError)) throw error;
      throw new ExitError(ExitCode.Data, error.message, { hint: error.hint });
    }
  },
};
