import type { Btf } from "../btf/layout.ts";
import { printType } from "../btf/print.ts";
import type { BtfArray, BtfComposite, BtfEnum, BtfInt, BtfMember, TypeId } from "../btf/types.ts";
import { emitEnum, emitStruct, emitUnion, emitView } from "./definitions.ts";
import { type Field, integer, type Mapped, type Path, type Place } from "./mapping.ts";
import { Names } from "./names.ts";

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

  /** @throws {BtfError} for a type that TypeScript has no type for, naming the path to it. */
  map(id: TypeId, path: Path): Mapped {
    const resolved = this.#btf.resolve(id);
    const type = this.#btf.resolved(id);
    switch (type.kind) {
      case "int":
        return mapInt(type) ?? this.#refuse(id, path);
      case "pointer":
        return integer(8, false)!;
      case "array":
        return this.#mapArray(type, path);
      case "enum":
        return this.#once(resolved, () => this.#mapEnum(type, this.#nameOf(id, path), id, path));
      case "struct":
      case "union":
        return this.#once(resolved, () => this.#mapComposite(type, id, path));
      default:
        return this.#refuse(id, path);
    }
  }

  #refuse(id: TypeId, path: Path): never {
    throw path.error(`${printType(this.#btf, id)} has no TypeScript type`);
  }

  #once(id: TypeId, map: () => Mapped): Mapped {
    const mapped = this.#mapped.get(id) ?? map();
    this.#mapped.set(id, mapped);
    return mapped;
  }

  /** What the type is called: its tag, else the typedef it was reached by, else its place. */
  #nameOf(id: TypeId, path: Path): string {
    let name = path.name;
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

  #mapArray({ element, length }: BtfArray, path: Path): Mapped {
    const of = this.#btf.resolved(element);
    if (of.kind === "int" && isChar(of)) {
      const codec = this.#constant(`$.chars(${length})`, `chars_${length}`);
      return { type: "string", codec, read: textReader(length), lies: liesAt(length) };
    }
    if (of.kind === "int" && isByte(of)) {
      const codec = this.#constant(`$.bytes(${length})`, `bytes_${length}`);
      return { type: "$.ReadonlyBytes", codec, read: bytesReader(length), lies: liesAt(length) };
    }
    const mapped = this.map(element, path.element());
    const name = `${mapped.codec.replace("$.", "")}_x${length}`;
    const codec = this.#constant(`$.array(${mapped.codec}, ${length})`, name);
    return { type: listOf(mapped), codec, read: codecReader(codec) };
  }

  #mapFlexibleArray({ element }: BtfArray, path: Path): Mapped {
    const of = this.#btf.resolved(element);
    if (of.kind === "int" && isChar(of)) {
      const codec = "$.flexibleChars";
      return { type: "string", codec, read: textReader(), lies: liesAt(), open: true };
    }
    if (of.kind === "int" && isByte(of)) {
      const codec = "$.flexibleBytes";
      const lies = liesAt();
      return { type: "$.ReadonlyBytes", codec, read: bytesReader(), lies, open: true };
    }
    const mapped = this.map(element, path.element());
    const name = `${mapped.codec.replace("$.", "")}_flexible`;
    const codec = this.#constant(`$.flexibleArray(${mapped.codec})`, name);
    return { type: listOf(mapped), codec, read: codecReader(codec, true), open: true };
  }

  #mapEnum(type: BtfEnum, name: string, id: TypeId, path: Path): Mapped {
    const base = integer(type.size, type.signed) ?? this.#refuse(id, path);
    const codec = this.#names.take(`${name}_codec`);
    this.definitions.push(emitEnum(type, name, codec, base, printType(this.#btf, id)));
    return { ...base, type: name, codec };
  }

  #mapComposite(type: BtfComposite, id: TypeId, path: Path): Mapped {
    const name = this.#nameOf(id, path);
    const spelled = this.#btf.type(id).kind === "typedef" || type.name === ""
      ? name
      : `${type.kind} ${type.name}`;
    const fields = this.#fields(type, path, spelled, name);
    const shape = { name, spelled, size: type.size, fields };
    if (type.kind === "union") {
      this.definitions.push(emitUnion(shape));
      return { type: name, codec: name, read: codecReader(name) };
    }
    const event = this.#events.has(this.#btf.resolve(id));
    const view = event ? this.#names.take(`${name}_view`) : undefined;
    this.definitions.push(emitStruct(shape, view));
    if (view) this.definitions.push(emitView(shape, view));
    const open = fields.some((field) => field.mapped.open);
    return { type: name, codec: name, read: codecReader(name, open), open };
  }

  #fields(owner: BtfComposite, path: Path, spelled: string, name: string): Field[] {
    const names = Names.ofMembers();
    const fields: Field[] = [];
    // `tail`: whether the end of this struct or union is the end of the record.
    const walk = (composite: BtfComposite, start: number, shared: boolean, tail: boolean) => {
      const inUnion = shared || composite.kind === "union";
      composite.members.forEach((member, index) => {
        const last = tail &&
          (composite.kind === "union" || index === composite.members.length - 1);
        const bit = start + member.bitOffset;
        if (member.name === "") {
          const inner = this.#btf.resolved(member.type);
          // What else has no name is padding: `int : 4`.
          if (inner.kind === "struct" || inner.kind === "union") walk(inner, bit, inUnion, last);
          return;
        }
        const at = path.member(spelled, name, member.name);
        const mapped = this.#mapMember(member, bit, at, last);
        if (mapped.open && inUnion) {
          throw at.error("a flexible array in a union has no TypeScript type");
        }
        fields.push({
          name: names.take(member.name),
          declaration: printType(this.#btf, member.type, member.name) +
            (member.bitSize > 0 ? ` : ${member.bitSize}` : ""),
          offset: Math.floor(bit / 8),
          mapped: last ? mapped : { ...mapped, open: false },
          shared: inUnion,
        });
      });
    };
    walk(owner, 0, false, true);
    return fields;
  }

  #mapMember(member: BtfMember, bit: number, path: Path, last: boolean): Mapped {
    if (member.bitSize > 0) return this.#mapBits(member, bit % 8, path);
    const type = this.#btf.resolved(member.type);
    if (type.kind === "array" && type.length === 0 && last) {
      return this.#mapFlexibleArray(type, path);
    }
    return this.map(member.type, path);
  }

  #mapBits({ type: id, bitSize }: BtfMember, shift: number, path: Path): Mapped {
    const { type } = this.map(id, path);
    const base = this.#btf.resolved(id);
    const signed = base.kind === "enum" ? base.signed : base.kind === "int" && isSigned(base);
    const sign = signed ? "signed" : "unsigned";
    const reader = type === "boolean"
      ? "$.boolBits"
      : `$.${sign}${this.#btf.sizeOf(id) === 8 ? "Big" : ""}Bits`;
    return {
      type,
      codec: this.#constant(
        `$.bits(${reader}, ${shift}, ${bitSize})`,
        `${reader.slice(2)}_${shift}_${bitSize}`,
      ),
      read: (place) => `${reader}(${place.from}, ${place.at()}, ${shift}, ${bitSize})`,
    };
  }
}

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

/** Reads by a codec; an open one is told where the record ends, if it reaches up to there. */
function codecReader(codec: string, open = false): Mapped["read"] {
  return (place) => {
    const end = open && place.end !== undefined ? `, ${place.end}` : "";
    return `${codec}.decode(${place.from}, ${place.at()}${end})`;
  };
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
