/** Operands: the words of a command line besides options, `[INTERVAL [COUNT]]`. */
import { escapeText, quoted } from "../text/escape.ts";
import type { Operands } from "./declarations.ts";
import { parsed, usage } from "./usage_errors.ts";

/**
 * Reads the words that are no options, each by the operand in its place.
 * @param tool its name, for messages
 * @throws {ExitError} (64) if one is missing, wrong, or too much
 */
export function readOperands(
  tool: string,
  operands: Operands,
  words: readonly string[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const left = [...words];
  for (const [name, { kind, placeholder, parse }] of Object.entries(operands)) {
    if (kind === "rest") {
      values[name] = left.splice(0).map((word) => parsed(placeholder, parse, word));
    } else if (left.length > 0) {
      values[name] = parsed(placeholder, parse, left.shift()!);
    } else if (kind === "operand") {
      throw usage(`name ${needed(operands)}`, tool);
    }
  }
  if (left.length === 0) return values;
  throw usage(
    left[0].startsWith("-")
      ? `unknown option ${escapeText(left[0])}`
      : `unexpected argument ${quoted(left[0])}`,
    tool,
  );
}

/** The operands as a usage shows them: `MAP [KEY]`, `[INTERVAL [COUNT]]`, `[TOOL...]`. */
export function operandsUsage(operands: Operands): string {
  return Object.values(operands).reduceRight((after, { kind, placeholder }) => {
    if (kind === "rest") return `[${placeholder}...]`;
    const words = after === "" ? placeholder : `${placeholder} ${after}`;
    return kind === "operand" ? words : `[${words}]`;
  }, "");
}

function needed(operands: Operands): string {
  return Object.values(operands)
    .flatMap(({ kind, placeholder }) => kind === "operand" ? [placeholder] : [])
    .join(" and ");
}
