/**
 * From what a user wrote to what the kernel half fetches and compares, and to what the user half does with it.
 * Conditions on numbers that && joins are tested in the kernel; all else is computed here of what was fetched:
 * arithmetic, ||, texts.
 */
import { binary, isTrue, unary, type Value } from "./evaluate.ts";
import { type Expression, isName, type Memory, type Path } from "./expression.ts";
import { COMPARE, type Comparison, type Fetch, type Fetched, type ValueType } from "./fetch.ts";
import { asCompared, type Builtins, Leaves } from "./leaves.ts";
import type { Names, Wanted } from "./names.ts";
import { type Conversion, parseFormat } from "./printf.ts";
import { Scanner } from "./scanner.ts";
import type { Specification } from "./specification.ts";
import { textOf } from "./written.ts";

/** What an expression is computed of. */
export interface Facts extends Builtins {
  /** By their number in the table. */
  readonly fetched: readonly Value[];
}

type Evaluate = (facts: Facts) => Value;

/** A value that is shown. */
export interface Shown {
  /** As it was written. */
  readonly name: string;
  /** What it is; undefined for what is computed. */
  readonly type: ValueType | undefined;
  readonly evaluate: Evaluate;
}

/** A probe, ready for the kernel. */
export interface Compiled {
  /** What the kernel half fetches. */
  readonly fetches: readonly Fetched[];
  /** What it compares. */
  readonly comparisons: readonly Comparison[];
  readonly values: readonly Shown[];
  /** Whether an event is to be shown, where the kernel half cannot decide that. */
  readonly passes: ((facts: Facts) => boolean) | undefined;
  readonly format: readonly Conversion[] | undefined;
}

/** MAX_VALUES and MAX_COMPARISONS of bpf/trace.bpf.c. */
export const MOST_VALUES = 8;
export const MOST_COMPARISONS = 8;

/**
 * @param names the values that the hook has
 * @throws {ValueError} that points at what cannot be had
 */
export function compile(specification: Specification, names: Names): Compiled {
  return new Compiler(specification, names).compile();
}

const ON_LATENCY = "needs what is kept from a call's begin to its end, which trace does not";

class Compiler {
  readonly #specification: Specification;
  readonly #leaves: Leaves;
  readonly #scanner: Scanner;
  readonly #fetches: Fetched[] = [];
  /** Their numbers by what they are. */
  readonly #numbers = new Map<string, number>();
  readonly #comparisons: Comparison[] = [];

  constructor(specification: Specification, names: Names) {
    this.#specification = specification;
    this.#scanner = new Scanner(specification.text);
    this.#leaves = new Leaves(names, this.#scanner, ON_LATENCY);
  }

