/** Follows members through the types of the kernel. */
import type { Btf, ResolvedType } from "../../btf/layout.ts";
import type { BtfComposite } from "../../btf/types.ts";
import { nearest } from "../../sys/nearest.ts";
import type { Path, Step } from "./expression.ts";
import {
  type Fetched,
  MOST_STEPS,
  numberAt,
  type Origin,
  textAt,
  type ValueType,
} from "./fetch.ts";
import type { Scanner } from "./scanner.ts";

/** Where a path has led to: into the context, or into memory behind pointers. */
interface Reached {
  readonly type: number;
  /** What was added to each pointer that was followed, and what is to be added to the last; none in the context. */
  readonly offsets: readonly number[];
  readonly bits?: { readonly offset: number; readonly count: number };
}

/**
 * What is at the end of a path.
 * @param type the type of what the path begins with
 * @param offsets none; `[0]` if the path begins with a pointer to that type
 * @throws {ValueError} that points at the member that is not there, or cannot be shown
 */
export function fetchedBy(
  btf: Btf,
  type: number,
  origin: Origin,
  path: Path,
  scanner: Scanner,
  offsets: readonly number[] = [],
): Fetched {
  let reached: Reached = { type, offsets };
  for (const step of path.steps) reached = stepped(btf, reached, step, scanner);
  const wrong = (message: string) => scanner.wrong(message, path.steps.at(-1)?.at ?? path.at);
  if (reached.offsets.length > MOST_STEPS) {
    throw wrong(`no more than ${MOST_STEPS} pointers can be followed`);
  }
  const space = path.space ?? origin.space;
  return shown(btf, reached, { ...origin, ...space && { space } }, wrong);
}

function stepped(
  btf: Btf,
  { type, offsets, bits }: Reached,
  step: Step,
  scanner: Scanner,
): Reached {
  const wrong = (message: string) => scanner.wrong(message, step.at);
  let inner = btf.resolved(type);
  let places = offsets;
  if (bits !== undefined) throw wrong("a bitfield has no members");
  if (inner.kind === "pointer") {
    places = [...offsets, 0];
    type = inner.type;
    inner = btf.resolved(type);
    if ("index" in step) {
      return { type, offsets: moved(places, step.index * sizeOf(btf, type, wrong)) };
    }
  } else if (offsets.length === 0) {
    throw wrong(`${spelled(btf, type)} is no pointer`);
  }
  if ("index" in step) {
    if (inner.kind !== "array") throw wrong(`${spelled(btf, type)} is no array and no pointer`);
    if (inner.length > 0 && step.index >= inner.length) {
      throw wrong(`it has ${inner.length} elements, the first of which is [0]`);
    }
    return {
      type: inner.element,
      offsets: moved(places, step.index * sizeOf(btf, inner.element, wrong)),
    };
  }
  if (inner.kind === "forward") {
    throw wrong(`the kernel's types do not say what ${inner.of} ${inner.name} has`);
  }
  if (inner.kind !== "struct" && inner.kind !== "union") {
    throw wrong(`${spelled(btf, type)} has no members`);
  }
  const found = memberOf(btf, inner, step.member, 0);
  if (found === undefined) {
    const near = nearest(step.member, namesIn(btf, inner));
    const hint = near === undefined
      ? `; it has ${listed(namesIn(btf, inner))}`
      : `; did you mean ${near}?`;
    throw wrong(`${inner.kind} ${inner.name} has no member ${step.member}${hint}`);
  }
  const next = moved(places, Math.floor(found.bitOffset / 8));
  if (found.bitSize === 0) return { type: found.type, offsets: next };
  return {
    type: found.type,
    offsets: places,
    bits: { offset: found.bitOffset, count: found.bitSize },
  };
}

