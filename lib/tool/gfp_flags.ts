/**
 * The flags of a request for memory: their bits differ by kernel, and tracefs says what they are in this one. It
 * stands apart from mod.ts, as few tools need it.
 *
 * @module
 */

/** Bits and their name, the names of several bits first: the order of include/trace/events/mmflags.h. */
export type GfpFlags = readonly (readonly [bits: bigint, name: string])[];

/** `{( unsigned long)(((1UL)) << (10)), "__GFP_IO"}` */
const ENTRY = /\{([^{}"]+),\s*"(\w+)"\s*\}/g;

/** Casts, and what makes a number of another type. */
const TYPES = /\(\s*(?:unsigned long|(?:__force\s+)?gfp_t)\s*\)|(?<=\d|[\da-f])[uUlL]+\b/g;

/**
 * Reads the flags in the format of a tracepoint: Documentation/trace/events.rst.
 * @param format the text of its file `format`
 */
export function parseGfpFlags(format: string): GfpFlags {
  return [...format.matchAll(ENTRY)].flatMap(([, value, name]) => {
    const bits = new Expression(value.replaceAll(TYPES, "")).value();
    return bits === undefined || bits === 0n ? [] : [[bits, name] as const];
  });
}

/** The names of flags, as the kernel itself writes them; what has no name as a number. */
export function gfpNames(known: GfpFlags, flags: bigint): string[] {
  const names: string[] = [];
  let rest = flags;
  for (const [bits, name] of known) {
    if ((rest & bits) !== bits) continue;
    names.push(name);
    rest &= ~bits;
  }
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names;
}

/** From the weakest on. */
const OPERATORS: readonly Readonly<Record<string, (a: bigint, b: bigint) => bigint>>[] = [
  { "|": (a, b) => a | b },
  { "&": (a, b) => a & b },
  { "<<": (a, b) => a << b },
];

/** An expression of numbers in C. */
class Expression {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/0x[\da-f]+|\d+|\w+|<<|[|&~()]/gi) ?? [];
  }

  /** Its value; undefined if it is of a form that is not known. */
  value(): bigint | undefined {
    const value = this.#binary(0);
    return this.#at === this.#tokens.length ? value : undefined;
  }

  #binary(level: number): bigint | undefined {
    if (level === OPERATORS.length) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = OPERATORS[level][this.#tokens[this.#at] ?? ""];
      if (operator === undefined || left === undefined) return left;
      this.#at++;
      const right = this.#binary(level + 1);
      left = right === undefined ? undefined : operator(left, right);
    }
  }

  #unary(): bigint | undefined {
    const token = this.#tokens[this.#at++];
    if (token === "~") {
      const value = this.#unary();
      return value === undefined ? undefined : ~value;
    }
    if (token === "(") {
      const value = this.#binary(0);
      return this.#tokens[this.#at++] === ")" ? value : undefined;
    }
    return /^\d/.test(token ?? "") ? BigInt(token) : undefined;
  }
}
