/** Network interfaces, and the sockets that Deno does not make. */
import { integer } from "./integers.ts";
import { check, cString, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { tryReadDirectory } from "./directory.ts";
import { ENODEV, SystemError } from "./errno.ts";

const interfaces = symbolGroup(libc, {
  // unsigned int if_nametoindex(const char *ifname)
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
});

const sockets = symbolGroup(libc, {
  // int socket(int domain, int type, int protocol)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen)
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
});

/**
 * The number of a network interface of this namespace.
 * @param name `eth0`, or a number, which is given back
 * @throws {SystemError} ENODEV if there is none, with those that there are
 */
export function interfaceIndex(name: string | number): number {
  if (typeof name === "number") return integer("i32", name, "network interface");
  const index = interfaces().if_nametoindex(cString(name));
  if (index > 0) return index;
  const known = tryReadDirectory("/sys/class/net").map((entry) => entry.name).join(", ");
  throw new SystemError(ENODEV, `find the network interface ${name} (there are: ${known})`);
}

/** From include/linux/socket.h, include/uapi/linux/if_ether.h and if_packet.h. */
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const ETH_P_ALL_NETWORK_ORDER = 0x0300;
const SOCKADDR_LL = { size: 20, sll_family: 0, sll_protocol: 2, sll_ifindex: 4 };

/**
 * A socket that gets every packet of an interface, in and out: packet(7). A program of type
 * `socket_filter` may look at them there and leave the socket none.
 *
 * @example
 * ```ts
 * import { PacketSocket } from "@denobpf/denobpf";
 *
 * using socket = new PacketSocket("lo");
 * console.log(socket.fd);
 * ```
 */
export class PacketSocket implements Disposable {
  #fd: number;

  /**
   * Opens a socket on a network interface.
   * @param name the interface
   * @throws {SystemError} EPERM without CAP_NET_RAW
   */
  constructor(name: string | number) {
    const index = interfaceIndex(name);
    const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const { socket, bind } = sockets();
    this.#fd = check(socket(AF_PACKET, type, ETH_P_ALL_NETWORK_ORDER), "open a packet socket");
    const address = new Uint8Array(SOCKADDR_LL.size);
    const view = new DataView(address.buffer);
    view.setUint16(SOCKADDR_LL.sll_family, AF_PACKET, true);
    view.setUint16(SOCKADDR_LL.sll_protocol, ETH_P_ALL_NETWORK_ORDER, true);
    view.setInt32(SOCKADDR_LL.sll_ifindex, index, true);
    try {
      check(bind(this.#fd, address, address.length), `bind a packet socket to ${name}`);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The descriptor; -1 once it is closed. */
  get fd(): number {
    return this.#fd;
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    sockets().close(this.#fd);
    this.#fd = -1;
  }
}
