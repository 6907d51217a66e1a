import type { Btf } from "../btf/layout.ts";
import { printType } from "../btf/print.ts";
import { roomOf } from "../btf/resolve.ts";
import {
  type BtfArray,
  type BtfComposite,
  type BtfEnum,
  BtfError,
  type BtfInt,
  type BtfMember,
  type TypeId,
} from "../btf/types.ts";
import { type KindName, KINDS } from "./kinds.ts";
import { emitEnum, emitStruct, emitUnion, emitView } from "./definitions.ts";
import { byCodec, type Field, float, integer, type Mapped, type Place } from "./mapping.ts";
import { Names } from "./names.ts";

/** Anonymous unions can lie within one another so that no memory holds their members. */
const MOST_MEMBERS = 100_000;

/**
 * Maps C types to TypeScript, and collects the definitions that the mapped types need, each after
 * those it depends on.
 */
export class TypeMapper {
  readonly definitions: string[] = [];
  readonly #btf: Btf;
  readonly #names: Names;
  readonly #events: ReadonlySet<TypeId>;
  /** Mapped structs, unions and enums: one definition each, however many members have the type. */
  readonly #mapped = new Map<TypeId, Mapped>();
  /** Constants for codecs that are built from others, by the expression that builds them. */
  readonly #constants = new Map<string, string>();

  /** @param events ids of the structs that are ring buffer events: they get a view as well */
  constructor(btf: Btf, names: Names, events: readonly TypeId[]) {
    this.#btf = btf;
    this.#names = names;
    this.#events = new Set(events.map((id) => btf.resolve(id)));
  }

  /**
   * A type; one that TypeScript has no type for is its bytes.
   * @param place what it is called if C has no name for it: the names of the members that lead to it
   * @param room how many bytes it has if its type does not say
   */
  map(id: TypeId, place: string, room = 0): Mapped {
    const size = this.#btf.knownSizeOf(id);
    if (size === undefined) return this.#mapUnknown(room, UNTYPED);
    const unknown = () => this.#mapUnknown(size, "its bytes: TypeScript has no type for it");
    const resolved = this.#btf.resolve(id);
    const type = this.#btf.resolved(id);
    switch (type.kind) {
      case "int":
        return mapInt(type) ?? unknown();
      case "float":
        return float(size) ?? unknown();
      case "pointer":
        return integer(8, false)!;
      case "array":
        return this.#mapArray(type, place);
      case "enum": {
        const base = integer(size, type.signed);
        if (base === undefined) return unknown();
        return this.#once(resolved, () => this.#mapEnum(type, base, id, place));
      }
      case "struct":
      case "union":
        return this.#once(resolved, () => this.#mapComposite(type, id, place));
      default:
        return unknown();
    }
  }

  /** The events of a ring: what is no struct is a value on its own. */
  event(id: TypeId, place: string): Mapped {
    if (this.#btf.knownSizeOf(id) === undefined) return byCodec("$.ReadonlyBytes", "$.raw");
    const mapped = this.map(id, place);
    if (this.#btf.resolved(id).kind === "struct") return mapped;
    return { ...mapped, codec: this.#constant(`$.eventOf(${mapped.codec})`, place) };
  }

  #mapUnknown(size: number, note: string): Mapped {
    return { ...this.#mapBytes(size), note };
  }

  #mapBytes(length: number): Mapped {
    const codec = this.#constant(`$.bytes(${length})`, `bytes_${length}`);
    return { type: "$.ReadonlyBytes", codec, read: bytesReader(length), lies: liesAt(length) };
  }

  #once(id: TypeId, map: () => Mapped): Mapped {
    const mapped = this.#mapped.get(id) ?? map();
    this.#mapped.set(id, mapped);
    return mapped;
  }

  /** What the type is called: its tag, else the typedef it was reached by, else its place. */
  #nameOf(id: TypeId, place: string): string {
    let name = place;
    for (let type = this.#btf.type(id);; type = this.#btf.type(type.type)) {
      if ("name" in type && type.name !== "" && type.kind !== "type_tag") name = type.name;
      if (!("type" in type)) return this.#names.take(name);
    }
  }

