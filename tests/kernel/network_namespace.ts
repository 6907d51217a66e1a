const libc = Deno.dlopen("libc.so.6", {
  // int unshare(int flags)
  unshare: { parameters: ["i32"], result: "i32" },
  // int setns(int fd, int nstype)
  setns: { parameters: ["i32", "i32"], result: "i32" },
  // int open(const char *pathname, int flags)
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
});

const CLONE_NEWNET = 0x40000000;

/**
 * Puts this thread, and the processes that it starts, into a network of their own, with `lo` up, until
 * this is disposed of: programs on its interfaces see nothing of the host's packets. Between the two
 * nothing may be awaited that goes on on another thread.
 */
export class NetworkNamespace implements Disposable {
  readonly #before: number;

  constructor() {
    const { open, unshare } = libc.symbols;
    this.#before = open(new TextEncoder().encode("/proc/thread-self/ns/net\0"), 0);
    if (unshare(CLONE_NEWNET) !== 0) throw new Error("unshare(CLONE_NEWNET) failed");
    run("ip", "link", "set", "lo", "up");
  }

  [Symbol.dispose](): void {
    libc.symbols.setns(this.#before, CLONE_NEWNET);
    libc.symbols.close(this.#before);
  }
}

/** Sends `count` datagrams to a port of this network, each through a socket of its own. */
export function sendDatagrams(count: number, port: number): void {
  // Nobody listens: the refusal that comes back to one socket is not reported to the next.
  run("bash", "-c", `for ((i = 0; i < ${count}; i++)); do echo > /dev/udp/127.0.0.1/${port}; done`);
}

/** Runs a command to its end. */
export function run(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, {
    args,
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
  }).outputSync();
  if (!success) {
    throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}
