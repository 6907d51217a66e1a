/** Every tool, by its name and its aliases. A tool is imported only when it is wanted. */
import { aliases, type ToolName, tools } from "#registry";
import { nearest } from "#lib/sys/nearest.ts";
import { quoted } from "#lib/tool/text/escape.ts";
import type { Tool } from "#lib/tool/mod.ts";
import { usage } from "#lib/tool/options/usage_errors.ts";

export type { ToolName };

/** The names of all tools, in alphabetical order. */
export const toolNames = (Object.keys(tools) as ToolName[]).sort();

/** Other names that tools are known by, in alphabetical order. */
export const aliasNames: readonly string[] = Object.keys(aliases).sort();

/** All names that can be run, in alphabetical order. */
export const runnable: readonly string[] = [...toolNames, ...aliasNames].sort();

/** A tool as somebody has named it, with what that name stands for in front of the command line. */
export interface Named {
  readonly tool: ToolName;
  readonly args: readonly string[];
}

/**
 * What somebody means who types the name of a tool, or an alias.
 * @param others what else could have been meant
 * @throws {ExitError} (64) if no tool is called so
 */
export function requireTool(name: string, others: readonly string[] = []): Named {
  if (Object.hasOwn(aliases, name)) return aliases[name];
  const tool = toolNames.find((known) => known === name);
  if (tool !== undefined) return { tool, args: [] };
  const meant = nearest(name, [...runnable, ...others]);
  throw usage(
    `no tool is called ${quoted(name)}` +
      (meant === undefined ? " (denobpf list shows them all)" : `, did you mean ${meant}?`),
  );
}

/** The declaration of a tool. */
export async function findTool(name: ToolName): Promise<Tool<unknown, unknown>> {
  return (await tools[name]()).tool as Tool<unknown, unknown>;
}

/** The declaration of a tool under an alias: it calls itself so, and says what it stands for. */
export async function findAlias(alias: string): Promise<Tool<unknown, unknown>> {
  const { tool, args } = aliases[alias];
  return {
    ...await findTool(tool),
    name: alias,
    brief: `The same as ${[tool, ...args].join(" ")}`,
    aliases: {},
  };
}