  /** The constant that holds the codec `expression`; `name` is what to call it. */
  #constant(expression: string, name: string): string {
    const known = this.#constants.get(expression);
    if (known) return known;
    const constant = this.#names.take(name);
    this.definitions.push(`const ${constant} = ${expression};`);
    this.#constants.set(expression, constant);
    return constant;
  }

  #mapArray({ element, length }: BtfArray, place: string): Mapped {
    const of = this.#btf.resolved(element);
    if (of.kind === "int" && isChar(of)) {
      const codec = this.#constant(`$.chars(${length})`, `chars_${length}`);
      return { type: "string", codec, read: textReader(length), lies: liesAt(length) };
    }
    if (of.kind === "int" && isByte(of)) return this.#mapBytes(length);
    const mapped = this.map(element, place);
    const name = `${mapped.codec.replace("$.", "")}_x${length}`;
    const codec = this.#constant(`$.array(${mapped.codec}, ${length})`, name);
    return { ...byCodec(listOf(mapped), codec), note: mapped.note };
  }

  #mapFlexibleArray({ element }: BtfArray, place: string): Mapped {
    const of = this.#btf.resolved(element);
    if (of.kind === "int" && isChar(of)) {
      const codec = "$.flexibleChars";
      return { type: "string", codec, read: textReader(), lies: liesAt(), open: true };
    }
    if (of.kind === "int" && isByte(of)) return flexibleBytes;
    if (this.#btf.knownSizeOf(element) === undefined) return { ...flexibleBytes, note: UNTYPED };
    const mapped = this.map(element, place);
    const name = `${mapped.codec.replace("$.", "")}_flexible`;
    const codec = this.#constant(`$.flexibleArray(${mapped.codec})`, name);
    return { ...byCodec(listOf(mapped), codec, true), note: mapped.note };
  }

  #mapEnum(type: BtfEnum, base: Mapped, id: TypeId, place: string): Mapped {
    const name = this.#nameOf(id, place);
    const codec = this.#names.take(`${name}_codec`);
    this.definitions.push(emitEnum(type, name, codec, base, printType(this.#btf, id)));
    return { ...base, type: name, codec };
  }

  #mapComposite(type: BtfComposite, id: TypeId, place: string): Mapped {
    const name = this.#nameOf(id, place);
    const spelled = this.#btf.type(id).kind === "typedef" || type.name === ""
      ? name
      : `${type.kind} ${type.name}`;
    const fields = this.#fields(type, name);
    const shape = { name, spelled, size: type.size, fields };
    if (type.kind === "union") {
      this.definitions.push(emitUnion(shape));
      return byCodec(name, name);
    }
    const event = this.#events.has(this.#btf.resolve(id));
    const view = event ? this.#names.take(`${name}_view`) : undefined;
    this.definitions.push(emitStruct(shape, view));
    if (view) this.definitions.push(emitView(shape, view));
    return byCodec(name, name, fields.some((field) => field.end === "record"));
  }

  #fields(owner: BtfComposite, name: string): Field[] {
    const names = Names.ofMembers();
    const fields: Field[] = [];
    let count = 0;
    // `end`: where an array without a length may end that is the last of this struct, or in this union.
    const walk = (composite: BtfComposite, start: number, inUnion: boolean, end: Field["end"]) => {
      const union = composite.kind === "union";
      composite.members.forEach((member, index) => {
        if (++count > MOST_MEMBERS) {
          throw new BtfError(`${name} has more than ${MOST_MEMBERS} members`);
        }
        const last = union || index === composite.members.length - 1 ? end : undefined;
        const bit = start + member.bitOffset;
        const type = this.#btf.resolved(member.type);
        if (member.name === "" && (type.kind === "struct" || type.kind === "union")) {
          const inner = type.kind === "union" && type.size > 0 ? bit / 8 + type.size : last;
          walk(type, bit, inUnion || type.kind === "union", inner);
          return;
        }
        const unknown = this.#btf.knownSizeOf(member.type) === undefined;
        const room = unknown ? roomOf(composite, member) : 0;
        // What else has no name is padding, `int : 4`, or what C++ derives a struct from.
        if (member.name === "" && room === 0) return;
        const called = member.name || "base";
        const mapped = this.#mapMember(member, bit, `${name}_${called}`, room, last);
        fields.push({
          name: names.take(called),
          declaration: printType(this.#btf, member.type, member.name) +
            (member.bitSize > 0 ? ` : ${member.bitSize}` : ""),
          offset: Math.floor(bit / 8),
          mapped,
          end: mapped.open ? last : undefined,
          shared: inUnion,
          kind: this.#kindOf(member.type),
        });
      });
    };
    walk(owner, 0, false, owner.kind === "union" ? owner.size : "record");
    return fields;
  }

  /** The first typedef on the way to a member's type that names a kind. */
  #kindOf(id: TypeId): KindName | undefined {
    for (let type = this.#btf.type(id);; type = this.#btf.type(type.type)) {
      if (type.kind === "typedef" && Object.hasOwn(KINDS, type.name)) return type.name as KindName;
      if (!QUALIFIED.includes(type.kind) || !("type" in type)) return undefined;
    }
  }

  #mapMember(
    member: BtfMember,
    bit: number,
    place: string,
    bytes: number,
    end: Field["end"],
  ): Mapped {
    if (member.bitSize > 0) return this.#mapBits(member, bit % 8, place);
    const type = this.#btf.resolved(member.type);
    if (type.kind !== "array" || type.length > 0 || end === undefined) {
      return this.map(member.type, place, bytes);
    }
    const size = this.#btf.knownSizeOf(type.element);
    if (size === 0) return this.#mapArray(type, place);
    if (end === "record") return this.#mapFlexibleArray(type, place);
    const room = end - bit / 8;
    if (size === undefined) return this.#mapUnknown(room, UNTYPED);
    const mapped = this.#mapArray({ ...type, length: Math.floor(room / size) }, place);
    return { ...mapped, note: mapped.note ?? "up to the end of its union" };
  }

  #mapBits({ type: id, bitSize }: BtfMember, shift: number, place: string): Mapped {
    const base = this.#btf.resolved(id);
    const signed = base.kind === "enum" ? base.signed : base.kind === "int" && isSigned(base);
    const big = this.#btf.sizeOf(id) > 4;
    const bool = base.kind === "int" && base.encoding === "bool";
    const sign = signed ? "signed" : "unsigned";
    const reader = bool ? "$.boolBits" : `$.${sign}${big ? "Big" : ""}Bits`;
    const named = base.kind === "enum" && integer(base.size, signed) !== undefined;
    return {
      type: named ? this.map(id, place).type : bool ? "boolean" : big ? "bigint" : "number",
      codec: this.#constant(
        `$.bits(${reader}, ${shift}, ${bitSize})`,
        `${reader.slice(2)}_${shift}_${bitSize}`,
      ),
      read: (place) => `${reader}(${place.from}, ${place.at()}, ${shift}, ${bitSize})`,
    };
  }
}

