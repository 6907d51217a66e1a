/** What the kernel's types say of functions: the names and types of arguments, and what is returned. */
import type { Btf } from "../../btf/layout.ts";
import type { Hook } from "../probes/hook.ts";
import { btfNumber } from "./btf_path.ts";
import { ADDRESS } from "./c_types.ts";
import type { ValueType } from "./fetch.ts";
import { prototypeOf } from "./functions.ts";

/** A function, as far as values of it take one register each. */
export interface FunctionTypes {
  /** The first of its arguments; those behind one that takes several registers could not be found. */
  readonly parameters: readonly { readonly name: string; readonly type: ValueType }[];
  /** Undefined if it returns nothing, or more than a register. */
  readonly returns: ValueType | undefined;
}

/**
 * The types of a function of the kernel.
 * @returns undefined where the types do not have it, and for functions of files
 */
export function functionTypes(hook: Hook): FunctionTypes | undefined {
  const typed = hook.file === undefined ? prototypeOf(hook) : undefined;
  if (typed === undefined) return undefined;
  const { btf, prototype } = typed;
  const types = prototype.parameters.map(({ name, type }) => ({ name, type: wordType(btf, type) }));
  const end = types.findIndex(({ type }) => type === undefined);
  return {
    parameters: types.slice(0, end < 0 ? undefined : end)
      .map(({ name, type }) => ({ name, type: type! })),
    returns: wordType(btf, prototype.returns),
  };
}

/** Of what fits into a register. */
function wordType(btf: Btf, id: number): ValueType | undefined {
  const type = btf.resolved(id);
  return type.kind === "pointer" ? ADDRESS : btfNumber(type);
}

/**
 * What a register holds: as wide as the type says, since there may be anything above.
 * @param type undefined if nobody knows it
 */
export function inRegister(register: bigint, type: ValueType | undefined): bigint {
  if (type === undefined) return register;
  const bits = type.size * 8;
  return type.signed ? BigInt.asIntN(bits, register) : BigInt.asUintN(bits, register);
}

/** A number as it is shown: a name of an enum, hexadecimal digits of an address or of what has no type. */
export function shownNumber(value: bigint, type: ValueType | undefined): bigint | string {
  if (type === undefined || type.isPointer) return `0x${value.toString(16)}`;
  return type.names?.get(value) ?? value;
}
