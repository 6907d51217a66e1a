import { BtfError } from "../btf/types.ts";

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
}

/** A member of a struct or union, anonymous ones inside it dissolved into their own members. */
export interface Field {
  readonly name: string;
  /** As C declares it. */
  readonly declaration: string;
  /** Bytes from the start of the struct that the fields belong to. */
  readonly offset: number;
  readonly mapped: Mapped;
  /** Whether it lies in an anonymous union, whose other members share its bytes. */
  readonly shared: boolean;
}

/** How the generator came to a type: for errors, and to name types that have no name in C. */
export class Path {
  private constructor(
    private readonly root: string,
    private readonly steps: string,
    readonly name: string,
  ) {}

  /** @param name what an anonymous type found here is called */
  static root(root: string, name: string): Path {
    return new Path(root, "", name);
  }

  /** Steps into a member of the type `owner`; `name` is what `owner` is called. */
  member(owner: string, name: string, member: string): Path {
    return new Path(this.root, `${this.steps || owner}.${member}`, `${name}_${member}`);
  }

  element(): Path {
    return new Path(this.root, this.steps && `${this.steps}[]`, this.name);
  }

  /** An error: `events: struct event.when.big: __int128 has no TypeScript type`. */
  error(problem: string): BtfError {
    return new BtfError([this.root, this.steps, problem].filter((part) => part !== "").join(": "));
  }
}

/** An integer, an enum or a pointer of this size; undefined when no scalar has it. */
export function integer(size: number, signed: boolean): Mapped | undefined {
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
