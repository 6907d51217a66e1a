/**
 * BTF, the type information that a BPF object and the kernel carry: the kinds of
 * include/uapi/linux/btf.h (Documentation/bpf/btf.rst in the kernel tree), one interface each.
 *
 * Types name each other by id. Id 0 is `void`; it is in no file and is given here as a type like any
 * other, so that every id can be looked up.
 */

/** The id of a type: its place in the BTF, 0 being `void`. */
export type TypeId = number;

/** What every type has. */
export interface BtfKind<K extends string> {
  /** Which kind of type it is. */
  readonly kind: K;
}

/** What a type with a name has. */
export interface BtfNamed<K extends string> extends BtfKind<K> {
  /** As C spells it; empty where the type has none. */
  readonly name: string;
}

/** What stands on one other type. */
export interface BtfOnType {
  /** The other type. */
  readonly type: TypeId;
}

/** `void`. */
export type BtfVoid = BtfKind<"void">;

/** An integer, a `char` or a `bool`. */
export interface BtfInt extends BtfNamed<"int"> {
  /** Bytes. */
  readonly size: number;
  /** What its bits mean. */
  readonly encoding: "unsigned" | "signed" | "char" | "bool";
  /** Bits that hold the value; fewer than `size * 8` only in the bitfields of old compilers. */
  readonly bits: number;
}

/** `float`, `double`. */
export interface BtfFloat extends BtfNamed<"float"> {
  /** Bytes. */
  readonly size: number;
}

/** What a pointer, a qualifier or a tag says about another type; only a tag has a name, its text. */
export interface BtfReference
  extends BtfNamed<"pointer" | "const" | "volatile" | "restrict" | "type_tag">, BtfOnType {}

/** `typedef type name`. */
export interface BtfTypedef extends BtfNamed<"typedef">, BtfOnType {}

/** `element name[length]`. */
export interface BtfArray extends BtfKind<"array"> {
  /** The type of an element. */
  readonly element: TypeId;
  /** How many; 0 where it is left open. */
  readonly length: number;
}

/** A member of a struct or union. */
export interface BtfMember extends BtfOnType {
  /** Empty for an anonymous struct or union, and for padding (`int : 4`). */
  readonly name: string;
  /** Where it begins, in bits from the start of the struct. */
  readonly bitOffset: number;
  /** Bits of a bitfield; 0 for any other member. */
  readonly bitSize: number;
}

/** `struct` or `union`. The name is empty when it has no tag. */
export interface BtfComposite extends BtfNamed<"struct" | "union"> {
  /** Bytes. */
  readonly size: number;
  /** In the order of the source. */
  readonly members: readonly BtfMember[];
}

/** `enum`, of 32-bit or 64-bit values. The name is empty when it has no tag. */
export interface BtfEnum extends BtfNamed<"enum"> {
  /** Bytes. */
  readonly size: number;
  /** Whether a value may be negative. */
  readonly signed: boolean;
  /** In the order of the source; several may be the same number. */
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

/** A struct or union that is declared and never defined. */
export interface BtfForward extends BtfNamed<"forward"> {
  /** What it would be. */
  readonly of: "struct" | "union";
}

/** The type of a function. A last parameter of type void without a name stands for `...`. */
export interface BtfPrototype extends BtfKind<"prototype"> {
  /** The type of what it returns. */
  readonly returns: TypeId;
  /** Its parameters, with or without names. */
  readonly parameters: readonly { readonly name: string; readonly type: TypeId }[];
}

/** A function. */
export interface BtfFunction extends BtfNamed<"function">, BtfOnType {}

/** A global variable. */
export interface BtfVariable extends BtfNamed<"variable">, BtfOnType {
  /** Who sees it. */
  readonly linkage: "static" | "global" | "extern";
}

/** An ELF section of variables: `.rodata`, `.bss`, `.maps`. */
export interface BtfSection extends BtfNamed<"section"> {
  /** Bytes. */
  readonly size: number;
  /** What lies in it, with the place and size of each in bytes. */
  readonly variables: readonly {
    readonly type: TypeId;
    readonly offset: number;
    readonly size: number;
  }[];
}

/** `__attribute__((btf_decl_tag("name")))`. */
export interface BtfDeclarationTag extends BtfNamed<"declaration_tag">, BtfOnType {}

/** Any type of a BTF. */
export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfFloat
  | BtfReference
  | BtfTypedef
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfForward
  | BtfPrototype
  | BtfFunction
  | BtfVariable
  | BtfSection
  | BtfDeclarationTag;

/**
 * BTF that cannot be read: what is wrong and where.
 *
 * @example
 * ```ts
 * import { Btf, BtfError } from "@denobpf/denobpf";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Btf(Uint8Array.of(1, 2, 3)), BtfError);
 * ```
 */
export class BtfError extends Error {
  /** The name that is printed. */
  override readonly name = "BtfError";
}
