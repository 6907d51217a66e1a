/** From what is counted, as its user wrote it, to what the kernel half of argdist does. */
import { ValueError } from "../options/usage_errors.ts";
import { ADDRESS, isText, numberType } from "./c_types.ts";
import { type CodeStep, CodeWriter } from "./code.ts";
import type { Distribution } from "./distribution.ts";
import { type Expression, isName, type WrittenType } from "./expression.ts";
import { type Fetch, TEXT, type ValueType } from "./fetch.ts";
import { Leaves } from "./leaves.ts";
import type { Names } from "./names.ts";
import { Scanner } from "./scanner.ts";
import { textOf } from "./written.ts";

/** MAX_VALUES and MAX_TEXTS of bpf/argdist.bpf.c. */
export const MOST_KEYS = 4;
const MOST_TEXTS = 2;

/** A value by which passes are distinguished, or whose histogram is shown. */
export interface CountedValue {
  /** As it was written. */
  readonly name: string;
  readonly kind: "number" | "text" | "comm";
  /** Its first step; of a text its entry of the table. */
  readonly at: number;
  /** The number of the text. */
  readonly text: number;
  /** Whether the number may be negative. */
  readonly signed: boolean;
  /** What it is; undefined for what is computed. */
  readonly type: ValueType | undefined;
}

/** A probe, ready for the kernel. */
export interface CompiledDistribution {
  readonly fetches: readonly Fetch[];
  readonly kept: readonly Fetch[];
  readonly steps: readonly CodeStep[];
  /** The first step of the condition, if there is one. */
  readonly condition: number | undefined;
  readonly values: readonly CountedValue[];
}

const ON_LATENCY = "is for the end of a function: r:NAME";

/** What nobody says what it is, is taken for what most functions return. */
const INT = numberType("int")!;

/**
 * @param names the values that the hook has
 * @param isHistogram whether a histogram is asked for, which is of one number
 * @throws {ValueError} that points at what cannot be had
 */
export function compileDistribution(
  asked: Distribution,
  names: Names,
  isHistogram: boolean,
): CompiledDistribution {
  return new Compiler(asked, names).compile(isHistogram);
}

class Compiler {
  readonly #asked: Distribution;
  readonly #scanner: Scanner;
  readonly #leaves: Leaves;
  readonly #code: CodeWriter;
  #texts = 0;

  constructor(asked: Distribution, names: Names) {
    this.#asked = asked;
    this.#scanner = new Scanner(asked.text);
    this.#leaves = new Leaves(names, this.#scanner, ON_LATENCY);
    this.#code = new CodeWriter(this.#leaves, this.#scanner);
  }

  compile(isHistogram: boolean): CompiledDistribution {
    const { condition, text, types, values } = this.#asked;
    const counted = values.length === 0
      ? this.#unnamed(isHistogram)
      : values.map((value, i) => this.#value(value, types?.[i]));
    if (counted.length > MOST_KEYS) {
      const message = `no more than ${MOST_KEYS} values are counted together`;
      throw this.#scanner.wrong(message, values[MOST_KEYS].at);
    }
    if (isHistogram && values.length > 1) {
      throw this.#scanner.wrong("a histogram is of one value", values[1].at);
    }
    if (isHistogram && counted[0].kind !== "number") {
      const at = values[0]?.at ?? text.length;
      throw this.#scanner.wrong("a histogram is of numbers, and this is text: -C counts it", at);
    }
    const { fetches, kept, steps } = this.#code;
    return {
      condition: condition && this.#code.number(condition).at,
      fetches,
      kept,
      steps,
      values: counted,
    };
  }

  /** What is counted where the user names nothing: what the function returns, or all passes as one. */
  #unnamed(isHistogram: boolean): CountedValue[] {
    const { kind, text } = this.#asked;
    if (kind === "return") {
      const path = { kind: "path", name: "retval", steps: [], at: text.length } as const;
      const retval: Expression = { ...path, text: "retval" };
      try {
        return [this.#value(retval, undefined, INT)];
      } catch (error) {
        if (isHistogram || !(error instanceof ValueError)) throw error;
        return []; // it returns nothing
      }
    }
    if (!isHistogram) return [];
    throw this.#scanner.wrong("the value is missing whose histogram is to be shown", text.length);
  }

  /**
   * @param written what the user says that it is
   * @param otherwise what it is if nobody says
   */
  #value(value: Expression, written?: WrittenType, otherwise?: ValueType): CountedValue {
    const named = isName(value);
    const name = named ? value.text : textOf(this.#asked.text, value);
    const wanted = written === undefined ? undefined : this.#typeOf(written);
    const leaf = named ? this.#leaves.leaf(value, wanted?.isText ? "text" : "any") : undefined;
    const isOfText = leaf === "comm" || typeof leaf === "object" && leaf.type.isText;
    if (wanted?.isText && !isOfText) throw this.#scanner.wrong(`${name} is no text`, value.at);
    if (wanted !== undefined && !wanted.isText && isOfText) {
      throw this.#scanner.wrong(`${name} is text: its type is char*`, value.at);
    }
    if (named && isOfText) {
      const text = this.#texts++;
      if (text === MOST_TEXTS) {
        throw this.#scanner.wrong(
          `no more than ${MOST_TEXTS} texts are counted together`,
          value.at,
        );
      }
      const fetched = typeof leaf === "object" ? this.#code.fetch(leaf, value) : 0;
      const kind = leaf === "comm" ? "comm" : "text";
      return { name, kind, at: fetched, text, signed: false, type: TEXT };
    }
    const own = typeof leaf === "object" ? leaf.type : undefined;
    const type = wanted ?? (own?.untyped ? otherwise : undefined);
    const { at, signed } = this.#code.number(value, type);
    return { name, kind: "number", at, text: 0, signed, type: type ?? own };
  }

  #typeOf(written: WrittenType): ValueType {
    if (isText(written)) return TEXT;
    if (written.pointers > 0) return ADDRESS;
    const type = numberType(written.name);
    if (type !== undefined) return type;
    throw this.#scanner.wrong(`${written.name} is no type of a number, such as u64`, written.at);
  }
}
