/** Entries of the table that bpf/include/fetch.h runs by. */
import type { Space } from "./expression.ts";

/** `struct fetch`, as skeletons have it. */
export interface Fetch {
  readonly from: number;
  readonly steps: number;
  readonly size: number;
  readonly is_signed: number;
  readonly left: number;
  readonly right: number;
  readonly space: number;
  readonly is_string: number;
  readonly at: number;
  readonly offsets: readonly number[];
}

/** `struct comparison`. */
export interface Comparison {
  readonly fetch: Fetch;
  readonly op: number;
  readonly is_signed: number;
  readonly unused: Uint8Array<ArrayBuffer>;
  readonly mask: bigint;
  readonly wanted: bigint;
}

/** FETCH_STEPS: how many pointers can be followed. */
export const MOST_STEPS = 4;

/** `enum fetch_from` */
const FROM = { nothing: 0, context: 1, place: 2, data_loc: 3, kept: 4 };

/** `enum fetch_space` */
const SPACES: Readonly<Record<Space, number>> = { user: 1, kernel: 2 };

/** `enum compare_op` */
export const COMPARE = { "==": 1, "!=": 2, "<": 3, "<=": 4, ">": 5, ">=": 6 };

/** What a value is, once it is fetched. */
export interface ValueType {
  /** Text has no more to it. */
  readonly isText: boolean;
  /** Bytes of a number. */
  readonly size: number;
  readonly signed: boolean;
  /** Names of numbers, of an enum. */
  readonly names?: ReadonlyMap<bigint, string>;
  /** Nobody says what it is: a register. It may be taken for text. */
  readonly untyped?: boolean;
  /** Addresses are shown in hexadecimal digits. */
  readonly isPointer?: boolean;
}

/** A value of the table, and what it is. */
export interface Fetched {
  readonly fetch: Fetch;
  readonly type: ValueType;
}

export const TEXT: ValueType = { isText: true, size: 8, signed: false };

const BITS = 64;

/** The shifts that cut a number out of what was read: the lowest of its bytes come first. */
function cut(bits: number, from = 0): Pick<Fetch, "left" | "right"> {
  return { left: BITS - from - bits, right: BITS - bits };
}

/** Where a value begins: in the context, and whose memory pointers lead to unless the user says. */
export interface Origin {
  readonly at: number;
  readonly space?: Space;
  /** What is in the context was kept when the call began. */
  readonly kept?: boolean;
}

/** The bits of a bitfield within the bytes that are read. */
export interface Bits {
  readonly from: number;
  readonly count: number;
}

/**
 * A number.
 * @param offsets what is added to each pointer before it is followed; none for what is in the context itself
 */
export function numberAt(
  { at, space, kept }: Origin,
  offsets: readonly number[],
  type: ValueType,
  bits?: Bits,
): Fetched {
  const fetch = {
    from: kept ? FROM.kept : FROM.context,
    steps: offsets.length,
    size: type.size,
    is_signed: Number(type.signed),
    ...cut(bits?.count ?? type.size * 8, bits?.from),
    space: space === undefined ? 0 : SPACES[space],
    is_string: 0,
    at,
    offsets: filled(offsets),
  };
  return { fetch, type };
}

/**
 * A string at the end of pointers.
 * @param offsets of the pointers that are followed, and that of the string behind the last
 */
export function textAt(origin: Origin, offsets: readonly number[]): Fetched {
  const { fetch } = numberAt(origin, offsets.slice(0, -1), TEXT);
  return { fetch: { ...fetch, is_string: 1, offsets: filled(offsets) }, type: TEXT };
}

/** An array of characters in the context. */
export function textInContext(at: number): Fetched {
  const { fetch } = numberAt({ at }, [], TEXT);
  return { fetch: { ...fetch, from: FROM.place, is_string: 1 }, type: TEXT };
}

/** A text of a tracepoint's record whose place a field says. @param from where that counts from */
export function textOfField(at: number, from: number): Fetched {
  const { fetch } = textInContext(at);
  return { fetch: { ...fetch, from: FROM.data_loc, offsets: filled([from]) }, type: TEXT };
}

/** Whether it was kept when the call began, or is behind what was. */
export function isKept({ from }: Fetch): boolean {
  return from === FROM.kept;
}

/** The same where the call begins, and what is kept is in the context. */
export function atBeginning(fetch: Fetch): Fetch {
  return { ...fetch, from: FROM.context };
}

/** An entry that is not used. */
export const NOTHING: Fetch = {
  ...numberAt({ at: 0 }, [], { isText: false, size: 0, signed: false }).fetch,
  from: FROM.nothing,
  left: 0,
  right: 0,
};

function filled(offsets: readonly number[]): number[] {
  return Array.from({ length: MOST_STEPS + 1 }, (_, i) => offsets[i] ?? 0);
}

/** A comparison that is not made. */
export const NOTHING_COMPARED: Comparison = {
  fetch: NOTHING,
  op: 0,
  is_signed: 0,
  unused: new Uint8Array(6),
  mask: 0n,
  wanted: 0n,
};
