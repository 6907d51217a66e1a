/** What expressions come to, once their values are fetched. */
import type { BinaryOperator, UnaryOperator } from "./expression.ts";

/** A number or a text; undefined for what could not be read, and for a division by zero. */
export type Value = bigint | string | undefined;

/**
 * What a unary operator makes of a value. Numbers are as large as they are: -1 is less than any that has no
 * sign.
 */
export function unary(op: UnaryOperator, value: Value): Value {
  if (op === "!") return value === undefined ? undefined : truth(!isTrue(value));
  if (typeof value !== "bigint") return undefined;
  return op === "-" ? -value : ~value;
}

/** Whether a value counts as true: numbers but 0, texts but the empty one. */
export function isTrue(value: Value): boolean {
  return value !== undefined && value !== 0n && value !== "";
}

const truth = (yes: boolean) => yes ? 1n : 0n;

/**
 * What an operator makes of two values. Where one of them could not be read, `&&` and `||` go by the other, and
 * all others have no value.
 */
export function binary(op: BinaryOperator, left: Value, right: Value): Value {
  if (op === "&&") return truth(isTrue(left) && isTrue(right));
  if (op === "||") return truth(isTrue(left) || isTrue(right));
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === "string" || typeof right === "string") return ofTexts(op, left, right);
  switch (op) {
    case "|":
      return left | right;
    case "^":
      return left ^ right;
    case "&":
      return left & right;
    case "<<":
      return shifted(left, right);
    case ">>":
      return shifted(left, -right);
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0n ? undefined : left / right;
    case "%":
      return right === 0n ? undefined : left % right;
    default:
      return truth(holds(op, left, right));
  }
}

/** Nobody means more bits, and a number of billions of them would end the tool. */
const MOST_BITS = 64n;

function shifted(value: bigint, by: bigint): Value {
  if (by > MOST_BITS || by < -MOST_BITS) return undefined;
  return value << by;
}

/** Whether a comparison of numbers, or of texts, holds. */
export function holds<T extends bigint | string>(op: string, left: T, right: T): boolean {
  switch (op) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    default:
      return left >= right;
  }
}

const COMPARISONS: readonly string[] = ["==", "!=", "<", "<=", ">", ">="];

function ofTexts(op: BinaryOperator, left: bigint | string, right: bigint | string): Value {
  if (typeof left !== typeof right || !COMPARISONS.includes(op)) return undefined;
  return truth(holds(op, left as string, right as string));
}
