/**
 * BTF, the type information that a BPF object and the kernel carry: the kinds of
 * include/uapi/linux/btf.h (Documentation/bpf/btf.rst in the kernel tree), one interface each.
 *
 * Types name each other by id. Id 0 is `void`; it is in no file and is given here as a type like any
 * other, so that every id can be looked up.
 */

/** The id of a type: its place in the BTF, 0 being `void`. */
export type TypeId = number;

/** `void`. */
export interface BtfVoid {
  readonly kind: "void";
}

/** An integer, a `char` or a `bool`. */
export interface BtfInt {
  readonly kind: "int";
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly encoding: "unsigned" | "signed" | "char" | "bool";
  /** Bits that hold the value; fewer than `size * 8` only in the bitfields of old compilers. */
  readonly bits: number;
}

/** `float`, `double`. */
export interface BtfFloat {
  readonly kind: "float";
  readonly name: string;
  readonly size: number;
}

/** What a pointer, a qualifier or a tag says about another type. */
export interface BtfReference {
  readonly kind: "pointer" | "const" | "volatile" | "restrict" | "type_tag";
  /** The text of a tag; empty for the others. */
  readonly name: string;
  readonly type: TypeId;
}

/** `typedef type name`. */
export interface BtfTypedef {
  readonly kind: "typedef";
  readonly name: string;
  readonly type: TypeId;
}

/** `element name[length]`. */
export interface BtfArray {
  readonly kind: "array";
  readonly element: TypeId;
  readonly length: number;
}

/** A member of a struct or union. */
export interface BtfMember {
  /** Empty for an anonymous struct or union, and for padding (`int : 4`). */
  readonly name: string;
  readonly type: TypeId;
  /** Where it begins, in bits from the start of the struct. */
  readonly bitOffset: number;
  /** Bits of a bitfield; 0 for any other member. */
  readonly bitSize: number;
}

/** `struct` or `union`. The name is empty when it has no tag. */
export interface BtfComposite {
  readonly kind: "struct" | "union";
  readonly name: string;
  readonly size: number;
  readonly members: readonly BtfMember[];
}

/** `enum`, of 32-bit or 64-bit values. The name is empty when it has no tag. */
export interface BtfEnum {
  readonly kind: "enum";
  readonly name: string;
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

/** A struct or union that is declared and never defined. */
export interface BtfForward {
  readonly kind: "forward";
  readonly name: string;
  readonly of: "struct" | "union";
}

/** The type of a function. A last parameter of type void without a name stands for `...`. */
export interface BtfPrototype {
  readonly kind: "prototype";
  readonly returns: TypeId;
  readonly parameters: readonly { readonly name: string; readonly type: TypeId }[];
}

/** A function. */
export interface BtfFunction {
  readonly kind: "function";
  readonly name: string;
  readonly type: TypeId;
}

/** A global variable. */
export interface BtfVariable {
  readonly kind: "variable";
  readonly name: string;
  readonly type: TypeId;
  readonly linkage: "static" | "global" | "extern";
}

/** An ELF section of variables: `.rodata`, `.bss`, `.maps`. */
export interface BtfSection {
  readonly kind: "section";
  readonly name: string;
  readonly size: number;
  readonly variables: readonly {
    readonly type: TypeId;
    readonly offset: number;
    readonly size: number;
  }[];
}

/** `__attribute__((btf_decl_tag("name")))`. */
export interface BtfDeclarationTag {
  readonly kind: "declaration_tag";
  readonly name: string;
  readonly type: TypeId;
}

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

/** BTF that cannot be read: what is wrong and where. */
export class BtfError extends Error {
  override readonly name = "BtfError";
}
