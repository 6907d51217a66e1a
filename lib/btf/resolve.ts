import { type BtfComposite, BtfError, type BtfMember, type BtfType, type TypeId } from "./types.ts";

/** The only pointer size of BPF, whatever the machine. */
const POINTER_SIZE = 8;

/** Types by id: an array of them, or a list that reads each when it is asked for. */
export interface TypeList {
  readonly length: number;
  at(id: TypeId): BtfType | undefined;
}

/** Looks through typedefs, qualifiers and tags: the id of what the type really is. */
export function resolveType(types: TypeList, id: TypeId): TypeId {
  for (;;) {
    const type = types.at(id);
    switch (type?.kind) {
      case "typedef":
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
      case "declaration_tag":
        id = type.type;
        break;
      default:
        return id;
    }
  }
}

/** `sizeof`, in bytes. @throws {BtfError} for a type without a size, as `void`. */
export function sizeOfType(types: TypeList, id: TypeId): number {
  const size = knownSize(types, id);
  if (size === undefined) throw unsized(types, id);
  return size;
}

/** `sizeof`, in bytes; undefined for a type without a size, as `void`. */
export function knownSize(types: TypeList, id: TypeId): number | undefined {
  const type = types.at(resolveType(types, id));
  switch (type?.kind) {
    case "int":
    case "float":
    case "struct":
    case "union":
    case "enum":
    case "section":
      return type.size;
    case "pointer":
      return POINTER_SIZE;
    case "array": {
      const size = type.length === 0 ? 0 : knownSize(types, type.element);
      return size === undefined ? undefined : type.length * size;
    }
    case "variable":
      return knownSize(types, type.type);
    default:
      return undefined;
  }
}

function unsized(types: TypeList, id: TypeId): BtfError {
  const type = types.at(resolveType(types, id));
  switch (type?.kind) {
    case "array":
      return unsized(types, type.element);
    case "variable":
      return unsized(types, type.type);
    case "forward":
      return new BtfError(`${type.of} ${type.name} is declared but never defined`);
    default:
      return new BtfError(`Type ${id} (${type?.kind ?? "missing"}) has no size`);
  }
}

/**
 * How many bytes a member without a known size has at most: those up to the next member. Clang has no BTF
 * for some types of C++ (the base of a struct, `char16_t`, `nullptr_t`) and makes them `void`.
 */
export function roomOf(owner: BtfComposite, member: BtfMember): number {
  const start = member.bitOffset;
  let end = owner.size * 8;
  let behind = false;
  for (const one of owner.members) {
    // What a struct derives from may be empty: then the next member lies at the same place.
    const next = behind && owner.kind === "struct" && one.bitOffset === start;
    if (one.bitOffset > start || next) end = Math.min(end, one.bitOffset);
    behind ||= one === member;
  }
  return Math.floor((end - start) / 8);
}
