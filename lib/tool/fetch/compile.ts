/**
 * From what a user wrote to what the kernel half fetches and compares, and to what the user half does with it.
 * Conditions on numbers that && joins are tested in the kernel; all else is computed here of what was fetched:
 * arithmetic, ||, texts.
 */
import { Btf } from "../../btf/layout.ts";
import { errnoNumber } from "../../sys/errno.ts";
import { hasBtf } from "../../sys/kernel.ts";
import { openFlag } from "../text/open_flags.ts";
import { binary, isTrue, unary, type Value } from "./evaluate.ts";
import { type Expression, isName, type Memory, type Path } from "./expression.ts";
import { COMPARE, type Comparison, type Fetch, type Fetched, type ValueType } from "./fetch.ts";
import { fetchMemory, fetchPath, type Names, unknownName, type Wanted } from "./names.ts";
import { type Conversion, parseFormat } from "./printf.ts";
import { Scanner } from "./scanner.ts";
import type { Specification } from "./specification.ts";

/** What an event has besides fetched values: `$pid`. */
export interface Builtins {
  readonly pid: number;
  readonly tid: number;
  readonly uid: number;
  readonly gid: number;
  readonly cpu: number;
  readonly comm: string;
}

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

const BUILTINS: Readonly<Record<string, keyof Builtins>> = {
  $pid: "tid", // bcc has the kernel's names: pid for a thread, tgid for a process
  $tgid: "pid",
  $tid: "tid",
  $uid: "uid",
  $gid: "gid",
  $cpu: "cpu",
  $comm: "comm",
};

/**
 * @param names the values that the hook has
 * @throws {ValueError} that points at what cannot be had
 */
export function compile(specification: Specification, names: Names): Compiled {
  return new Compiler(specification, names).compile();
}

class Compiler {
  readonly #specification: Specification;
  readonly #names: Names;
  readonly #scanner: Scanner;
  readonly #fetches: Fetched[] = [];
  /** Their numbers by what they are. */
  readonly #numbers = new Map<string, number>();
  readonly #comparisons: Comparison[] = [];

