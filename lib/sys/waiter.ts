import { check, holding, polling } from "./libc.ts";

/** From include/uapi/linux/eventpoll.h; EPOLL_CLOEXEC and EFD_CLOEXEC are both O_CLOEXEC. */
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLLET = 2 ** 31;
const CLOEXEC = 0o2000000;

/** `struct epoll_event`: packed to 12 bytes on x86-64 alone. */
const SIZEOF_EPOLL_EVENT = Deno.build.arch === "x86_64" ? 12 : 16;

/**
 * Waits until one of some file descriptors is readable, or until woken. The wait happens on a thread of Deno's
 * pool: it takes no CPU, and timers and signals go on meanwhile.
 */
export class Waiter implements Disposable {
  readonly #epoll: number;
  readonly #alarm: number;
  readonly #fds: readonly number[];
  readonly #events = new Uint8Array(2 * SIZEOF_EPOLL_EVENT);
  /** An instance that tells of wake-ups, and not of what there is to read. */
  #edges: number | undefined;
  #waiting = 0;
  #closed = false;

  /** @throws {SystemError} */
  constructor(...fds: number[]) {
    this.#fds = fds;
    this.#alarm = check(polling().eventfd(0, CLOEXEC), "create an eventfd");
    this.#epoll = this.#watching(EPOLLIN);
  }

  /** An epoll instance for all descriptors. */
  #watching(events: number): number {
    const epoll = check(polling().epoll_create1(CLOEXEC), "create an epoll instance");
    const watch = (fd: number, events: number) => {
      const event = new Uint8Array(SIZEOF_EPOLL_EVENT);
      new DataView(event.buffer).setUint32(0, events, true);
      check(polling().epoll_ctl(epoll, EPOLL_CTL_ADD, fd, event), "watch a buffer");
    };
    for (const fd of this.#fds) watch(fd, events);
    watch(this.#alarm, EPOLLIN);
    return epoll;
  }

  /** Resolves when there is something to read, {@link wake} is called, or `milliseconds` are over. */
  wait(milliseconds = -1): Promise<void> {
    return this.#waitOn(this.#epoll, milliseconds);
  }

  /**
   * Resolves when `milliseconds` are over, {@link wake} is called, or the kernel wakes the readers: that
   * there is something to read is not enough.
   */
  rest(milliseconds: number): Promise<void> {
    if (!this.#closed) this.#edges ??= this.#watching(EPOLLIN | EPOLLET);
    return this.#waitOn(this.#edges!, milliseconds);
  }

  async #waitOn(epoll: number, milliseconds: number): Promise<void> {
    if (this.#closed) return;
    this.#waiting += 1;
    try {
      await polling().epoll_wait(epoll, this.#events, 2, milliseconds);
    } finally {
      this.#waiting -= 1;
      if (this.#closed) this.#close();
    }
  }

  /**
   * The same, but on this thread: it is woken without a detour, and nothing else runs meanwhile.
   * @returns whether there is something to read, or {@link wake} was called
   */
  hold(milliseconds: number): boolean {
    return !this.#closed && holding().epoll_wait(this.#epoll, this.#events, 2, milliseconds) > 0;
  }

  /** Whether it was disposed of. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Lets the event loop turn once: timers, signals and other work get their chance. 8 µs. */
  turn(): Promise<void> {
    return this.wait(0);
  }

  /** Ends every wait, the present one and those to come. */
  wake(): void {
    if (!this.#closed) polling().eventfd_write(this.#alarm, 1n);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.wake();
    this.#closed = true;
    this.#close();
  }

  /** A descriptor must not be closed under a thread that waits on it; the last one out closes. */
  #close(): void {
    if (this.#waiting > 0) return;
    polling().close(this.#epoll);
    if (this.#edges !== undefined) polling().close(this.#edges);
    polling().close(this.#alarm);
  }
}
