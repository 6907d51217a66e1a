import { comment } from "./safe_text.ts";
import type { KindName } from "./kinds.ts";

/** Where in a generated decoder a value lies, in expressions. */
export class Place {
  /**
   * @param from its Bytes
   * @param base where the struct or section begins in them; empty for 0
   * @param end where the record ends, if the value may reach up to there
   */
  constructor(
    readonly from: string,
    private readonly base: string,
    private readonly offset: number,
    readonly end?: string,
  ) {}

  /** The offset in the Bytes, `bytes` after the value's first. */
  at(bytes = 0): string {
    const offset = this.offset + bytes;
    if (this.base === "") return String(offset);
    return offset === 0 ? this.base : `${this.base} + ${offset}`;
  }
}

/** How values of one C type appear in generated code. */
export interface Mapped {
  /** The TypeScript type. */
  readonly type: string;
  /** An expression for its Codec. */
  readonly codec: string;
  /** An expression that reads a value. */
  read(place: Place): string;
  /** Of text and bytes: expressions for their memory, where they begin and end in it. */
  lies?(place: Place): string;
  /** Whether it ends in a flexible array, and so reads up to the end of the record. */
  readonly open?: boolean;
  /** What a reader should know that neither C nor TypeScript say. */
  readonly note?: string;
}

/** A member of a struct or union, anonymous ones inside it dissolved into their own members. */
export interface Field {
  readonly name: string;
  /** As C declares it. */
  readonly declaration: string;
  /** Bytes from the start of the struct that the fields belong to. */
  readonly offset: number;
  readonly mapped: Mapped;
  /**
   * Where the flexible array that it ends in may end: with the record, or this many bytes from the start of
   * the struct. Undefined for one that has no room, and for what ends in none.
   */
  readonly end?: "record" | number;
  /** Whether it lies in an anonymous union, whose other members share its bytes. */
  readonly shared: boolean;
  /** What C says that it means, by a typedef of bpf/include/kinds.h. */
  readonly kind?: KindName;
}

/** An integer, an enum or a pointer of this size; undefined when no scalar has it. */
export function integer(size: number, signed: boolean): Mapped | undefined {
  if (size === 16) return byCodec("bigint", signed ? "$.s128" : "$.u128");
  if (![1, 2, 4, 8].includes(size)) return undefined;
  const bits = size * 8;
  const getter = `get${bits === 64 ? "Big" : ""}${signed ? "Int" : "Uint"}${bits}`;
  const order = bits === 8 ? "" : ", true";
  return {
    type: bits === 64 ? "bigint" : "number",
    codec: `$.${signed ? "s" : "u"}${bits}`,
    read: (place) => `${place.from}.view.${getter}(${place.at()}${order})`,
  };
}

/** A `float` or `double`; undefined for other sizes, as that of `long double`. */
export function float(size: number): Mapped | undefined {
  if (size === 4) return byCodec("number", "$.f32");
  return size === 8 ? byCodec("number", "$.f64") : undefined;
}

/**
 * What its codec reads.
 * @param open whether the codec is passed where the record ends, if the value reaches up to there
 */
export function byCodec(type: string, codec: string, open = false): Mapped {
  return {
    type,
    codec,
    open,
    read(place) {
      const end = open && place.end !== undefined ? `, ${place.end}` : "";
      return `${codec}.decode(${place.from}, ${place.at()}${end})`;
    },
  };
}

/** The declaration of a value, as a comment. */
export function describe(declaration: string, { note }: Mapped, offset?: number): string {
  const place = offset === undefined ? "" : ` at ${offset}`;
  return `\`${comment(declaration)}\`${place}${note === undefined ? "" : `, ${note}`}`;
}