function shown(
  btf: Btf,
  { type, offsets, bits }: Reached,
  origin: Origin,
  wrong: (message: string) => Error,
): Fetched {
  const inner = btf.resolved(type);
  if (inner.kind === "pointer") {
    if (isCharacter(btf, inner.type)) return textAt(origin, [...offsets, 0]);
    return numberAt(origin, offsets, { isText: false, size: 8, signed: false, isPointer: true });
  }
  if (inner.kind === "array") {
    if (isCharacter(btf, inner.element)) return textAt(origin, offsets);
    throw wrong(`it is an array of ${inner.length}: name one of its elements, as in [0]`);
  }
  const number = btfNumber(inner);
  if (number === undefined) {
    const names = inner.kind === "struct" || inner.kind === "union" ? namesIn(btf, inner) : [];
    throw wrong(
      `${spelled(btf, type)} is neither a number nor a text` +
        (names.length > 0 ? `: name one of its members, ${listed(names)}` : ""),
    );
  }
  if (bits === undefined) return numberAt(origin, offsets, number);
  // The bytes of the type that the bitfield lies in, as the compiler reads it.
  const unit = Math.floor(bits.offset / (number.size * 8)) * number.size;
  const from = bits.offset - unit * 8;
  return numberAt(origin, moved(offsets, unit), number, { from, count: bits.count });
}

/** The type of a number: an int or an enum. */
export function btfNumber(type: ResolvedType): ValueType | undefined {
  if (type.kind === "int") {
    return { isText: false, size: type.size, signed: type.encoding === "signed" };
  }
  if (type.kind !== "enum") return undefined;
  const names = new Map(type.values.map(({ name, value }) => [value, name] as const));
  return { isText: false, size: type.size, signed: type.signed, names };
}

/** Names in the kernel are also `unsigned char *`; a u8 is a number, though it is the same. */
function isCharacter(btf: Btf, id: number): boolean {
  const type = btf.type(id);
  switch (type.kind) {
    case "const":
    case "volatile":
    case "restrict":
    case "type_tag":
      return isCharacter(btf, type.type);
    default:
      return type.kind === "int" && /^(?:(?:un)?signed )?char$/.test(type.name);
  }
}

function moved(offsets: readonly number[], by: number): number[] {
  return [...offsets.slice(0, -1), offsets.at(-1)! + by];
}

function sizeOf(btf: Btf, type: number, wrong: (message: string) => Error): number {
  const size = btf.knownSizeOf(type);
  if (size === undefined) throw wrong("the size of what it points to is not known");
  return size;
}

interface Found {
  readonly type: number;
  readonly bitOffset: number;
  readonly bitSize: number;
}

/** A member, also of structs without a name in it. */
function memberOf(btf: Btf, owner: BtfComposite, name: string, from: number): Found | undefined {
  for (const { name: own, type, bitOffset, bitSize } of owner.members) {
    if (own === name) return { type, bitOffset: from + bitOffset, bitSize };
    if (own !== "") continue;
    const inner = btf.resolved(type);
    if (inner.kind !== "struct" && inner.kind !== "union") continue;
    const found = memberOf(btf, inner, name, from + bitOffset);
    if (found !== undefined) return found;
  }
  return undefined;
}

function namesIn(btf: Btf, owner: BtfComposite): string[] {
  return owner.members.flatMap(({ name, type }) => {
    if (name !== "") return [name];
    const inner = btf.resolved(type);
    return inner.kind === "struct" || inner.kind === "union" ? namesIn(btf, inner) : [];
  });
}

/** An error lists this many of the names that exist. */
const MOST_LISTED = 12;

export function listed(names: readonly string[]): string {
  const some = names.slice(0, MOST_LISTED).join(", ");
  return names.length > MOST_LISTED ? `${some}, ...` : some;
}

function spelled(btf: Btf, id: number): string {
  const type = btf.resolved(id);
  if (type.kind === "pointer") return "it";
  if (type.kind === "struct" || type.kind === "union" || type.kind === "enum") {
    return `${type.kind} ${type.name}`.trim();
  }
  return "name" in type && type.name !== "" ? type.name : "it";
}
