import type { LazyTypes } from "./lazy_types.ts";
import type { Relocation } from "./relocations.ts";
import type { TypeList } from "./resolve.ts";
import type { TypeId } from "./types.ts";

/** `enum bpf_core_relo_kind` of include/uapi/linux/bpf.h: what is asked of a type. */
const TYPE_ID_LOCAL = 6;
const TYPE_ID_TARGET = 7;
const TYPE_MATCHES = 12;

/** `struct btf_header`: include/uapi/linux/btf.h. */
const HEADER_SIZE = 24;
const MAGIC = 0xeb9f;
const VERSION = 1;

/** `struct btf_type`. */
const HEAD_SIZE = 12;

/** Kinds of include/uapi/linux/btf.h. */
const POINTER = 2;
const ARRAY = 3;
const STRUCT = 4;
const UNION = 5;
const ENUM = 6;
const TYPEDEF = 8;
const VOLATILE = 9;
const CONST = 10;
const RESTRICT = 11;
const TYPE_TAG = 18;
const ENUM64 = 19;

/** What a relocation can name, by the numbers of kinds. */
const KINDS: Readonly<Record<number, "struct" | "union" | "enum">> = {
  [STRUCT]: "struct",
  [UNION]: "union",
  [ENUM]: "enum",
  [ENUM64]: "enum",
};

/**
 * The kernel's BTF, reduced to the types that an object's CO-RE relocations name, and to those that lie in them:
 * some KiB of 6 MiB. A pointer leads to `void` in it, since no relocation follows one.
 * @param kernel the kernel's types
 * @param object the types of the object
 * @returns undefined where libbpf could find more in the whole of it than in this, and in modules: of an object
 * that asks for ids, compares types as a whole, or names a type that is not there
 */
export function reducedTypes(
  kernel: LazyTypes,
  object: TypeList,
  relocations: readonly Relocation[],
): Uint8Array<ArrayBuffer> | undefined {
  const wanted = new Map<string, Set<string>>();
  for (const { type: id, kind } of relocations) {
    if (kind === TYPE_ID_LOCAL) continue;
    const type = object.at(id);
    if (kind === TYPE_ID_TARGET || kind >= TYPE_MATCHES) return undefined;
    if (type?.kind !== "struct" && type?.kind !== "union" && type?.kind !== "enum") {
      return undefined;
    }
    const name = essential(type.name);
    wanted.set(name, (wanted.get(name) ?? new Set()).add(type.kind));
  }
  const reduction = new Reduction(kernel);
  const found = new Map<string, Set<string>>();
  for (const id of kernel.idsNamed(wanted.keys())) {
    const name = essential(kernel.nameOf(id));
    const kind = KINDS[kernel.record(id)[7] & 0x1f];
    if (kind === undefined || !wanted.get(name)?.has(kind)) continue;
    found.set(name, (found.get(name) ?? new Set()).add(kind));
    reduction.take(id);
  }
  for (const [name, kinds] of wanted) {
    if (found.get(name)?.size !== kinds.size) return undefined;
  }
  return reduction.bytes();
}

/** A name without what follows `___`, by which an object distinguishes its own types of one name. */
function essential(name: string): string {
  const at = name.indexOf("___", 1);
  return at < 0 ? name : name.slice(0, at);
}

/** Copies types with all that lies in them, and gives them numbers of their own. */
class Reduction {
  readonly #kernel: LazyTypes;
  readonly #ids = new Map<TypeId, TypeId>();
  readonly #records: Uint8Array[] = [];
  readonly #names = new Map<number, number>([[0, 0]]);
  readonly #strings: Uint8Array[] = [Uint8Array.of(0)];
  #stringsSize = 1;

  constructor(kernel: LazyTypes) {
    this.#kernel = kernel;
  }

  /** Takes a type over. @returns its new id */
  take(id: TypeId): TypeId {
    if (id === 0) return 0;
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    const record = this.#kernel.record(id).slice();
    this.#ids.set(id, this.#records.push(record));
    this.#renumber(record);
    return this.#ids.get(id)!;
  }

  /** Puts the new ids and names into a record: `struct btf_type` and what follows it. */
  #renumber(record: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(record.buffer);
    const info = view.getUint32(4, true);
    const type = (at: number) => view.setUint32(at, this.take(view.getUint32(at, true)), true);
    const name = (at: number) => view.setUint32(at, this.#name(view.getUint32(at, true)), true);
    const each = (size: number, put: (at: number) => void) => {
      for (let at = HEAD_SIZE; at < record.length; at += size) put(at);
    };
    name(0);
    switch ((info >>> 24) & 0x1f) {
      case POINTER:
        view.setUint32(8, 0, true);
        break;
      case TYPEDEF:
      case VOLATILE:
      case CONST:
      case RESTRICT:
      case TYPE_TAG:
        type(8);
        break;
      case ARRAY:
        type(HEAD_SIZE);
        type(HEAD_SIZE + 4);
        break;
      case STRUCT:
      case UNION:
        each(12, (at) => {
          name(at);
          type(at + 4);
        });
        break;
      case ENUM:
        each(8, name);
        break;
      case ENUM64:
        each(12, name);
    }
  }

  #name(offset: number): number {
    const known = this.#names.get(offset);
    if (known !== undefined) return known;
    const { strings } = this.#kernel;
    const text = strings.subarray(offset, strings.indexOf(0, offset) + 1);
    const at = this.#stringsSize;
    this.#names.set(offset, at);
    this.#strings.push(text);
    this.#stringsSize += text.length;
    return at;
  }

  /** All of it as BTF. */
  bytes(): Uint8Array<ArrayBuffer> {
    const typesSize = this.#records.reduce((sum, { length }) => sum + length, 0);
    const bytes = new Uint8Array(HEADER_SIZE + typesSize + this.#stringsSize);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, MAGIC, true);
    view.setUint8(2, VERSION);
    view.setUint32(4, HEADER_SIZE, true);
    view.setUint32(12, typesSize, true);
    view.setUint32(16, typesSize, true); // where the strings begin, behind the types
    view.setUint32(20, this.#stringsSize, true);
    let at = HEADER_SIZE;
    for (const part of [...this.#records, ...this.#strings]) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