  compile(): Compiled {
    const { values, predicate, format } = this.#specification;
    const conversions = format && parseFormat(this.#scanner, format);
    const asked = conversions?.filter(({ letter }) => letter !== undefined) ?? [];
    if (conversions !== undefined && asked.length !== values.length) {
      const message = `the format shows ${asked.length} values, and there are ${values.length}`;
      throw this.#scanner.wrong(message, format!.at);
    }
    const shown = values.map((value, i) => this.#shown(value, asked[i]));
    const rest = predicate && this.#inUserHalf(predicate);
    const test = rest && this.#evaluate(rest, "any");
    return {
      fetches: this.#fetches,
      comparisons: this.#comparisons,
      values: shown,
      passes: test && ((facts) => isTrue(test(facts))),
      format: conversions,
    };
  }

  #shown(value: Expression, conversion: Conversion | undefined): Shown {
    const wanted = conversion?.letter === "s" ? "text" : "any";
    const named = isName(value);
    const name = named ? value.text : textOf(this.#specification.text, value);
    const leaf = named ? this.#leaves.leaf(value, wanted) : undefined;
    const type = typeof leaf === "object" ? leaf.type : undefined;
    if (type?.isText && conversion !== undefined && conversion.letter !== "s") {
      const message = `${name} is text: %s shows it, not %${conversion.letter}`;
      throw this.#scanner.wrong(message, value.at);
    }
    return { name, type, evaluate: this.#evaluate(value, wanted) };
  }

  /** Hands the kernel what it can test. @returns what is left */
  #inUserHalf(predicate: Expression): Expression | undefined {
    if (predicate.kind === "binary" && predicate.op === "&&") {
      const left = this.#inUserHalf(predicate.left);
      const right = this.#inUserHalf(predicate.right);
      if (left === undefined || right === undefined) return left ?? right;
      return { ...predicate, left, right };
    }
    const comparison = this.#comparison(predicate);
    if (comparison === undefined) return predicate;
    if (this.#comparisons.length === MOST_COMPARISONS) return predicate;
    this.#comparisons.push(comparison);
    return undefined;
  }

  /** `(name & mask) op number`, if that is what an expression is. */
  #comparison(expression: Expression): Comparison | undefined {
    if (expression.kind === "unary" && expression.op === "!") {
      return this.#compared(expression.operand, "==", 0n);
    }
    if (expression.kind !== "binary" || !Object.hasOwn(COMPARE, expression.op)) {
      return this.#compared(expression, "!=", 0n);
    }
    const { left, right } = expression;
    const op = expression.op as keyof typeof COMPARE;
    const [number, mirrored] = [this.#leaves.constant(right), this.#leaves.constant(left)];
    if (typeof number === "bigint") return this.#compared(left, op, number);
    if (typeof mirrored === "bigint") return this.#compared(right, MIRRORED[op], mirrored);
    return undefined;
  }

  #compared(left: Expression, op: keyof typeof COMPARE, number: bigint): Comparison | undefined {
    let mask = ALL;
    if (left.kind === "binary" && left.op === "&") {
      const [of, by] = [left.left, left.right].map((side) => this.#leaves.constant(side));
      const given = by ?? of;
      if (typeof given !== "bigint" || given < 0n || given > MOST_SIGNED) return undefined;
      mask = given;
      left = by === undefined ? left.right : left.left;
    }
    const found = isName(left) ? this.#leaves.leaf(left, "any") : undefined;
    if (typeof found !== "object" || found.type.isText) return undefined;
    const { fetch, type } = found;
    const is_signed = type.signed && mask === ALL;
    const [least, most] = is_signed ? [-MOST_SIGNED - 1n, MOST_SIGNED] : [0n, ALL];
    const wanted = asCompared(number, type);
    if (wanted < least || wanted > most) return undefined;
    return {
      fetch,
      op: COMPARE[op],
      is_signed: Number(is_signed),
      unused: new Uint8Array(6),
      mask,
      wanted: BigInt.asUintN(64, wanted),
    };
  }

  #evaluate(expression: Expression, wanted: Wanted): Evaluate {
    switch (expression.kind) {
      case "number":
      case "text": {
        const { value } = expression;
        return () => value;
      }
      case "unary": {
        const { op } = expression;
        const operand = this.#evaluate(expression.operand, "any");
        return (facts) => unary(op, operand(facts));
      }
      case "binary":
        return this.#evaluateBinary(expression);
      case "path":
      case "memory":
        return this.#evaluateName(expression, wanted);
    }
  }

  #evaluateBinary({ op, left, right, at }: Expression & { kind: "binary" }): Evaluate {
    const texts = [left, right].map((side) => this.#leaves.isText(side));
    const wanted = texts.includes(true) ? "text" : "any";
    if (wanted === "text" && op !== "&&" && op !== "||" && !Object.hasOwn(COMPARE, op)) {
      throw this.#scanner.wrong(`${op} is for numbers, and this is text`, at);
    }
    const [first, second] = [this.#evaluate(left, wanted), this.#evaluate(right, wanted)];
    if (!Object.hasOwn(COMPARE, op)) return (facts) => binary(op, first(facts), second(facts));
    const [ofFirst, ofSecond] = [
      this.#leaves.comparedTo(left, right),
      this.#leaves.comparedTo(right, left),
    ];
    return (facts) => binary(op, ofFirst ?? first(facts), ofSecond ?? second(facts));
  }

  #evaluateName(expression: Path | Memory, wanted: Wanted): Evaluate {
    const leaf = this.#leaves.leaf(expression, wanted);
    if (typeof leaf === "bigint") return () => leaf;
    if (typeof leaf === "string") {
      if (leaf === "comm") return (facts) => facts.comm;
      return (facts) => BigInt(facts[leaf]);
    }
    const number = this.#numberOf(leaf, expression);
    return ({ fetched }) => fetched[number];
  }

  /** The place in the table of what is fetched. */
  #numberOf(fetched: Fetched, { at }: Path | Memory): number {
    const key = keyOf(fetched.fetch);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#fetches.length;
      if (number === MOST_VALUES) {
        throw this.#scanner.wrong(
          `no more than ${MOST_VALUES} different values can be fetched`,
          at,
        );
      }
      this.#fetches.push(fetched);
      this.#numbers.set(key, number);
    }
    return number;
  }
}

const ALL = 0xffff_ffff_ffff_ffffn;
const MOST_SIGNED = 0x7fff_ffff_ffff_ffffn;
const MIRRORED = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

function keyOf(fetch: Fetch): string {
  return JSON.stringify(fetch);
}
