import { BtfError, type BtfType, type TypeId } from "./types.ts";

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
    case "array":
      return type.length === 0 ? 0 : type.length * sizeOfType(types, type.element);
    case "variable":
      return sizeOfType(types, type.type);
    case "forward":
      throw new BtfError(`${type.of} ${type.name} is declared but never defined`);
    default:
      throw new BtfError(`Type ${id} (${type?.kind ?? "missing"}) has no size`);
  }
}
