import { checkTypes } from "./check.ts";
import { decodeText } from "../sys/text.ts";
import { BtfError, type BtfInt, type BtfMember, type BtfType } from "./types.ts";

/*
 * The format: include/uapi/linux/btf.h. A header, then a section of types (each a 12-byte head and
 * what its kind adds), then a section of NUL-terminated strings.
 */
const MAGIC = 0xeb9f;
const MAGIC_SWAPPED = 0x9feb;
const VERSION = 1;
const HEADER_SIZE = 24;
const HEAD_SIZE = 12;

/**
 * No name is longer: the kernel takes 511 bytes (KSYM_NAME_LEN). All names may be one and the same text,
 * so what they take in memory would grow with the square of the file without a limit.
 */
const LONGEST_NAME = 1023;

/** What the kinds add to a type's head, from KIND 1 (`BTF_KIND_INT`) to 19 (`BTF_KIND_ENUM64`). */
const READERS: readonly ((head: Head, body: Cursor) => BtfType)[] = [
  () => ({ kind: "void" }),
  readInt,
  reference("pointer"),
  readArray,
  readComposite("struct"),
  readComposite("union"),
  readEnum,
  (head) => ({ kind: "forward", name: head.name, of: head.flag ? "union" : "struct" }),
  (head) => ({ kind: "typedef", name: head.name, type: head.sizeOrType }),
  reference("volatile"),
  reference("const"),
  reference("restrict"),
  (head) => ({ kind: "function", name: head.name, type: head.sizeOrType }),
  readPrototype,
  readVariable,
  readSection,
  (head) => ({ kind: "float", name: head.name, size: head.sizeOrType }),
  readDeclarationTag,
  reference("type_tag"),
  readEnum64,
];

/**
 * Reads raw BTF (the `.BTF` section of an object, `btf__raw_data()`, /sys/kernel/btf/vmlinux) into its
 * types, in the order of their ids, and checks that they make sense together: every id exists, no type
 * contains itself, every member lies within its struct.
 *
 * @throws {BtfError} for bytes that are not such BTF.
 */
export function parseTypes(bytes: Uint8Array): BtfType[] {
  const { types, strings } = readHeader(bytes);
  const result: BtfType[] = [{ kind: "void" }];
  const cursor = new Cursor(types, strings);
  while (!cursor.atEnd) {
    cursor.id = result.length;
    result.push(readType(cursor));
  }
  checkTypes(result);
  return result;
}

/** @internal The sections of raw BTF. @throws {BtfError} */
export function readHeader(bytes: Uint8Array): { types: DataView; strings: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_SIZE) {
    throw new BtfError(`BTF has ${bytes.length} bytes, its header alone has ${HEADER_SIZE}`);
  }
  const magic = view.getUint16(0, true);
  if (magic === MAGIC_SWAPPED) {
    throw new BtfError("BTF is big-endian, only little-endian machines are supported");
  }
  if (magic !== MAGIC) {
    throw new BtfError(`Not BTF: it begins with 0x${magic.toString(16)}, not 0xeb9f`);
  }
  if (view.getUint8(2) !== VERSION) {
    throw new BtfError(`BTF has version ${view.getUint8(2)}, only version ${VERSION} is known`);
  }
  const header = view.getUint32(4, true);
  const section = (what: string, at: number): [start: number, length: number] => {
    const start = header + view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (start + length > bytes.length) {
      throw new BtfError(
        `BTF is cut off: its ${what} end at ${start + length}, it has ${bytes.length} bytes`,
      );
    }
    return [start, length];
  };
  const [typesStart, typesLength] = section("types", 8);
  const [stringsStart, stringsLength] = section("strings", 16);
  const strings = bytes.subarray(stringsStart, stringsStart + stringsLength);
  if (strings.at(-1) !== 0) throw new BtfError("BTF's strings have no NUL at their end");
  return {
    types: new DataView(bytes.buffer, bytes.byteOffset + typesStart, typesLength),
    strings,
  };
}

/** The 12 bytes that every type begins with: `struct btf_type`. */
interface Head {
  readonly name: string;
  /** How many members, values, parameters or variables follow. */
  readonly count: number;
  readonly flag: boolean;
  readonly sizeOrType: number;
}

/** @internal Walks the types section; every read is checked against its end. */
export class Cursor {
  /** The type being read, for errors. */
  id = 0;
  #at = 0;
  readonly #view: DataView;
  readonly #strings: Uint8Array;

  constructor(view: DataView, strings: Uint8Array) {
    this.#view = view;
    this.#strings = strings;
  }

  get atEnd(): boolean {
    return this.#at === this.#view.byteLength;
  }

