import { Bytes } from "./bytes.ts";
import type { Codec } from "./codec.ts";
import { INSPECT, membersOf } from "./inspect.ts";
import { put } from "./named_members.ts";

/**
 * Where a member of a union lies, how it is read, and where its memory ends if its codec asks for that.
 * The offset is 0 unless it is flattened.
 */
type UnionMember<T> = readonly [offset: number, codec: Codec<T>, end?: number];

type UnionMembers<U> = {
  readonly [K in Exclude<keyof U, "$bytes">]: UnionMember<U[K]>;
};

/** What every union has besides its members: the bytes that all of them share, copied. */
export interface Union {
  /** The bytes. */
  readonly $bytes: Uint8Array<ArrayBuffer>;
}

/** A codec for a union, that also makes one. */
export interface UnionCodec<U extends Union> extends Codec<U> {
  /**
   * A union with these members written and all other bytes 0. One member is enough; of several that
   * share bytes the last one wins, as in C.
   */
  from(members: Partial<Omit<U, "$bytes">>): U;
}

/** `union name`: the value keeps a copy of the bytes, each member is decoded when it is read. */
export function union<U extends Union>(
  name: string,
  size: number,
  members: UnionMembers<U>,
): UnionCodec<U> {
  const codecs = new Map<string, UnionMember<unknown>>(Object.entries(members));

  class Value implements Union {
    readonly #bytes: Bytes;
    constructor(bytes: Bytes) {
      this.#bytes = bytes;
    }
    get $bytes() {
      return this.#bytes.u8;
    }
    toJSON() {
      return membersOf(this);
    }
    [INSPECT](inspect: typeof Deno.inspect, options: Deno.InspectOptions) {
      return inspect(membersOf(this), options);
    }
    static {
      for (const [member, [offset, codec, end]] of codecs) {
        Object.defineProperty(this.prototype, member, {
          enumerable: true,
          get: function (this: Value) {
            return codec.decode(this.#bytes, offset, end);
          },
        });
      }
    }
  }

  return {
    name,
    size,
    decode: (from, at) => new Value(new Bytes(from.u8.slice(at, at + size))) as Union as U,
    encode(into, at, value) {
      if (value.$bytes?.length !== size) {
        throw new TypeError(`${name}: a value that was read or made with from() is needed`);
      }
      into.u8.set(value.$bytes, at);
    },
    from(given) {
      const bytes = Bytes.zeroed(size);
      for (const [member, value] of Object.entries(given)) {
        const found = codecs.get(member);
        if (!found) throw new TypeError(`${name} has no member ${member}`);
        const [offset, codec, end] = found;
        put(bytes, offset, codec, member, value, end);
      }
      return new Value(bytes) as Union as U;
    },
  };
}
