import { knownSize, type TypeList } from "./resolve.ts";
import { BtfError, type BtfType, type TypeId } from "./types.ts";

/**
 * Types within types within types. The kernel allows 32 (MAX_RESOLVE_DEPTH in kernel/bpf/btf.c), but libbpf goes on
 * without BTF there; CO-RE paths have 64 at most (BPF_CORE_SPEC_MAX_LEN of libbpf's relo_core.h).
 */
const DEEPEST = 64;

/** More than any BPF object can hold; beyond it an offset would no longer be an exact number. */
const LARGEST = 2 ** 32;

/**
 * Checks what the rest of lib/btf relies on, so that no walk over the types can fail or run forever.
 * @throws {BtfError}
 */
export function checkTypes(types: TypeList): void {
  const checker = new TypeChecker(types);
  for (let id = 0; id < types.length; id++) checker.check(id);
}

/** Checks types one at a time, each with all that it stands on. */
export class TypeChecker {
  readonly #types: TypeList;
  /** How deep types are nested within one another, by id, and one more; 0 where it is not known yet. */
  readonly #contained: Uint8Array;
  readonly #spelled: Uint8Array;

  constructor(types: TypeList) {
    this.#types = types;
    this.#contained = new Uint8Array(types.length);
    this.#spelled = new Uint8Array(types.length);
  }

  /** @throws {BtfError} */
  check(id: TypeId): void {
    const type = this.#types.at(id)!;
    for (const target of references(type)) {
      if (target < this.#types.length) continue;
      throw new BtfError(`${label(type, id)} refers to type ${target} of ${this.#types.length}`);
    }
    this.#refuseCycles(id, 0, containedTypes, this.#contained);
    this.#refuseCycles(id, 0, spelledTypes, this.#spelled);
    checkMembers(this.#types, type, id);
  }

  #refuseCycles(
    id: TypeId,
    depth: number,
    edges: (type: BtfType) => TypeId[],
    heights: Uint8Array,
  ): number {
    const type = this.#types.at(id);
    if (type === undefined) {
      throw new BtfError(`A type refers to type ${id} of ${this.#types.length}`);
    }
    if (depth + Math.max(0, heights[id] - 1) > DEEPEST) {
      throw new BtfError(`${label(type, id)} contains itself, or is nested too deep`);
    }
    if (heights[id] === 0) {
      let height = 0;
      for (const to of edges(type)) {
        height = Math.max(height, 1 + this.#refuseCycles(to, depth + 1, edges, heights));
      }
      heights[id] = height + 1;
    }
    return heights[id] - 1;
  }
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

/**
 * The types that are part of this type's spelling in C: the walk that printing makes. What has a name is
 * only that name; a struct without one is all that lies in it, what its members point to included.
 */
function spelledTypes(type: BtfType): TypeId[] {
  switch (type.kind) {
    case "typedef":
      return [];
    case "struct":
    case "union":
      return type.name ? [] : references(type);
    default:
      return references(type);
  }
}

function checkMembers(types: TypeList, type: BtfType, id: TypeId): void {
  const size = type.kind === "array" ? knownSize(types, id) ?? 0 : 0;
  if (size > LARGEST) throw new BtfError(`${label(type, id)} has ${size} bytes`);
  if (type.kind === "struct" || type.kind === "union") {
    for (const { name, type: of, bitOffset, bitSize } of type.members) {
      // What clang has no BTF for is `void`; the kernel refuses it, and libbpf goes on without BTF there.
      const bits = 8 * (knownSize(types, of) ?? 0);
      const end = bitOffset + (bitSize || bits);
      if (end > type.size * 8 || bitSize > bits || (bitSize === 0 && bitOffset % 8 !== 0)) {
        throw new BtfError(`Member ${name} lies outside of ${label(type, id)}`);
      }
    }
  }
  if (type.kind === "section") {
    for (const { type: of } of type.variables) {
      const held = types.at(of)!;
      if (held.kind !== "variable" && held.kind !== "function") {
        throw new BtfError(`Section ${type.name} holds ${label(held, of)}, not a variable`);
      }
    }
  }
  if (type.kind === "int" && type.bits > type.size * 8) {
    throw new BtfError(`${label(type, id)} has ${type.bits} bits in ${type.size} bytes`);
  }
}

function label(type: BtfType, id: TypeId): string {
  const name = "name" in type ? type.name : "";
  return `type ${id} (${type.kind}${name && ` ${name}`})`;
}
