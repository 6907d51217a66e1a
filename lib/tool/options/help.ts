import { commonBeside } from "./frame_options.ts";
import type { Members } from "../members/member.ts";
import { type Declarations, longName, type Operands, spellings } from "./declarations.ts";
import { operandsUsage } from "./operands.ts";
import type { Tool } from "../tool.ts";

/** Every line stays under 80 columns. */
const WIDTH = 79;

/** Terms longer than this have their meaning below, not beside them. */
const LONGEST = 30;

/** What `--help` prints, laid out as bcc's tools do: usage, what it is for, options, examples. */
export function helpText<Options, E>(tool: Tool<Options, E>): string {
  const shared = commonBeside(tool);
  const own = Object.entries(tool.options).map(definition);
  if (tool.command !== undefined) own.push([`-- ${COMMAND}`, tool.command]);
  const others = Object.entries(shared).map(definition);
  const operands = Object.values(tool.operands ?? {}).map(operandDefinition);
  const left = columnOf([...operands, ...own, ...others]);
  const fields = fieldDefinitions(tool.fields);
  const aliases = aliasDefinitions(tool);
  const last = [
    operandsUsage(tool.operands ?? {}),
    tool.command === undefined ? "" : `[--\u00a0${COMMAND}]`,
  ].filter((part) => part !== "").join(" ");
  return [
    usage(tool.name, { ...tool.options, ...shared }, last),
    wrap(tool.brief, 0),
    list("OPERANDS", operands, left),
    list("OPTIONS", own, left),
    list("OPTIONS OF EVERY TOOL", others, left),
    list("FIELDS", fields, columnOf(fields)),
    list("EXAMPLES", tool.examples, columnOf(tool.examples), "# "),
    list("OTHER NAMES", aliases, columnOf(aliases)),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

/** What stands behind `--`. */
const COMMAND = "COMMAND...";

function usage(name: string, options: Declarations, last: string): string {
  const all = Object.entries(options);
  const letters = all.filter(([, { kind, letter }]) => kind === "flag" && letter)
    .map(([, { letter }]) => letter)
    .join("");
  const others = all.filter(([, { kind, letter }]) => kind !== "flag" || !letter)
    .map(([name, option]) =>
      `[${option.letter ? `-${option.letter}` : `--${longName(name)}`}${value(option)}]`
    );
  const start = `USAGE: ${name} `;
  const parts = [...(letters ? [`[-${letters}]`] : []), ...others, ...(last ? [last] : [])];
  // A no-break space keeps "[-u UID]" together.
  return wrap(start + parts.map((part) => part.replace(" ", "\u00a0")).join(" "), start.length);
}

function value(option: Declarations[string]): string {
  return option.kind === "flag" ? "" : ` ${option.placeholder}`;
}

/** What is explained, and the explanation. */
type Definition = readonly [term: string, meaning: string];

function definition([name, option]: [string, Declarations[string]]): Definition {
  const names = `${option.letter ? "" : "    "}${spellings(name, option).join(", ")}`;
  return [`${names}${value(option)}`, option.brief + preset(option)];
}

function operandDefinition(operand: Operands[string]): Definition {
  return [operand.placeholder, operand.brief + preset(operand)];
}

/** Other names of a tool, each with what it stands for. */
export function aliasDefinitions(
  { name, aliases = {} }: Pick<Tool<unknown, unknown>, "name" | "aliases">,
): Definition[] {
  return Object.entries(aliases).map(([alias, args]) => [alias, [name, ...args].join(" ")]);
}

/** What a value is when it is not given, if that is said of it. */
export function preset(declaration: Declarations[string] | Operands[string]): string {
  return "default" in declaration && declaration.default !== undefined
    ? ` (default ${declaration.default})`
    : "";
}

/** Names and types, one below the other, with what the fields are. */
function fieldDefinitions(fields: Members): Definition[] {
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  return Object.entries(fields).map(([name, { kind, brief }]) => [
    `${name.padEnd(width)}  ${kind.name}`,
    brief,
  ]);
}

/** Where the meanings begin: right of all terms but the longest ones. */
function columnOf(definitions: readonly Definition[]): number {
  const fitting = definitions.map(([term]) => term.length).filter((length) => length <= LONGEST);
  return Math.max(...fitting, 0) + "    ".length;
}

/** Definitions under a title; a term too long for its column has its meaning on the next line. */
function list(title: string, definitions: readonly Definition[], left: number, mark = ""): string {
  if (definitions.length === 0) return "";
  const lines = definitions.map(([term, meaning]) => {
    const right = wrap(" ".repeat(left) + mark + meaning, left + mark.length);
    const start = `  ${term}`;
    return start.length + 2 > left ? `${start}\n${right}` : start.padEnd(left) + right.slice(left);
  });
  return `${title}:\n${lines.join("\n")}`;
}

/** Breaks `text` at spaces into lines that fit, all but the first indented; a longer word stays whole. */
function wrap(text: string, indent: number): string {
  const words = text.trimStart().split(" ");
  const lines: string[] = [];
  let line = " ".repeat(text.length - text.trimStart().length) + words[0];
  for (const word of words.slice(1)) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = " ".repeat(indent) + word;
    } else {
      line += " " + word;
    }
  }
  return [...lines, line].join("\n").replaceAll("\u00a0", " ");
}
