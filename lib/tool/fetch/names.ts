/** What names mean at a hook: arguments, fields, the result. */
import { Btf } from "../../btf/layout.ts";
import { nearest } from "../../sys/nearest.ts";
import { fetchedBy, listed } from "./btf_path.ts";
import { ADDRESS, isText, kernelType, numberType, REGISTER } from "./c_types.ts";
import type { Memory, Path, Step, WrittenType } from "./expression.ts";
import {
  type Fetched,
  isKept,
  MOST_STEPS,
  numberAt,
  type Origin,
  TEXT,
  textAt,
  type ValueType,
} from "./fetch.ts";
import type { Scanner } from "./scanner.ts";

/** What can be fetched at a hook. */
export interface Names {
  /** All that it has, to be listed. */
  readonly known: readonly string[];
  /**
   * What a name is.
   * @returns undefined if there is none such
   * @throws {ValueError} if it is one, and cannot be had
   */
  of(name: string, wrong: (message: string) => Error): Named | undefined;
}

/** What a name stands for, before its members are looked at. */
export type Named =
  | { readonly kind: "constant"; readonly value: bigint }
  /** A value of the context whose type the kernel's types have. */
  | { readonly kind: "typed"; readonly origin: Origin; readonly btf: Btf; readonly type: number }
  /** One whose type is as it was written. */
  | {
    readonly kind: "written";
    readonly origin: Origin;
    readonly type: WrittenType;
    readonly size?: number;
  }
  /** A register, of which nobody says what it is. */
  | { readonly kind: "register"; readonly origin: Origin }
  /** One that is found otherwise; of an array the elements are. */
  | {
    readonly kind: "fetched";
    readonly fetched: Fetched;
    readonly element?: (index: number) => Fetched | undefined;
  };

/** How a value is wanted: as what it is, or as text where it could be that. */
export type Wanted = "any" | "text";

/**
 * What a path fetches.
 * @throws {ValueError} that points at a name that does not exist
 */
export function fetchPath(
  names: Names,
  path: Path,
  wanted: Wanted,
  scanner: Scanner,
): Fetched | bigint | undefined {
  const { name, steps, at } = withoutArgs(names, path);
  const wrong = (message: string) => scanner.wrong(message, at);
  const named = names.of(name, wrong);
  if (named === undefined) return undefined;
  const rest = { ...path, name, steps, at };
  const { cast } = path;
  if (cast !== undefined) return castTo(names, named, { ...rest, cast }, scanner);
  switch (named.kind) {
    case "constant":
      return steps.length === 0 ? named.value : noMembers(steps[0], scanner);
    case "typed": {
      const fetched = fetchedBy(named.btf, named.type, named.origin, rest, scanner);
      return wanted === "text" ? asText(fetched) : fetched;
    }
    case "written":
      return written(named.origin, named.type, rest, scanner, named.size);
    case "fetched":
      return element(named, rest, wanted, scanner);
    case "register": {
      if (steps.length > 0) {
        if ("member" in steps[0]) return noMembers(steps[0], scanner);
        throw scanner.wrong(`the type of ${name} is not known: *(int *)${name} names one`, at);
      }
      const space = path.space ?? named.origin.space;
      const origin = { ...named.origin, ...space && { space } };
      return wanted === "text" ? textAt(origin, [0]) : numberAt(origin, [], REGISTER);
    }
  }
}

/** What `*(type *)(base + offset)` fetches. */
export function fetchMemory(names: Names, memory: Memory, scanner: Scanner): Fetched | undefined {
  const { base, offset, type, at } = memory;
  const found = base.kind === "path"
    ? fetchPath(names, base, "any", scanner)
    : fetchMemory(names, base, scanner);
  if (found === undefined) return undefined;
  if (typeof found === "bigint") throw scanner.wrong(`${base.text} is a constant`, base.at);
  const { fetch } = found;
  if (
    found.type.isText && fetch.offsets[fetch.steps] !== 0 ||
    !found.type.isText && found.type.size !== 8
  ) {
    throw scanner.wrong(`${base.text} is no pointer: it has ${found.type.size} bytes`, base.at);
  }
  if (fetch.steps >= MOST_STEPS) {
    throw scanner.wrong(`no more than ${MOST_STEPS} pointers can be followed`, at);
  }
  const space = memory.space ?? (["user", "kernel"] as const)[fetch.space - 1];
  const offsets = [...fetch.offsets.slice(0, fetch.steps), offset];
  const origin = { at: fetch.at, kept: isKept(fetch), ...space && { space } };
  if (isText(type)) return textAt(origin, [...offsets, 0]);
  return numberAt(origin, offsets, typeOf(type, scanner));
}

/** `args->filename` of the Python tool is `filename`. */
function withoutArgs(names: Names, { name, steps, at }: Path): Pick<Path, "name" | "steps" | "at"> {
  const [first, ...rest] = steps;
  const isWord = name !== "args" || first === undefined || !("member" in first) ||
    names.known.includes("args") && !names.known.includes(first.member);
  if (isWord) return { name, steps, at };
  return { name: first.member, steps: rest, at: first.at };
}

/**
 * `(int)a->b` takes what `a->b` is for another type, `((struct s *)a)->b` takes `a`.
 */
