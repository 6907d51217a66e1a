/**
 * The README's list of tools, from what each tool says of itself:
 * - `deno run -A scripts/readme.ts` writes it.
 * - `deno run -A scripts/readme.ts --check` compares it with the tools as they are.
 */
import type { Tool } from "#lib/tool/mod.ts";
import { toolNamed, toolNames } from "./registry.ts";

/** The groups, in the order of the table. */
const GROUPS = [
  "processes",
  "CPU",
  "files",
  "disks",
  "network",
  "memory",
  "security",
  "functions",
  "to read",
];

const BEGIN = "<!-- Written by `make api` from the tools. -->\n\n";
const END = "\n<!-- The end of what is written. -->\n";

/** What the README has of a tool. */
type Named = Pick<Tool<unknown, unknown>, "name" | "group" | "brief" | "aliases">;

/**
 * The table, in the form of `deno fmt`.
 * @throws {Error} if a tool is in no group, or in one that is not known
 */
function table(tools: readonly Named[]): string {
  for (const { name, group } of tools) {
    if (GROUPS.includes(group ?? "")) continue;
    throw new Error(`tools/${name}.ts: group is not one of ${GROUPS.join(", ")}`);
  }
  const rows = GROUPS.flatMap((group) =>
    tools.filter((tool) => tool.group === group)
      .map(({ name, brief }, i) => [i === 0 ? group : "", `[${name}](docs/${name}.md)`, brief])
  );
  const all = [["about", "tool", "what it does"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column].length)));
  const line = (cells: readonly string[], fill = " ") =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column], fill)).join(" | ")} |\n`;
  return [line(all[0]), line(["", "", ""], "-"), ...rows.map((row) => line(row))].join("");
}

/** The other names of tools, below the table. */
function otherNames(tools: readonly Named[]): string {
  const names = tools.filter(({ aliases }) => aliases !== undefined)
    .map(({ name, aliases }) => `${Object.keys(aliases!).join(", ")} (${name})`);
  const text = `Other names of some, which include an option: ${names.join(", ")}.`;
  return text.replace(/(.{1,100})(?: |$)/g, "$1\n"); // as deno fmt breaks lines
}

/** The text with what is written between its two marks. */
function withTools(text: string, tools: readonly Named[]): string {
  const [before, after] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  return `${text.slice(0, before)}${table(tools)}\n${otherNames(tools)}${text.slice(after)}`;
}

const file = new URL("../README.md", import.meta.url);
const text = Deno.readTextFileSync(file);
const now = withTools(text, await Promise.all(toolNames().map(toolNamed)));
if (Deno.args[0] !== "--check") {
  Deno.writeTextFileSync(file, now);
} else if (now !== text) {
  console.error("README.md does not list the tools as they are: make api");
  Deno.exit(1);
}
