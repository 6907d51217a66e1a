import { sizeOfType } from "./resolve.ts";
import { BtfError, type BtfType, type TypeId } from "./types.ts";

/** Types within types within types: the kernel allows 32 (MAX_RESOLVE_DEPTH in kernel/bpf/btf.c). */
const DEEPEST = 32;

/** More than any BPF object can hold; beyond it an offset would no longer be an exact number. */
const LARGEST = 2 ** 32;

/**
 * Checks what the rest of lib/btf relies on, so that no walk over the types can fail or run forever.
 * @throws {BtfError}
 */
export function checkTypes(types: readonly BtfType[]): void {
  for (const [id, type] of types.entries()) {
    for (const target of references(type)) {
      if (target >= types.length) {
        throw new BtfError(`${label(types, id)} refers to type ${target} of ${types.length}`);
      }
    }
  }
  refuseCycles(types, containedTypes);
  refuseCycles(types, spelledTypes);
  for (const id of types.keys()) checkMembers(types, id);
}

/** All ids that a type names. */
function references(type: BtfType): TypeId[] {
  switch (type.kind) {
    case "struct":
    case "union":
      return type.members.map((member) => member.type);
    case "section":
      return type.variables.map((variable) => variable.type);
    case "prototype":
      return [type.returns, ...type.parameters.map((parameter) => parameter.type)];
    case "array":
      return [type.element];
    default:
      return "type" in type ? [type.type] : [];
  }
}

/** The types that lie inside a value of this type: the walk that a size or a decoder makes. */
function containedTypes(type: BtfType): TypeId[] {
  return type.kind === "pointer" || type.kind === "prototype" ? [] : references(type);
}

/** The types that are part of this type's spelling in C, where a struct is only its name. */
function spelledTypes(type: BtfType): TypeId[] {
  return type.kind === "struct" || type.kind === "union" ? [] : references(type);
}

function refuseCycles(types: readonly BtfType[], edges: (type: BtfType) => TypeId[]): void {
  const height: (number | undefined)[] = [];
  const visit = (id: TypeId, depth: number): number => {
    if (depth + (height[id] ?? 0) > DEEPEST) {
      throw new BtfError(`${label(types, id)} contains itself, or is nested too deep`);
    }
    return height[id] ??= 1 + Math.max(-1, ...edges(types[id]).map((to) => visit(to, depth + 1)));
  };
  for (const id of types.keys()) visit(id, 0);
}

function checkMembers(types: readonly BtfType[], id: TypeId): void {
  const type = types[id];
  if (type.kind === "array" && sizeOfType(types, id) > LARGEST) {
    throw new BtfError(`${label(types, id)} has ${sizeOfType(types, id)} bytes`);
  }
  if (type.kind === "struct" || type.kind === "union") {
    for (const { name, type: of, bitOffset, bitSize } of type.members) {
      const room = bitSize > 0 ? sizeOfType(types, of) * 8 : Infinity;
      const end = bitOffset + (bitSize || sizeOfType(types, of) * 8);
      if (end > type.size * 8 || bitSize > room || (bitSize === 0 && bitOffset % 8 !== 0)) {
        throw new BtfError(`Member ${name} lies outside of ${label(types, id)}`);
      }
    }
  }
  if (type.kind === "section") {
    for (const { type: of } of type.variables) {
      const { kind } = types[of];
      if (kind !== "variable" && kind !== "function") {
        throw new BtfError(`Section ${type.name} holds ${label(types, of)}, not a variable`);
      }
    }
  }
  if (type.kind === "int" && type.bits > type.size * 8) {
    throw new BtfError(`${label(types, id)} has ${type.bits} bits in ${type.size} bytes`);
  }
}

function label(types: readonly BtfType[], id: TypeId): string {
  const type = types[id];
  const name = "name" in type ? type.name : "";
  return `type ${id} (${type.kind}${name && ` ${name}`})`;
}