function castTo(
  names: Names,
  named: Named,
  path: Path & { readonly cast: WrittenType & { readonly after: number } },
  scanner: Scanner,
): Fetched | bigint {
  const { cast, steps } = path;
  if (cast.after === 0 && named.kind !== "constant" && named.kind !== "fetched") {
    return written(named.origin, cast, path, scanner);
  }
  if (cast.after !== steps.length) {
    throw scanner.wrong("a type is for the name, or for what all of it leads to", cast.at);
  }
  const found = fetchPath(names, { ...path, cast: undefined }, "any", scanner);
  if (typeof found === "bigint" && cast.pointers === 0) {
    const { signed, size } = typeOf(cast, scanner);
    return signed ? BigInt.asIntN(size * 8, found) : BigInt.asUintN(size * 8, found);
  }
  if (typeof found !== "object" || found.type.isText) {
    throw scanner.wrong("a type is for a number that is fetched", cast.at);
  }
  const { fetch, type } = found;
  if (isText(cast)) {
    if (type.size !== 8) throw scanner.wrong(`${path.text} is no pointer`, cast.at);
    return { fetch: { ...fetch, is_string: 1, is_signed: 0 }, type: TEXT };
  }
  const wanted = typeOf(cast, scanner);
  const bits = Math.min(wanted.size, type.size) * 8;
  if (64 - fetch.right < bits) {
    return { fetch, type: { ...wanted, size: type.size, signed: type.signed } };
  }
  const shift = 64 - bits;
  const is_signed = Number(wanted.signed);
  return {
    fetch: { ...fetch, size: bits / 8, is_signed, left: shift, right: shift },
    type: wanted,
  };
}

/** A value of the context by a type that was written. */
function written(
  origin: Origin,
  type: WrittenType,
  path: Path,
  scanner: Scanner,
  size?: number,
): Fetched {
  const space = path.space ?? origin.space;
  const from = { ...origin, ...space && { space } };
  if (path.steps.length === 0) {
    if (isText(type)) return textAt(from, [0]);
    if (type.pointers > 0) return numberAt(from, [], ADDRESS);
    const number = numberType(type.name) ?? enumType(type.name);
    if (number !== undefined) return numberAt(from, [], number);
    if (size === undefined) throw unknownType({ ...type, at: path.at }, scanner);
    return numberAt(from, [], { isText: false, size, signed: false });
  }
  const [first] = path.steps;
  if (type.pointers === 0) return noMembers(first, scanner);
  const number = type.pointers > 1 ? ADDRESS : numberType(type.name);
  if (number !== undefined && "index" in first && path.steps.length === 1) {
    if (type.pointers === 2 && isText({ ...type, pointers: 1 })) {
      return textAt(from, [first.index * 8, 0]);
    }
    return numberAt(from, [first.index * number.size], number);
  }
  if (number !== undefined) return noMembers(first, scanner);
  const id = kernelType(type.name);
  if (id === undefined || type.pointers !== 1) {
    throw unknownType({ ...type, at: first.at }, scanner);
  }
  return fetchedBy(Btf.kernel(), id, from, path, scanner, [0]);
}

/** An enum of the kernel: `enum pid_type`. */
function enumType(name: string): ValueType | undefined {
  const id = /^enum /.test(name) ? kernelType(name) : undefined;
  const type = id === undefined ? undefined : Btf.kernel().resolved(id);
  if (type?.kind !== "enum") return undefined;
  const names = new Map(type.values.map(({ name, value }) => [value, name] as const));
  return { isText: false, size: type.size, signed: type.signed, names };
}

function typeOf(type: WrittenType, scanner: Scanner): ValueType {
  if (type.pointers > 0) return ADDRESS;
  const number = numberType(type.name) ?? enumType(type.name);
  if (number === undefined) throw unknownType(type, scanner);
  return number;
}

function unknownType({ name, pointers, at }: WrittenType, scanner: Scanner): Error {
  const what = `${name} ${"*".repeat(pointers)}`.trim();
  const why = kernelType(name) === undefined
    ? "the kernel's types do not have it, and no headers are read"
    : "it is neither a number nor a text: name one of its members";
  return scanner.wrong(`${what}: ${why}`, at);
}

function noMembers(step: Step, scanner: Scanner): never {
  throw scanner.wrong("this is a number, and leads to nothing", step.at);
}

function element(
  named: Named & { kind: "fetched" },
  { name, steps, at }: Path,
  wanted: Wanted,
  scanner: Scanner,
): Fetched {
  const [first] = steps;
  if (first === undefined && named.element !== undefined) {
    throw scanner.wrong(`${name} is an array: name one of its elements, as in [0]`, at);
  }
  if (first === undefined) return wanted === "text" ? asText(named.fetched) : named.fetched;
  const found = "index" in first && steps.length === 1 ? named.element?.(first.index) : undefined;
  return found ?? noMembers(first, scanner);
}

/** A pointer or a register of unknown content as the text that it may point to. */
function asText({ fetch, type }: Fetched): Fetched {
  if (type.isText || type.size !== 8 || !type.untyped && !type.isPointer) return { fetch, type };
  return { fetch: { ...fetch, is_string: 1, is_signed: 0 }, type: TEXT };
}

/** The error for a name that does not exist. */
export function unknownName(
  names: Names,
  path: Path,
  more: readonly string[],
  scanner: Scanner,
): Error {
  const { name, at } = withoutArgs(names, path);
  const near = nearest(name, [...names.known, ...more]);
  const hint = near !== undefined
    ? `did you mean ${near}?`
    : names.known.length > 0
    ? `there are ${listed(names.known)}`
    : "there is nothing to name here";
  return scanner.wrong(`nothing is called ${name}: ${hint}`, at);
}
