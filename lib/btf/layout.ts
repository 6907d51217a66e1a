import { SystemError } from "../sys/errno.ts";
import { fileExists } from "../sys/status.ts";
import { BTF_PATH, btfFile } from "../sys/kernel.ts";
import { ElfFile } from "../symbols/elf.ts";
import { ElfError, isElf } from "../symbols/elf_headers.ts";
import { FileSource } from "../symbols/source.ts";
import { LazyTypes } from "./lazy_types.ts";
import { parseTypes } from "./parse.ts";
import { knownSize, resolveType, sizeOfType, type TypeList } from "./resolve.ts";
import { BtfError, type BtfType, type TypeId } from "./types.ts";

/** A type that is not just another name for one. */
export type ResolvedType = Exclude<
  BtfType,
  { kind: "typedef" | "const" | "volatile" | "restrict" | "type_tag" | "declaration_tag" }
>;

/** Where the kernel shows the types of its modules, besides its own. */
const FOLDER = BTF_PATH.replace(/[^/]*$/, "");

let kernel: Btf | undefined;

/**
 * The types of one BTF, and the questions one asks of them.
 *
 * @example
 * ```ts
 * import { Btf } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const btf = Btf.kernel();
 * const id = btf.find("struct", "list_head")!;
 * assertEquals(btf.sizeOf(id), 16);
 * ```
 */
export class Btf {
  readonly #list: TypeList;
  #all: readonly BtfType[] | undefined;

  /**
   * Reads raw BTF: that of an object (`object.btf()`, its section `.BTF`), or of a loaded one.
   * @throws {BtfError} for bytes that are not valid BTF.
   */
  constructor(bytes: Uint8Array | LazyTypes) {
    this.#list = bytes instanceof LazyTypes ? bytes : parseTypes(bytes);
  }

  /**
   * The types of the running kernel, read as they are asked for: 20 ms at first instead of a second.
   * Where `DENOBPF_BTF` names a file, those in it: raw, or in an ELF file (a vmlinux).
   * @throws {BtfError} if there are none
   */
  static kernel(): Btf {
    return kernel ??= new Btf(new LazyTypes(readTypes(btfFile() ?? BTF_PATH)));
  }

  /**
   * The types of a module that is loaded, and of the kernel, on which they stand.
   * @param name as lsmod(8) has it: `nf_tables`
   * @throws {BtfError} if the module is not loaded or has none
   */
  static module(name: string): Btf {
    if (!/^[\w-]+$/.test(name)) throw new BtfError(`${name} is not the name of a module`);
    const base = Btf.kernel().#list as LazyTypes;
    const path = `${FOLDER}${name.replaceAll("-", "_")}`;
    if (!fileExists(path)) throw new BtfError(`${name} is not loaded, or has no BTF: no ${path}`);
    return new Btf(new LazyTypes(readTypes(path), base));
  }

  /**
   * Reads raw BTF of which only some types will be asked for; what is wrong in one is reported when it is.
   * @throws {BtfError} for bytes that are no BTF
   */
  static lazily(bytes: Uint8Array): Btf {
    return new Btf(new LazyTypes(bytes));
  }

  /** How many types there are, `void` included: ids are less than this. */
  get length(): number {
    return this.#list.length;
  }

  /** All types by id; 0 is `void`. */
  get types(): readonly BtfType[] {
    this.#all ??= Array.isArray(this.#list)
      ? this.#list
      : Array.from({ length: this.length }, (_, id) => this.type(id));
    return this.#all!;
  }

  /** The type with this id. @throws {BtfError} when there is none. */
  type(id: TypeId): BtfType {
    const type = this.#list.at(id);
    if (!type) throw new BtfError(`There is no type ${id} in this BTF of ${this.length}`);
    return type;
  }

  /** Looks through typedefs, qualifiers and tags: the id of what the type really is. */
  resolve(id: TypeId): TypeId {
    return resolveType(this.#list, id);
  }

  /** The type itself, seen through typedefs, qualifiers and tags. */
  resolved(id: TypeId): ResolvedType {
    return this.type(this.resolve(id)) as ResolvedType;
  }

  /** `sizeof`, in bytes. @throws {BtfError} for a type without a size, as `void`. */
  sizeOf(id: TypeId): number {
    return sizeOfType(this.#list, id);
  }

  /** `sizeof`, in bytes; undefined for a type without a size, as `void`. */
  knownSizeOf(id: TypeId): number | undefined {
    return knownSize(this.#list, id);
  }

  /** The id of the first type of this kind and name, or undefined; of a module its own come first. */
  find(kind: BtfType["kind"], name: string): TypeId | undefined {
    if (this.#list instanceof LazyTypes) return this.#list.find(kind, name);
    const id = this.types.findIndex((type) =>
      type.kind === kind && "name" in type && type.name === name
    );
    return id < 0 ? undefined : id;
  }

  /** The ids and types of one kind: all functions, all structs. */
  *ofKind<K extends BtfType["kind"]>(
    kind: K,
  ): Generator<[id: TypeId, type: Extract<BtfType, { kind: K }>], void, void> {
    const ids = this.#list instanceof LazyTypes ? this.#list.ids(kind) : this.types.keys();
    for (const id of ids) {
      const type = this.type(id);
      if (type.kind === kind) yield [id, type as Extract<BtfType, { kind: K }>];
    }
  }
}

function readTypes(path: string): Uint8Array<ArrayBuffer> {
  try {
    using source = FileSource.open(path);
    if (!isElf(source)) return source.read(0, source.size);
    const file = new ElfFile(source);
    const section = file.section(".BTF");
    if (section !== undefined) return file.bytesOf(section);
    throw new BtfError(`${path} has no section .BTF`);
  } catch (error) {
    if (!(error instanceof SystemError) && !(error instanceof ElfError)) throw error;
    throw new BtfError(error.message, { cause: error });
  }
}
