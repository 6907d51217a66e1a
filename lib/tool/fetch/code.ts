/**
 * From values and conditions of a user to the steps of bpf/include/code.h, which computes them in the kernel. Its
 * numbers have 64 bits: what is larger loses its upper bits there.
 */
import type { BinaryOperator, Expression, Memory, Path, UnaryOperator } from "./expression.ts";
import {
  atBeginning,
  type Fetch,
  type Fetched,
  isKept,
  numberAt,
  type ValueType,
} from "./fetch.ts";
import type { Leaves } from "./leaves.ts";
import type { Scanner } from "./scanner.ts";

/** `struct code_step`. */
export interface CodeStep {
  readonly op: number;
  readonly to: number;
  readonly left_signed: number;
  readonly right_signed: number;
  readonly reversed: number;
  readonly unused: Uint8Array<ArrayBuffer>;
  readonly number: bigint;
}

/** CODE_PLACES, CODE_STEPS and CODE_FETCHES of bpf/include/code.h, MAX_KEPT of bpf/argdist.bpf.c. */
const PLACES = 4;
export const CODE_STEPS = 64;
export const CODE_FETCHES = 8;
export const MOST_KEPT = 6;

/** What is kept of a call: KEPT_LATENCY and KEPT_VALUES of bpf/argdist.bpf.c, in bytes. */
const WORD = 8;
export const LATENCY_AT = 1 * WORD;
const VALUES_AT = 2 * WORD;

/** `enum code_op` */
const END = 0;
const NUMBER = 1;
const FETCH = 2;
const BUILTINS = { pid: 3, tid: 4, uid: 5, gid: 6, cpu: 7 };
const UNARY: Readonly<Record<UnaryOperator, number>> = { "-": 8, "~": 9, "!": 10 };
const NOT = UNARY["!"];
const SHIFT_LEFT = 14;
const SHIFT_RIGHT = 15;
const EQUAL = 21;
const LESS = 22;
const BINARY: Readonly<Partial<Record<BinaryOperator, number>>> = {
  "|": 11,
  "^": 12,
  "&": 13,
  "<<": SHIFT_LEFT,
  ">>": SHIFT_RIGHT,
  "+": 16,
  "-": 17,
  "*": 18,
  "/": 19,
  "%": 20,
  "==": EQUAL,
  "<": LESS,
  "||": 23,
  "&&": 24,
};

/** Those that are another one of the two numbers the other way round, or its opposite. */
const DERIVED: Readonly<Partial<Record<BinaryOperator, { swap: boolean; opposite: boolean }>>> = {
  ">": { swap: true, opposite: false },
  "<=": { swap: true, opposite: true },
  ">=": { swap: false, opposite: true },
  "!=": { swap: false, opposite: true },
};

const COMPARISONS: readonly BinaryOperator[] = ["==", "!=", "<", "<=", ">", ">="];

const NOTHING_KNOWN = {
  left_signed: 0,
  right_signed: 0,
  reversed: 0,
  unused: new Uint8Array(3),
  number: 0n,
};

function stepOf(op: number, to: number, more: Partial<CodeStep> = {}): CodeStep {
  return { ...NOTHING_KNOWN, op, to, ...more };
}

/** What is not used. */
export const NO_STEP: CodeStep = stepOf(END, 0);

/** Writes the code of one probe. */
export class CodeWriter {
  readonly #leaves: Leaves;
  readonly #scanner: Scanner;
  readonly steps: CodeStep[] = [];
  readonly fetches: Fetch[] = [];
  /** What is kept when a call begins. */
  readonly kept: Fetch[] = [];

  constructor(leaves: Leaves, scanner: Scanner) {
    this.#leaves = leaves;
    this.#scanner = scanner;
  }

  /**
   * Writes the code of a number.
   * @param type what it is taken for
   * @returns its first step, and whether the number may be negative
   * @throws {ValueError} that points at what cannot be computed
   */
  number(expression: Expression, type?: ValueType): { at: number; signed: boolean } {
    const at = this.steps.length;
    const signed = this.#write(expression, 0);
    if (type !== undefined) this.#narrow(type);
    this.#add(stepOf(END, 0), expression);
    return { at, signed: type === undefined ? signed : type.signed };
  }

