/** Completions for shells, made from the declarations of the commands: one script for all of them. */
import { bashScript } from "./completions/bash.ts";
import type { CompletedCommand } from "./completions/completed_command.ts";
import { fishScript } from "./completions/fish.ts";
import { zshScript } from "./completions/zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export type Shell = keyof typeof SCRIPTS;

/** The shells that there are completions for. */
export const shells = Object.keys(SCRIPTS) as Shell[];

/**
 * A script that makes a shell complete the command lines of `program`.
 * @param program its name, which must be a word that no shell treats in a special way
 */
export function completionScript(
  shell: Shell,
  program: string,
  commands: readonly CompletedCommand[],
): string {
  const about =
    `# Completions of ${program} for ${shell}, made by: ${program} completions ${shell}\n`;
  const script = SCRIPTS[shell](program, commands);
  // zsh takes a file in $fpath for completions only if this is its first line.
  return script.replace(/^(#compdef .*\n)?/, (first) => first + about);
}