  constructor(specification: Specification, names: Names) {
    this.#specification = specification;
    this.#names = names;
    this.#scanner = new Scanner(specification.text);
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
    const leaf = named ? this.#leaf(value, wanted) : undefined;
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
    const [number, mirrored] = [this.#constant(right), this.#constant(left)];
    if (typeof number === "bigint") return this.#compared(left, op, number);
    if (typeof mirrored === "bigint") return this.#compared(right, MIRRORED[op], mirrored);
    return undefined;
  }

  #compared(left: Expression, op: keyof typeof COMPARE, number: bigint): Comparison | undefined {
    let mask = ALL;
    if (left.kind === "binary" && left.op === "&") {
      const [of, by] = [left.left, left.right].map((side) => this.#constant(side));
      const given = by ?? of;
      if (typeof given !== "bigint" || given < 0n || given > MOST_SIGNED) return undefined;
      mask = given;
      left = by === undefined ? left.right : left.left;
    }
    const found = isName(left) ? this.#leaf(left, "any") : undefined;
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

  /** What an expression is whatever is fetched. */
  #constant(expression: Expression): Value {
    switch (expression.kind) {
      case "number":
      case "text":
        return expression.value;
      case "unary":
        return unary(expression.op, this.#constant(expression.operand));
      case "binary": {
        const [left, right] = [expression.left, expression.right].map((one) => this.#constant(one));
        return left === undefined || right === undefined
          ? undefined
          : binary(expression.op, left, right);
      }
      case "memory":
        return undefined;
      case "path": {
        if (Object.hasOwn(BUILTINS, expression.name)) return undefined;
        const leaf = this.#leaf(expression, "any");
        return typeof leaf === "bigint" ? leaf : undefined;
      }
    }
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
    const texts = [left, right].map((side) => this.#isText(side));
    const wanted = texts.includes(true) ? "text" : "any";
    if (wanted === "text" && op !== "&&" && op !== "||" && !Object.hasOwn(COMPARE, op)) {
      throw this.#scanner.wrong(`${op} is for numbers, and this is text`, at);
    }
    const [first, second] = [this.#evaluate(left, wanted), this.#evaluate(right, wanted)];
    if (!Object.hasOwn(COMPARE, op)) return (facts) => binary(op, first(facts), second(facts));
    const [ofFirst, ofSecond] = [this.#comparedTo(left, right), this.#comparedTo(right, left)];
    return (facts) => binary(op, ofFirst ?? first(facts), ofSecond ?? second(facts));
  }

  /** A number that a fetched one is compared with, as that would be if it were the number: -1 is 0xffffffff. */
  #comparedTo(number: Expression, other: Expression): bigint | undefined {
    const value = this.#constant(number);
    const leaf = isName(other) ? this.#leaf(other, "any") : undefined;
    if (typeof value !== "bigint" || typeof leaf !== "object" || leaf.type.isText) return undefined;
    return asCompared(value, leaf.type);
  }

  #isText(expression: Expression): boolean {
    if (expression.kind === "text") return true;
    if (expression.kind === "path" && BUILTINS[expression.name] === "comm") return true;
    if (!isName(expression)) return false;
    const leaf = this.#leaf(expression, "any");
    return typeof leaf === "object" && leaf.type.isText;
  }

  #evaluateName(expression: Path | Memory, wanted: Wanted): Evaluate {
    const leaf = this.#leaf(expression, wanted);
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

  /** What a name is: fetched, a constant, or what every event has. */
  #leaf(expression: Path | Memory, wanted: Wanted): Fetched | bigint | keyof Builtins {
    if (expression.kind === "memory") {
      const found = fetchMemory(this.#names, expression, this.#scanner);
      if (found === undefined) throw this.#unknown(innermost(expression));
      return found;
    }
    const { name, steps, at } = expression;
    if (Object.hasOwn(BUILTINS, name) && steps.length === 0) return BUILTINS[name];
    if (name.startsWith("$")) throw this.#scanner.wrong(builtinMessage(name), at);
    const found = fetchPath(this.#names, expression, wanted, this.#scanner);
    if (found !== undefined) return found;
    const constant = steps.length === 0 ? constantNamed(name) : undefined;
    if (constant === undefined) throw this.#unknown(expression);
    return constant;
  }

  #unknown(path: Path): Error {
    return unknownName(this.#names, path, Object.keys(BUILTINS), this.#scanner);
  }
}

function innermost(memory: Memory): Path {
  return memory.base.kind === "path" ? memory.base : innermost(memory.base);
}

const ALL = 0xffff_ffff_ffff_ffffn;
const MOST_SIGNED = 0x7fff_ffff_ffff_ffffn;
const MIRRORED = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** A negative number that is compared with one without a sign has the same bits, as in C. */
function asCompared(number: bigint, { signed, size }: ValueType): bigint {
  return number < 0n && !signed ? BigInt.asUintN(size * 8, number) : number;
}

function keyOf(fetch: Fetch): string {
  return JSON.stringify(fetch);
}

/** As much of a computed value as names it. */
function textOf(text: string, expression: Expression): string {
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

function builtinMessage(name: string): string {
  if (name === "$latency" || name === "$entry") {
    return `${name} needs what is kept from a call's begin to its end, which trace does not`;
  }
  if (name === "$task") return "$task is not there: $pid, $tgid, $uid, $gid, $cpu and $comm are";
  return `nothing is called ${name}; there are ${Object.keys(BUILTINS).join(", ")}`;
}

/** A flag of open(2), an errno, or a constant of an enum of the kernel. */
function constantNamed(name: string): bigint | undefined {
  if (!/^[A-Za-z_]\w*$/.test(name)) return undefined;
  if (name === "NULL" || name === "false") return 0n;
  if (name === "true") return 1n;
  const number = openFlag(name) ?? errnoNumber(name);
  if (number !== undefined) return BigInt(number);
  return /[A-Z]/.test(name) && hasBtf() ? enumConstant(name) : undefined;
}

/** Those that were looked for: there are thousands of enums. */
const enumConstants = new Map<string, bigint | undefined>();

function enumConstant(name: string): bigint | undefined {
  if (!enumConstants.has(name)) enumConstants.set(name, findEnumConstant(name));
  return enumConstants.get(name);
}

function findEnumConstant(name: string): bigint | undefined {
  for (const [, { values }] of Btf.kernel().ofKind("enum")) {
    const found = values.find((value) => value.name === name);
    if (found !== undefined) return found.value;
  }
  return undefined;
}