/** What is said of a type that the compiler left out: clang does so for some of C++ and Rust. */
const UNTYPED = "its bytes: the object does not say of which type";

const flexibleBytes: Mapped = {
  type: "$.ReadonlyBytes",
  codec: "$.flexibleBytes",
  read: bytesReader(),
  lies: liesAt(),
  open: true,
};
/** Types that stand for another one. */
const QUALIFIED: readonly string[] = ["typedef", "const", "volatile", "restrict", "type_tag"];

function mapInt(type: BtfInt): Mapped | undefined {
  if (type.bits !== type.size * 8) return undefined;
  if (type.encoding !== "bool") return integer(type.size, isSigned(type));
  if (type.size !== 1) return undefined;
  return {
    type: "boolean",
    codec: "$.bool",
    read: (place) => `${place.from}.view.getUint8(${place.at()}) !== 0`,
  };
}

function isSigned({ encoding }: BtfInt): boolean {
  return encoding === "signed" || encoding === "char";
}

/** Text goes by the name: clang gives `char` the encoding of any other signed int. */
function isChar({ name, size }: BtfInt): boolean {
  return name === "char" && size === 1;
}

function isByte({ encoding, size }: BtfInt): boolean {
  return encoding === "unsigned" && size === 1;
}

function listOf({ type }: Mapped): string {
  return `readonly ${/[^\w$.]/.test(type) ? `(${type})` : type}[]`;
}

function liesAt(length?: number): (place: Place) => string {
  return (place) => `${place.from}.u8, ${place.at()}, ${end(place, length)}`;
}

function textReader(length?: number): Mapped["read"] {
  return (place) => `$.decodeText(${liesAt(length)(place)})`;
}

function bytesReader(length?: number): Mapped["read"] {
  return (place) => `${place.from}.u8.slice(${place.at()}, ${end(place, length)})`;
}

/** The end of an array: `length` bytes on, or without one the end of the record. */
function end(place: Place, length?: number): string {
  return length === undefined ? place.end! : place.at(length);
}
