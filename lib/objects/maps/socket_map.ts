import type { Codec } from "../../btf/codec.ts";
import { u32, u64 } from "../../btf/scalars.ts";
import { AnyMap, type MapHandle } from "../any_map.ts";
import { BpfError } from "../errors.ts";
import { BpfMap } from "../map.ts";
import { ENOSPC } from "../../sys/errno.ts";
import { type DescriptorLike, fdOf } from "./descriptor_map.ts";
import { expectType } from "./expected_types.ts";

/**
 * Sockets, by an index or a key: what a program redirects messages to, or chooses a listener from
 * (BPF_MAP_TYPE_SOCKMAP, _SOCKHASH, _REUSEPORT_SOCKARRAY). A socket leaves the map when it is closed.
 *
 * @example
 * ```ts
 * import { createMap, SocketMap, u32, u64 } from "@denobpf/denobpf";
 * import { assert } from "@std/assert";
 *
 * const libc = Deno.dlopen("libc.so.6", { // as Deno does not show the descriptors of its sockets
 *   socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
 *   listen: { parameters: ["i32", "i32"], result: "i32" },
 *   close: { parameters: ["i32"], result: "i32" },
 * });
 * const socket = libc.symbols.socket(2, 1, 0); // AF_INET, SOCK_STREAM
 * libc.symbols.listen(socket, 1);
 *
 * using map = createMap({ type: "sockmap", key: u32, value: u64, maxEntries: 4 });
 * const sockets = new SocketMap(map, u32);
 * sockets.set(0, socket);
 * assert(sockets.cookie(0)! > 0n);
 *
 * libc.symbols.close(socket);
 * libc.close();
 * ```
 */
export class SocketMap<K> extends AnyMap {
  readonly #sockets: BpfMap<K, bigint | DescriptorLike>;
  readonly #wide: boolean;

  /**
   * Gives a map of this kind its types.
   * @throws {TypeError | RangeError} if the map is of another type or size
   */
  constructor(map: MapHandle, key: Codec<K>) {
    super(map);
    expectType(map, "sockmap", "sockhash", "reuseport_sockarray");
    this.#wide = map.valueSize === u64.size;
    this.#sockets = new BpfMap(map, key, this.#wide ? cookie : descriptor);
  }

  /**
   * Puts a socket in.
   * @throws {BpfError} EOPNOTSUPP if it is in a state or of a kind that the map cannot hold
   */
  set(key: K, socket: DescriptorLike): void {
    this.#sockets.update(key, socket);
  }

  /**
   * The cookie of the socket at `key` (SO_COOKIE, bpf_get_socket_cookie()), undefined if there is none.
   * @throws {BpfError} if the map's values have 4 bytes: declare `__type(value, __u64)`
   */
  cookie(key: K): bigint | undefined {
    if (this.#wide) return this.#sockets.lookup(key) as bigint | undefined;
    throw new BpfError(
      `read the cookies of ${this.name}`,
      ENOSPC,
      "declare the map with __type(value, __u64)",
      "its values have 4 bytes, and a cookie has 8",
    );
  }

  /**
   * Takes the socket at `key` out; it stays open.
   * @returns false if there was none
   * @throws {BpfError}
   */
  delete(key: K): boolean {
    return this.#sockets.delete(key);
  }
}

/** Written as a descriptor, which is asked for last, and read as a cookie. */
const cookie: Codec<bigint | DescriptorLike> = {
  ...u64,
  encode: (into, at, socket) => u64.encode(into, at, BigInt(fdOf(socket as DescriptorLike))),
};

/** The same where values have room for a descriptor only: nothing can be read. */
const descriptor: Codec<bigint | DescriptorLike> = {
  ...u32,
  encode: (into, at, socket) => u32.encode(into, at, fdOf(socket as DescriptorLike)),
};
