const libc = Deno.dlopen("libc.so.6", {
  // int socket(int domain, int type, int protocol)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int listen(int sockfd, int backlog); binds to a port of the kernel's choice
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen)
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen)
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout)
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  // int accept4(int sockfd, struct sockaddr *addr, socklen_t *addrlen, int flags)
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  // ssize_t send(int sockfd, const void *buf, size_t len, int flags)
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
});

const AF_INET = 2;
const SOCK_STREAM = 1;
const POLLIN = 1;
/** Tools that a test starts do not hold the connection open: O_CLOEXEC of asm-generic/fcntl.h. */
const SOCK_CLOEXEC = 0o2000000;

/** A TCP connection of this thread with itself, by descriptors: Deno does not show those of its own. */
export class TcpPair implements Disposable {
  readonly #fds: number[] = [];
  /** The descriptor of the side that sends. */
  readonly sender: number;

  /** @param waiting called while the connection waits to be accepted */
  constructor(waiting?: () => void) {
    const { socket, listen, getsockname, connect, poll, accept4 } = libc.symbols;
    const listener = this.#keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    this.#keep(listen(listener, 1));
    const address = new Uint8Array(16);
    const size = new Uint8Array(new Uint32Array([address.length]).buffer);
    this.#keep(getsockname(listener, address, size));
    this.sender = this.#keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    this.#keep(connect(this.sender, address, address.length));
    if (waiting !== undefined) {
      poll(new Uint8Array(new Int32Array([listener, POLLIN]).buffer), 1n, -1);
      waiting();
    }
    this.#keep(accept4(listener, null, null, SOCK_CLOEXEC));
  }

  /** Sends one byte. */
  send(): void {
    if (libc.symbols.send(this.sender, new Uint8Array(1), 1n, 0) !== 1n) {
      throw new Error("send() failed");
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) libc.symbols.close(fd);
  }

  /** Descriptors are kept to be closed; 0 is what the other functions answer. */
  #keep(result: number): number {
    if (result < 0) throw new Error("the TCP connection failed");
    if (result > 0) this.#fds.push(result);
    return result;
  }
}
