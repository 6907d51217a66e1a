import { EPOLLET, EPOLLIN, EpollSet } from "./epoll.ts";
import type { HeldLoop } from "./held_loop.ts";
import { check, polling } from "./libc.ts";

/** EFD_CLOEXEC is O_CLOEXEC. */
const CLOEXEC = 0o2000000;

/** How long a wait takes at most that lets the event loop turn: then it may be held again. */
const SHARED_MS = 20;

/**
 * Waits until one of some file descriptors is readable, or until woken. The wait happens on a thread of Deno's
 * pool: it takes no CPU, and timers and signals go on meanwhile. With a {@link HeldLoop} it happens on this
 * thread, which costs less for each wake-up.
 */
export class Waiter implements Disposable {
  readonly #fds: readonly number[];
  readonly #alarm: number;
  readonly #held: HeldLoop | undefined;
  /** Ready while there is something to read. */
  readonly #levels: EpollSet;
  /** Ready for wake-ups, and not for what there is to read. */
  #edges: EpollSet | undefined;
  #waiting = 0;
  #closed = false;

  /**
   * @param held the event loop, if it may stand still; it belongs to the waiter then
   * @throws {SystemError}
   */
  constructor(fds: readonly number[], held?: HeldLoop) {
    this.#fds = fds;
    this.#held = held;
    this.#alarm = check(polling().eventfd(0, CLOEXEC), "create an eventfd");
    this.#levels = this.#watching(EPOLLIN);
  }

  #watching(events: number): EpollSet {
    const set = new EpollSet();
    for (const fd of this.#fds) set.add(fd, { events });
    set.add(this.#alarm);
    if (this.#held !== undefined) set.add(this.#held.fd, { mark: true });
    return set;
  }

  /**
   * Resolves when there is something to read, {@link wake} is called, or `milliseconds` are over; sooner
   * where the event loop is held.
   */
  wait(milliseconds = Infinity): Promise<void> {
    return this.#waitIn(this.#levels, milliseconds);
  }

  /**
   * Resolves when `milliseconds` are over, {@link wake} is called, or the kernel wakes the readers: that
   * there is something to read is not enough.
   */
  rest(milliseconds = Infinity): Promise<void> {
    if (!this.#closed) this.#edges ??= this.#watching(EPOLLIN | EPOLLET);
    return this.#waitIn(this.#edges!, milliseconds);
  }

  async #waitIn(set: EpollSet, milliseconds: number): Promise<void> {
    if (this.#closed) return;
    const held = this.#held;
    if (held === undefined) return await this.#share(set, milliseconds);
    const room = held.roomMs();
    if (room === 0) return await this.#share(set, Math.min(milliseconds, SHARED_MS));
    if (set.hold(Math.min(milliseconds, room)) === "mark") held.denoIsReady();
  }

  /** Waits while the event loop turns. */
  async #share(set: EpollSet, milliseconds: number): Promise<void> {
    this.#waiting += 1;
    try {
      await set.wait(milliseconds);
    } finally {
      this.#waiting -= 1;
      if (this.#closed) this.#close();
    }
    this.#held?.hasTurned();
  }

  /**
   * Waits on this thread: it is woken without a detour, and nothing else runs meanwhile.
   * @returns whether there is something to read, or {@link wake} was called
   */
  hold(milliseconds: number): boolean {
    if (this.#closed) return false;
    const woken = this.#levels.hold(milliseconds);
    if (woken === "mark") this.#held?.denoIsReady();
    return woken === "fd";
  }

  /** Whether it was disposed of. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Lets the event loop turn once: timers, signals and other work get their chance. 8 µs. */
  async turn(): Promise<void> {
    if (this.#closed) return;
    if (this.#held === undefined) await this.#share(this.#levels, 0);
    else if (this.#held.isDue()) await this.#held.turn();
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
    this.#levels[Symbol.dispose]();
    this.#edges?.[Symbol.dispose]();
    this.#held?.[Symbol.dispose]();
    polling().close(this.#alarm);
  }
}
