/** What names in expressions are at a hook: fetched, a constant, or what every event has. */
import { Btf } from "../../btf/layout.ts";
import { errnoNumber } from "../../sys/errno.ts";
import { hasBtf } from "../../sys/kernel.ts";
import { openFlag } from "../text/open_flags.ts";
import { binary, unary, type Value } from "./evaluate.ts";
import { type Expression, isName, type Memory, type Path } from "./expression.ts";
import type { Fetched, ValueType } from "./fetch.ts";
import { fetchMemory, fetchPath, type Names, unknownName, type Wanted } from "./names.ts";
import type { Scanner } from "./scanner.ts";

/** What an event has besides fetched values: `$pid`. */
export interface Builtins {
  readonly pid: number;
  readonly tid: number;
  readonly uid: number;
  readonly gid: number;
  readonly cpu: number;
  readonly comm: string;
}

const BUILTINS: Readonly<Record<string, keyof Builtins>> = {
  $pid: "tid", // bcc has the kernel's names: pid for a thread, tgid for a process
  $tgid: "pid",
  $tid: "tid",
  $uid: "uid",
  $gid: "gid",
  $cpu: "cpu",
  $comm: "comm",
};

/** What a name is. */
export type Leaf = Fetched | bigint | keyof Builtins;

/** Reads the names of one probe. */
export class Leaves {
  readonly #names: Names;
  readonly #scanner: Scanner;
  readonly #onLatency: string;

  /**
   * @param names the values that the hook has
   * @param onLatency why `$latency` and `$entry()` are not there, where the hook does not have them
   */
  constructor(names: Names, scanner: Scanner, onLatency: string) {
    this.#names = names;
    this.#scanner = scanner;
    this.#onLatency = onLatency;
  }

  /** @throws {ValueError} that points at what cannot be had */
  leaf(expression: Path | Memory, wanted: Wanted): Leaf {
    const { at } = expression;
    if (expression.entry && !this.#names.known.includes("$latency")) {
      throw this.#scanner.wrong(`$entry() ${this.#onLatency}`, at);
    }
    if (expression.kind === "memory") {
      const found = fetchMemory(this.#names, expression, this.#scanner);
      if (found === undefined) throw this.#unknown(innermost(expression));
      return found;
    }
    const { name, steps } = expression;
    if (Object.hasOwn(BUILTINS, name) && steps.length === 0) return BUILTINS[name];
    if (name.startsWith("$") && !this.#names.known.includes(name)) {
      throw this.#scanner.wrong(this.#builtinMessage(name), at);
    }
    const found = fetchPath(this.#names, expression, wanted, this.#scanner);
    if (found !== undefined) return found;
    const constant = steps.length === 0 ? constantNamed(name) : undefined;
    if (constant === undefined) throw this.#unknown(expression);
    return constant;
  }

  /** What an expression is whatever is fetched. */
  constant(expression: Expression): Value {
    switch (expression.kind) {
      case "number":
      case "text":
        return expression.value;
      case "unary":
        return unary(expression.op, this.constant(expression.operand));
      case "binary": {
        const [left, right] = [expression.left, expression.right].map((one) => this.constant(one));
        return left === undefined || right === undefined
          ? undefined
          : binary(expression.op, left, right);
      }
      case "memory":
        return undefined;
      case "path": {
        if (Object.hasOwn(BUILTINS, expression.name)) return undefined;
        const leaf = this.leaf(expression, "any");
        return typeof leaf === "bigint" ? leaf : undefined;
      }
    }
  }

  /** Whether an expression is a text. */
  isText(expression: Expression): boolean {
    if (expression.kind === "text") return true;
    if (expression.kind === "path" && BUILTINS[expression.name] === "comm") return true;
    if (!isName(expression)) return false;
    const leaf = this.leaf(expression, "any");
    return typeof leaf === "object" && leaf.type.isText;
  }

  /** A number that a fetched one is compared with, as that would be if it were the number: -1 is 0xffffffff. */
  comparedTo(number: Expression, other: Expression): bigint | undefined {
    const value = this.constant(number);
    const leaf = isName(other) ? this.leaf(other, "any") : undefined;
    if (typeof value !== "bigint" || typeof leaf !== "object" || leaf.type.isText) return undefined;
    return asCompared(value, leaf.type);
  }

  #unknown(path: Path): Error {
    return unknownName(this.#names, path, Object.keys(BUILTINS), this.#scanner);
  }

  #builtinMessage(name: string): string {
    if (name === "$latency") return `${name} ${this.#onLatency}`;
    if (name === "$task") return "$task is not there: $pid, $tgid, $uid, $gid, $cpu and $comm are";
    return `nothing is called ${name}; there are ${Object.keys(BUILTINS).join(", ")}`;
  }
}

function innermost(memory: Memory): Path {
  return memory.base.kind === "path" ? memory.base : innermost(memory.base);
}

/** A negative number that is compared with one without a sign has the same bits, as in C. */
export function asCompared(number: bigint, { signed, size }: ValueType): bigint {
  return number < 0n && !signed ? BigInt.asUintN(size * 8, number) : number;
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
