import type { Structure } from "../text/json_text.ts";
import type { Text, Words } from "../text/words.ts";
import { type MembersOfC, membersOfC, type Traced } from "./c_kinds.ts";
import { booleanKind } from "./kinds/boolean.ts";
import { decimalKind, type DecimalLook } from "./kinds/decimal.ts";
import { errnoRetKind } from "./kinds/errno_ret.ts";
import { integerKind, type IntegerLook } from "./kinds/integer.ts";
import { integersKind } from "./kinds/integers.ts";
import type { AnyKind, Look } from "./kinds/kind.ts";
import { signalKind } from "./kinds/signal.ts";
import { structureKind } from "./kinds/structure.ts";
import { textKind } from "./kinds/text.ts";
import { timeKind } from "./kinds/time.ts";
import { wordsKind, type WordsLook } from "./kinds/words.ts";
import type { Member } from "./member.ts";

/** Declares a member of one kind: how it looks, and how it is read. */
export type Declare<R, Value, L extends Look = Look> = <T extends Value | undefined>(
  look: L,
  value: (record: R) => T,
) => Member<R, T>;

/** The kinds of members, each a function that declares one. */
export interface MemberKinds<R> {
  /** Text, which may come from anybody. */
  readonly text: Declare<R, Text>;
  /** A whole number. */
  readonly integer: Declare<R, number | bigint, IntegerLook>;
  /** A number that may have a fraction. */
  readonly decimal: Declare<R, number, DecimalLook>;
  /** True or false. */
  readonly boolean: Declare<R, boolean>;
  /** Wall time, in nanoseconds since 1970. */
  readonly time: Declare<R, bigint>;
  /** Words, such as the arguments of a command. */
  readonly words: Declare<R, Words, WordsLook>;
  /** Whole numbers, such as the counts of a histogram. */
  readonly integers: Declare<R, readonly number[]>;
  /** A value of any shape. */
  readonly structure: Declare<R, Structure>;
  /** The result of a call: 0 or more, or a negative errno. */
  readonly errno: Declare<R, number>;
  /** The name of a signal. */
  readonly signal: Declare<R, Text>;
}

/**
 * How the members of an event are declared: a function for each kind. Of a record whose codec is given,
 * `c` has the members that C declares by a typedef of bpf/include/kinds.h, ready to be used.
 * @param _own what makes what readers find as `$own`: the tool's `own`
 *
 * @example
 * ```ts
 * import { membersOf } from "@denobpf/denobpf/tool";
 *
 * const { integer, text } = membersOf<{ pid: number; name: string }>();
 * const members = {
 *   pid: integer({ brief: "Process", width: 7 }, (r) => r.pid),
 *   name: text({ brief: "Its name", width: -16 }, (r) => r.name),
 * };
 * ```
 */
export function membersOf<R>(): MemberKinds<R>;
/** The same for the records of a ring: they also have {@link Traced}. */
export function membersOf<R, K = Record<never, never>, C = unknown>(
  codec: { readonly kinds?: K; view(): R },
  _own?: (...given: never[]) => C,
): MemberKinds<R & Traced<C>> & { readonly c: MembersOfC<R & Traced<C>, K> };
export function membersOf(codec?: { readonly kinds?: unknown }): unknown {
  return { ...MEMBER_KINDS, ...codec && { c: membersOfC(codec.kinds ?? {}) } };
}

function declare(kind: AnyKind) {
  return (look: Look, value: (record: never) => unknown) => ({ ...look, kind, value });
}

const MEMBER_KINDS = {
  text: declare(textKind),
  integer: declare(integerKind),
  decimal: declare(decimalKind),
  boolean: declare(booleanKind),
  time: declare(timeKind),
  words: declare(wordsKind),
  integers: declare(integersKind),
  structure: declare(structureKind),
  errno: declare(errnoRetKind),
  signal: declare(signalKind),
};
