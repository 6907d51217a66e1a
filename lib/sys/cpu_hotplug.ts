/** CPUs that come online: the kernel reports them through a socket, netlink(7). */
import { EAGAIN, EINTR } from "./errno.ts";
import { files, lastErrno, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { onlineCpus } from "./cpus.ts";

const sockets = symbolGroup(libc, {
  // int socket(int domain, int type, int protocol)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen)
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
});

/** From include/linux/socket.h and include/uapi/linux/netlink.h; flags as in asm-generic/fcntl.h. */
const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const NETLINK_KOBJECT_UEVENT = 15;
/** `struct sockaddr_nl`: size and offsets in bytes. */
const SOCKADDR_NL = { size: 12, nl_family: 0, nl_groups: 8 };
/** The group that the kernel sends its events to: kobject_uevent.c. */
const KERNEL_EVENTS = 1;

/** UEVENT_BUFFER_SIZE of include/linux/kobject.h, and the path before it. */
const LARGEST_EVENT = 8192;

/** What the kernel says of a CPU begins so: `ACTION@PATH`. */
const ONLINE = /^online@\/devices\/system\/cpu\/cpu(\d+)\0/;

const NONE: readonly number[] = [];

/** Listens for CPUs that come online. */
export class CpuHotplug implements Disposable {
  /** Becomes readable when the kernel has something to report, of CPUs or of other devices. */
  readonly fd: number;
  readonly #buffer = new Uint8Array(LARGEST_EVENT);

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** @returns undefined where the kernel has no such socket for this process */
  static listen(): CpuHotplug | undefined {
    const type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const fd = sockets().socket(AF_NETLINK, type, NETLINK_KOBJECT_UEVENT);
    if (fd < 0) return undefined;
    const address = new Uint8Array(SOCKADDR_NL.size);
    const view = new DataView(address.buffer);
    view.setUint16(SOCKADDR_NL.nl_family, AF_NETLINK, true);
    view.setUint32(SOCKADDR_NL.nl_groups, KERNEL_EVENTS, true);
    if (sockets().bind(fd, address, address.length) === 0) return new CpuHotplug(fd);
    files().close(fd);
  }

  /** The CPUs that have come online since this was last asked; all that are, where events were missed. */
  online(): Iterable<number> {
    let cpus: Set<number> | undefined;
    for (;;) {
      const length = files().read(this.fd, this.#buffer, BigInt(LARGEST_EVENT));
      if (length >= 0) {
        const cpu = ONLINE.exec(new TextDecoder().decode(this.#buffer.subarray(0, length)))?.[1];
        if (cpu !== undefined) (cpus ??= new Set()).add(Number(cpu));
        continue;
      }
      const errno = lastErrno();
      if (errno === EINTR) continue;
      if (errno === EAGAIN) return cpus ?? NONE;
      cpus = new Set(onlineCpus()); // ENOBUFS: some were missed
    }
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    files().close(this.fd);
  }
}
