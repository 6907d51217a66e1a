/** What of an expression's text names it. */
import type { Expression } from "./expression.ts";

/** As much of a computed value as names it. */
export function textOf(text: string, expression: Expression): string {
  const { start, end } = extentOf(expression);
  const rest = text.slice(end);
  return text.slice(start, end + (/^[\w"')\]]*/.exec(rest)?.[0].length ?? 0)).trim();
}

function extentOf(expression: Expression): { start: number; end: number } {
  switch (expression.kind) {
    case "binary":
      return { start: extentOf(expression.left).start, end: extentOf(expression.right).end };
    case "unary":
      return { start: expression.at, end: extentOf(expression.operand).end };
    case "path":
    case "memory":
      return { start: expression.at, end: expression.at + expression.text.length };
    default:
      return { start: expression.at, end: expression.at };
  }
}
