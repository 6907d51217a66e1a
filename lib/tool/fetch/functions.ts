/** What functions, and USDT probes, pass. */
import { Btf } from "../../btf/layout.ts";
import type { BtfPrototype } from "../../btf/types.ts";
import { hasAttachKind } from "../../objects/features/attach_kinds.ts";
import { hasBtf } from "../../sys/kernel.ts";
import type { Hook } from "../probes/hook.ts";
import { LATENCY_IN_NAMES } from "./code.ts";
import { numberAt } from "./fetch.ts";
import type { Named, Names } from "./names.ts";
import { ARGUMENTS, RESULT } from "./registers.ts";
import type { Parameter } from "./specification.ts";
import { usdtArguments } from "./usdt_arguments.ts";

/** `arg1` and so on, counted from 0. */
export function argumentNumber(name: string): number | undefined {
  const number = /^arg([1-9]\d?)$/.exec(name)?.[1];
  return number === undefined ? undefined : Number(number) - 1;
}

/** `retval`, or `return` as ksnoop has it. */
const RETVAL = "retval";

/** The prototype of a function of the kernel, if its types have it. */
export interface Typed {
  readonly btf: Btf;
  readonly prototype: BtfPrototype;
}

/**
 * The prototype of a function of the kernel.
 * @returns undefined where the types do not have it: a module's of Linux before 5.11, a function that the compiler
 *   has changed (`name.isra.0`)
 */
export function prototypeOf({ names, owner }: Hook): Typed | undefined {
  if (!hasBtf()) return undefined;
  try {
    const btf = owner === undefined ? Btf.kernel() : Btf.module(owner);
    const id = btf.find("function", names[0]);
    const type = id === undefined ? undefined : btf.type(id);
    const prototype = type?.kind === "function" ? btf.resolved(type.type) : undefined;
    return prototype?.kind === "prototype" ? { btf, prototype } : undefined;
  } catch {
    return undefined; // types that this cannot read are as none
  }
}

/** Whether the end of a function can be traced with its arguments: by fexit, which takes only words. */
export function hasArgumentsAtEnd(typed: Typed | undefined): boolean {
  if (typed === undefined || !hasAttachKind("fexit")) return false;
  const { btf, prototype: { parameters, returns } } = typed;
  return (isWord(btf, returns) || btf.resolved(returns).kind === "void") &&
    parameters.every(({ type }) => isWord(btf, type)) &&
    parameters.length <= ARGUMENTS.length; // more are on the stack, which not all kernels look at
}

/** Whether a value takes one register. A parameter of type void stands for `...`. */
function isWord(btf: Btf, type: number): boolean {
  return ["int", "pointer", "enum"].includes(btf.resolved(type).kind);
}

const EIGHT = 8;

/**
 * The arguments at the end of a function by fexit, and what it returns: words one behind the other.
 */
export function namesAtEnd({ btf, prototype }: Typed): Names {
  const { parameters, returns } = prototype;
  return {
    known: [...parameters.map(({ name }) => name), RETVAL],
    of(name, wrong) {
      if (name === RETVAL) {
        const at = parameters.length * EIGHT;
        return resultOf({ btf, type: returns, at }, wrong);
      }
      const number = argumentNumber(name) ?? parameters.findIndex((one) => one.name === name);
      const parameter = parameters[number];
      if (parameter === undefined) return undefined;
      return { kind: "typed", origin: { at: number * EIGHT }, btf, type: parameter.type };
    },
  };
}

function resultOf(
  { btf, type, at }: { btf: Btf; type: number; at: number },
  wrong: (message: string) => Error,
): Named {
  if (btf.resolved(type).kind === "void") throw wrong("this function returns nothing");
  return { kind: "typed", origin: { at }, btf, type };
}

/** The arguments of a function of the kernel where it begins. */
export function namesAtEntry(typed: Typed | undefined, name: string): Names {
  const parameters = typed?.prototype.parameters ?? [];
  return {
    known: typed === undefined
      ? ARGUMENTS.map((_, i) => `arg${i + 1}`)
      : parameters.map(({ name }) => name),
    of(wanted, wrong) {
      if (wanted === RETVAL) {
        throw wrong(`${name} has not returned yet: r:${name} shows what it returns`);
      }
      const asked = argumentNumber(wanted);
      const number = asked ?? parameters.findIndex((one) => one.name === wanted);
      if (typed === undefined) {
        if (asked === undefined) return untypedName(name, wanted, wrong);
        return { kind: "register", origin: { at: registerOf(number, wrong) } };
      }
      if (parameters[number] === undefined) {
        if (asked !== undefined) throw wrong(`${name} has ${parameters.length} arguments`);
        return syscallName(name, parameters.length, wrong);
      }
      const { btf } = typed;
      const spread = parameters.slice(0, number + 1).find(({ type }) => !isWord(btf, type));
      if (spread !== undefined) {
        throw wrong(
          `${spread.name} of ${name} takes more than one register, or none: it cannot be found`,
        );
      }
      const { type } = parameters[number];
      return { kind: "typed", origin: { at: registerOf(number, wrong) }, btf, type };
    },
  };
}

