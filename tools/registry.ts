/**
 * Every tool, by its name. A tool is imported only when it is wanted; the specifiers are literals, so
 * that `deno compile` finds them all.
 */
import { quoted } from "#lib/tool/escape.ts";
import { ExitCode, ExitError } from "#lib/tool/exit.ts";
import type { Tool } from "#lib/tool/mod.ts";
import { nearest } from "#lib/sys/nearest.ts";

const tools = {
  bootstrap: () => import("./bootstrap.ts"),
  execsnoop: () => import("./execsnoop.ts"),
  minimal: () => import("./minimal.ts"),
  syscount: () => import("./syscount.ts"),
};

/** The name of a tool. */
export type ToolName = keyof typeof tools;

/** The names of all tools, in alphabetical order. */
export const toolNames = (Object.keys(tools) as ToolName[]).sort();

/**
 * The name of a tool as somebody typed it.
 * @param others what else could have been meant
 * @throws {ExitError} (64) if no tool is called so
 */
export function requireTool(name: string, others: readonly string[] = []): ToolName {
  const found = toolNames.find((known) => known === name);
  if (found !== undefined) return found;
  const meant = nearest(name, [...toolNames, ...others]);
  throw new ExitError(
    ExitCode.Usage,
    `no tool is called ${quoted(name)}` +
      (meant === undefined ? " (denobpf list shows them all)" : `, did you mean ${meant}?`),
  );
}

/** The declaration of a tool. */
export async function findTool(name: ToolName): Promise<Tool<unknown, unknown>> {
  return (await tools[name]()).tool;
}