  /** Cuts the number off as a type does. */
  #narrow({ size, signed }: ValueType): void {
    if (size >= WORD) return;
    const number = BigInt(64 - size * 8);
    this.steps.push(
      stepOf(NUMBER, 1, { number }),
      stepOf(SHIFT_LEFT, 0),
      stepOf(NUMBER, 1, { number }),
      stepOf(SHIFT_RIGHT, 0, { left_signed: Number(signed) }),
    );
  }

  /** @returns whether the number may be negative */
  #write(expression: Expression, to: number): boolean {
    if (to >= PLACES) {
      const message = `this needs more than ${PLACES} numbers at a time`;
      throw this.#scanner.wrong(message, expression.at);
    }
    if (this.#leaves.isText(expression)) {
      throw this.#scanner.wrong("texts are counted, and not computed", expression.at);
    }
    const constant = this.#leaves.constant(expression);
    if (typeof constant === "bigint") return this.#writeNumber(constant, to, expression);
    switch (expression.kind) {
      case "unary":
        return this.#writeUnary(expression.op, expression.operand, to);
      case "binary":
        return this.#writeBinary(expression, to);
      case "path":
      case "memory":
        return this.#writeName(expression, to);
      default:
        throw this.#scanner.wrong("this is no number", expression.at);
    }
  }

  #writeNumber(number: bigint, to: number, expression: Expression): boolean {
    if (number < -(1n << 63n) || number >= 1n << 64n) {
      throw this.#scanner.wrong(`${number} does not fit into 64 bits`, expression.at);
    }
    this.#add(stepOf(NUMBER, to, { number: BigInt.asUintN(64, number) }), expression);
    return number < 0n;
  }

  #writeUnary(op: UnaryOperator, operand: Expression, to: number): boolean {
    this.#write(operand, to);
    this.#add(stepOf(UNARY[op], to), operand);
    return op !== "!";
  }

  #writeBinary(expression: Expression & { kind: "binary" }, to: number): boolean {
    const { op, left, right, at } = expression;
    if ([left, right].some((side) => this.#leaves.isText(side))) {
      const message = COMPARISONS.includes(op)
        ? "texts are not compared in the kernel: --filter picks rows by them, trace compares them"
        : `${op} is for numbers, and this is text`;
      throw this.#scanner.wrong(message, at);
    }
    const { swap = false, opposite = false } = DERIVED[op] ?? {};
    const [first, second] = swap ? [right, left] : [left, right];
    // What needs more places comes first, while these are free.
    const reversed = this.#placesOf(second) > this.#placesOf(first);
    const sides: [boolean, boolean] = [false, false];
    for (const [nth, at] of (reversed ? [1, 0] : [0, 1]).entries()) {
      const [side, other] = at === 0 ? [first, second] : [second, first];
      sides[at] = this.#writeSide(side, other, op, to + nth);
    }
    const [left_signed, right_signed] = sides.map(Number);
    const code = BINARY[op] ?? (op === "!=" ? EQUAL : LESS);
    const signs = { left_signed, right_signed, reversed: Number(reversed) };
    this.#add(stepOf(code, to, signs), expression);
    if (opposite) this.#add(stepOf(NOT, to), expression);
    return isSigned(op, ...sides);
  }

  /** How many places an expression needs. */
  #placesOf(expression: Expression): number {
    if (expression.kind === "unary") return this.#placesOf(expression.operand);
    if (expression.kind !== "binary") return 1;
    const [left, right] = [expression.left, expression.right].map((side) => this.#placesOf(side));
    return left === right ? left + 1 : Math.max(left, right);
  }

  /** A number that is compared with one without a sign loses its own, as in C. */
  #writeSide(side: Expression, other: Expression, op: BinaryOperator, to: number): boolean {
    const number = COMPARISONS.includes(op) ? this.#leaves.comparedTo(side, other) : undefined;
    return number === undefined ? this.#write(side, to) : this.#writeNumber(number, to, side);
  }

  #writeName(expression: Path | Memory, to: number): boolean {
    const leaf = this.#leaves.leaf(expression, "any");
    if (typeof leaf === "bigint") return this.#writeNumber(leaf, to, expression);
    if (typeof leaf === "string") {
      this.#add(stepOf(BUILTINS[leaf as keyof typeof BUILTINS], to), expression);
      return false;
    }
    const number = BigInt(this.fetch(leaf, expression));
    this.#add(stepOf(FETCH, to, { number }), expression);
    return leaf.type.signed;
  }

  /** The place in the table of what is fetched. */
  fetch(fetched: Fetched, expression: Path | Memory): number {
    const kept = isKept(fetched.fetch);
    if (expression.entry && (!kept || fetched.fetch.at === LATENCY_IN_NAMES)) {
      const name = expression.text.replace(/^\$entry\(|\)$/g, "");
      throw this.#scanner.wrong(`${name} is known at the end alone`, expression.at);
    }
    const fetch = kept ? this.#keep(fetched, expression) : fetched.fetch;
    return this.#placeIn(this.fetches, fetch, CODE_FETCHES, "can be fetched", expression);
  }

  /**
   * Has the call's beginning keep what is fetched at its end, or what that is found by. Members are read at the
   * end, those of `$entry()` at the beginning.
   */
  #keep({ fetch, type }: Fetched, expression: Path | Memory): Fetch {
    if (fetch.at === LATENCY_IN_NAMES) return { ...fetch, at: LATENCY_AT };
    const isRead = expression.entry && !type.isText && fetch.steps > 0;
    const first = isRead
      ? atBeginning(fetch)
      : numberAt({ at: fetch.at }, [], { isText: false, size: WORD, signed: false }).fetch;
    const place = this.#placeIn(this.kept, first, MOST_KEPT, "can be kept", expression);
    const at = VALUES_AT + place * WORD;
    if (!isRead) return { ...fetch, at };
    return numberAt({ at, kept: true }, [], { ...type, size: WORD }).fetch;
  }

  #placeIn(
    list: Fetch[],
    fetch: Fetch,
    most: number,
    what: string,
    { at }: Expression,
  ): number {
    const known = list.findIndex((one) => JSON.stringify(one) === JSON.stringify(fetch));
    if (known >= 0) return known;
    if (list.length === most) {
      throw this.#scanner.wrong(`no more than ${most} different values ${what}`, at);
    }
    return list.push(fetch) - 1;
  }

  #add(step: CodeStep, { at }: Expression): void {
    // The last ones are for what narrows a number.
    if (this.steps.length >= CODE_STEPS - 5) {
      throw this.#scanner.wrong("this is more than can be computed for each call", at);
    }
    this.steps.push(step);
  }
}

/** How names have the latency: at no register. */
export const LATENCY_IN_NAMES = 0xffff;

/** Whether what an operator makes of two numbers may be negative. */
function isSigned(op: BinaryOperator, left: boolean, right: boolean): boolean {
  switch (op) {
    case "-":
      return true;
    case "&":
      return left && right;
    case "<<":
    case ">>":
    case "%":
      return left;
    case "+":
    case "*":
    case "/":
    case "|":
    case "^":
      return left || right;
    default:
      return false;
  }
}