  /** Throws unless `count` entries of `size` bytes are left, before any of them is read. */
  need(size: number, count = 1): void {
    if (this.#at + size * count > this.#view.byteLength) {
      throw new BtfError(`BTF is cut off inside type ${this.id}`);
    }
  }

  u32(): number {
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  s32(): number {
    return this.u32() | 0;
  }

  string(): string {
    const offset = this.u32();
    if (offset === 0) return "";
    if (offset >= this.#strings.length) {
      throw new BtfError(`Type ${this.id} has its name at ${offset}, beyond the BTF's strings`);
    }
    const end = this.#strings.indexOf(0, offset);
    if (end > offset + LONGEST_NAME) {
      throw new BtfError(`Type ${this.id} has a name of more than ${LONGEST_NAME} bytes`);
    }
    return decodeText(this.#strings, offset, end);
  }

  /** Reads `count` entries of `size` bytes. */
  list<T>(count: number, size: number, read: () => T): T[] {
    this.need(size, count);
    return Array.from({ length: count }, read);
  }
}

/** @internal Reads the type that the cursor stands on. @throws {BtfError} */
export function readType(cursor: Cursor): BtfType {
  cursor.need(HEAD_SIZE);
  const name = cursor.string();
  const info = cursor.u32();
  const kind = (info >>> 24) & 0x1f;
  const head = { name, count: info & 0xffff, flag: info >>> 31 === 1, sizeOrType: cursor.u32() };
  if (kind === 0 || kind >= READERS.length) {
    throw new BtfError(`Type ${cursor.id} is of kind ${kind}, which is not known`);
  }
  return READERS[kind](head, cursor);
}

function reference(kind: "pointer" | "const" | "volatile" | "restrict" | "type_tag") {
  return (head: Head): BtfType => ({ kind, name: head.name, type: head.sizeOrType });
}

function readInt(head: Head, body: Cursor): BtfInt {
  body.need(4);
  const data = body.u32();
  const flags = (data >>> 24) & 0xf;
  const encoding = flags & 4 ? "bool" : flags & 2 ? "char" : flags & 1 ? "signed" : "unsigned";
  return { kind: "int", name: head.name, size: head.sizeOrType, encoding, bits: data & 0xff };
}

function readArray(_: Head, body: Cursor): BtfType {
  body.need(12);
  const element = body.u32();
  body.u32(); // The type of the index, which says nothing.
  return { kind: "array", element, length: body.u32() };
}

function readComposite(kind: "struct" | "union") {
  return ({ name, count, flag, sizeOrType: size }: Head, body: Cursor): BtfType => {
    const members = body.list(count, 12, (): BtfMember => {
      const member = { name: body.string(), type: body.u32() };
      const offset = body.u32();
      return flag
        ? { ...member, bitOffset: offset & 0xff_ffff, bitSize: offset >>> 24 }
        : { ...member, bitOffset: offset, bitSize: 0 };
    });
    return { kind, name, size, members };
  };
}

function readEnum({ name, count, flag, sizeOrType: size }: Head, body: Cursor): BtfType {
  const values = body.list(count, 8, () => ({
    name: body.string(),
    value: BigInt(flag ? body.s32() : body.u32()),
  }));
  return { kind: "enum", name, size, signed: flag, values };
}

function readEnum64({ name, count, flag, sizeOrType: size }: Head, body: Cursor): BtfType {
  const values = body.list(count, 12, () => {
    const entry = { name: body.string(), low: body.u32(), high: body.u32() };
    const value = (BigInt(entry.high) << 32n) | BigInt(entry.low);
    return { name: entry.name, value: flag ? BigInt.asIntN(64, value) : value };
  });
  return { kind: "enum", name, size, signed: flag, values };
}

function readPrototype(head: Head, body: Cursor): BtfType {
  const parameters = body.list(head.count, 8, () => ({ name: body.string(), type: body.u32() }));
  return { kind: "prototype", returns: head.sizeOrType, parameters };
}

function readVariable(head: Head, body: Cursor): BtfType {
  body.need(4);
  const linkages = ["static", "global", "extern"] as const;
  const linkage = linkages[body.u32()];
  if (!linkage) {
    throw new BtfError(`Variable ${head.name} (type ${body.id}) has an unknown linkage`);
  }
  return { kind: "variable", name: head.name, type: head.sizeOrType, linkage };
}

function readSection(head: Head, body: Cursor): BtfType {
  const variables = body.list(head.count, 12, () => ({
    type: body.u32(),
    offset: body.u32(),
    size: body.u32(),
  }));
  return { kind: "section", name: head.name, size: head.sizeOrType, variables };
}

function readDeclarationTag(head: Head, body: Cursor): BtfType {
  body.need(4);
  body.u32(); // Which member or parameter it is on.
  return { kind: "declaration_tag", name: head.name, type: head.sizeOrType };
}
