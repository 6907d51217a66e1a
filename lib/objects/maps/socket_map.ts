import type { Codec } from "../../btf/codec.ts";
import { u32, u64 } from "../../btf/scalars.ts";
import { AnyMap, type MapHandle } from "../any_map.ts";
import { BpfError } from "../errors.ts";
import { BpfMap } from "../map.ts";
import { ENOSPC } from "../../sys/errno.ts";
import { type DescriptorLike, fdOf } from "./descriptor_map.ts";
import { expectType } from "./expect.ts";

/**
 * Sockets, by an index or a key: what a program redirects messages to, or chooses a listener from
 * (BPF_MAP_TYPE_SOCKMAP, _SOCKHASH, _REUSEPORT_SOCKARRAY). A socket leaves the map when it is closed.
 *
 * @example
 * ```ts ignore
 * skel.maps.peers.set({ port: 443 }, socket);
 * ```
 */
export class SocketMap<K> extends AnyMap {
  readonly #sockets: BpfMap<K, bigint>;
  readonly #wide: boolean;

  /**
   * Gives a map of this kind its types.
   * @throws {TypeError | RangeError} if the map is of another type or size
   */
  constructor(map: MapHandle, key: Codec<K>) {
    super(map);
    expectType(map, "sockmap", "sockhash", "reuseport_sockarray");
    this.#wide = map.valueSize === u64.size;
    this.#sockets = new BpfMap(map, key, this.#wide ? u64 : u32AsBigint);
  }

  /**
   * Puts a socket in.
   * @throws {BpfError} EOPNOTSUPP if it is in a state or of a kind that the map cannot hold
   */
  set(key: K, socket: DescriptorLike): void {
    this.#sockets.update(key, BigInt(fdOf(socket)));
  }

  /**
   * The cookie of the socket at `key` (SO_COOKIE, bpf_get_socket_cookie()), undefined if there is none.
   * @throws {BpfError} if the map's values have 4 bytes: declare `__type(value, __u64)`
   */
  cookie(key: K): bigint | undefined {
    if (this.#wide) return this.#sockets.lookup(key);
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

const u32AsBigint: Codec<bigint> = {
  name: u32.name,
  size: u32.size,
  decode: (from, at) => BigInt(u32.decode(from, at)),
  encode: (into, at, value) => u32.encode(into, at, Number(value)),
};