/** Functions of system calls have one argument, the registers of the call. */
function syscallName(name: string, count: number, wrong: (message: string) => Error): undefined {
  const [, call] = /^__(?:x64|arm64|ia32)_sys_(\w+)$/.exec(name) ?? [];
  if (call !== undefined && count === 1) {
    throw wrong(
      `${name} is passed the registers of the call: t:syscalls:sys_enter_${call} has its arguments`,
    );
  }
  return undefined;
}

function untypedName(name: string, wanted: string, wrong: (message: string) => Error): undefined {
  if (!/^[a-z_]\w*$/.test(wanted)) return undefined; // O_CREAT
  const why = name.includes("+")
    ? "registers may hold anything behind its beginning"
    : name.includes(".")
    ? "the compiler has changed its arguments"
    : "the kernel's types do not have it";
  throw wrong(`no argument of ${name} has a name: ${why}; arg1 is what the first register holds`);
}

function registerOf(number: number, wrong: (message: string) => Error): number {
  if (number < ARGUMENTS.length) return ARGUMENTS[number];
  throw wrong(
    `arguments behind the ${ARGUMENTS.length}th are on the stack, where they are not looked for`,
  );
}

/** What a function of the kernel returns, by kretprobe. */
export function namesAtReturn(typed: Typed | undefined, name: string): Names {
  return {
    known: [RETVAL],
    of(wanted, wrong) {
      if (wanted === RETVAL) {
        if (typed === undefined) return { kind: "register", origin: { at: RESULT } };
        return resultOf({ btf: typed.btf, type: typed.prototype.returns, at: RESULT }, wrong);
      }
      const isArgument = argumentNumber(wanted) !== undefined ||
        typed?.prototype.parameters.some((one) => one.name === wanted);
      if (!isArgument) return undefined;
      throw wrong(
        `${name} has returned, and its arguments are gone: only fexit has both, which cannot trace it here`,
      );
    },
  };
}

/**
 * The arguments of a function of a program, where it begins or ends.
 * @param signature its parameters as the user declares them: a file does not say
 */
export function namesInFile(signature: readonly Parameter[] | undefined, isReturn: boolean): Names {
  const parameters = signature ?? [];
  const numbered = ARGUMENTS.map((_, i) => `arg${i + 1}`);
  return {
    known: isReturn ? [RETVAL] : [...parameters.map(({ name }) => name), ...numbered],
    of(name, wrong) {
      if (name === RETVAL) {
        if (!isReturn) throw wrong("the function has not returned yet: r: shows what it returns");
        return { kind: "register", origin: { at: RESULT, space: "user" } };
      }
      const number = argumentNumber(name) ?? parameters.findIndex((one) => one.name === name);
      if (number < 0) return undefined;
      if (isReturn) throw wrong("the function has returned, and its arguments are gone");
      const origin = { at: registerOf(number, wrong), space: "user" } as const;
      const parameter = parameters[number];
      return parameter === undefined
        ? { kind: "register", origin }
        : { kind: "written", origin, type: parameter.type };
    },
  };
}

/** The arguments of a USDT probe at one of its places. @param text of the probe's note */
export function namesOfUsdt(text: string): Names {
  const found = usdtArguments(text);
  return {
    known: found.map((_, i) => `arg${i + 1}`),
    of(name, wrong) {
      const number = argumentNumber(name);
      if (number === undefined) return undefined;
      if (number >= found.length) throw wrong(`the probe has ${found.length} arguments`);
      const argument = found[number];
      if (argument === undefined) throw wrong(`${name} is where this cannot fetch it: ${text}`);
      if (typeof argument === "bigint") return { kind: "constant", value: argument };
      return { kind: "fetched", fetched: argument };
    },
  };
}

/**
 * What a call has at its end if its beginning keeps what it was passed.
 * @param atEntry its arguments
 * @param atReturn what it returns
 */
export function namesOfCall(atEntry: Names, atReturn: Names): Names {
  return {
    known: [...atEntry.known, RETVAL, LATENCY],
    of(name, wrong) {
      if (name === RETVAL) return atReturn.of(name, wrong);
      if (name === LATENCY) return { kind: "fetched", fetched: latency };
      const named = atEntry.of(name, wrong);
      if (named === undefined || !("origin" in named)) return named;
      return { ...named, origin: { ...named.origin, kept: true } };
    },
  };
}

const LATENCY = "$latency";

/** In nanoseconds. */
const latency = numberAt(
  { at: LATENCY_IN_NAMES, kept: true },
  [],
  { isText: false, size: EIGHT, signed: false },
);

/** The names with those that the user gives to parameters. */
export function namesBySignature(
  names: Names,
  signature: readonly Parameter[] | undefined,
): Names {
  if (signature === undefined) return names;
  return {
    known: [...new Set([...signature.map(({ name }) => name), ...names.known])],
    of(wanted, wrong) {
      const number = signature.findIndex(({ name }) => name === wanted);
      if (number < 0) return names.of(wanted, wrong);
      const named = names.of(`arg${number + 1}`, wrong);
      if (named?.kind !== "register") return named;
      return { kind: "written", origin: named.origin, type: signature[number].type };
    },
  };
}
