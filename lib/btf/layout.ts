import { parseTypes } from "./parse.ts";
import { resolveType, sizeOfType } from "./resolve.ts";
import { BtfError, type BtfType, type TypeId } from "./types.ts";

/** A type that is not just another name for one. */
export type ResolvedType = Exclude<
  BtfType,
  { kind: "typedef" | "const" | "volatile" | "restrict" | "type_tag" | "declaration_tag" }
>;

/** The types of one BTF, and the questions one asks of them. */
export class Btf {
  /** All types by id; 0 is `void`. */
  readonly types: readonly BtfType[];

  /**
   * Reads raw BTF.
   * @throws {BtfError} for bytes that are not valid BTF.
   */
  constructor(bytes: Uint8Array) {
    this.types = parseTypes(bytes);
  }

  /** The type with this id. @throws {BtfError} when there is none. */
  type(id: TypeId): BtfType {
    const type = this.types[id];
    if (!type) throw new BtfError(`There is no type ${id} in this BTF of ${this.types.length}`);
    return type;
  }

  /** Looks through typedefs, qualifiers and tags: the id of what the type really is. */
  resolve(id: TypeId): TypeId {
    return resolveType(this.types, id);
  }

  /** The type itself, seen through typedefs, qualifiers and tags. */
  resolved(id: TypeId): ResolvedType {
    return this.type(this.resolve(id)) as ResolvedType;
  }

  /** `sizeof`, in bytes. @throws {BtfError} for a type without a size, as `void`. */
  sizeOf(id: TypeId): number {
    return sizeOfType(this.types, id);
  }

  /** The id of the first type of this kind and name, or undefined. */
  find(kind: BtfType["kind"], name: string): TypeId | undefined {
    const id = this.types.findIndex((type) =>
      type.kind === kind && "name" in type && type.name === name
    );
    return id < 0 ? undefined : id;
  }
}
