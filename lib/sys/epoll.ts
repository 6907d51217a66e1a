import { check, holding, polling } from "./libc.ts";

/** From include/uapi/linux/eventpoll.h; EPOLL_CLOEXEC is O_CLOEXEC. */
const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 1;
export const EPOLLET = 2 ** 31;
const CLOEXEC = 0o2000000;

/** `struct epoll_event`: packed to 12 bytes on x86-64 alone. Its data begins at 4 or 8. */
const SIZEOF_EPOLL_EVENT = Deno.build.arch === "x86_64" ? 12 : 16;
const DATA = SIZEOF_EPOLL_EVENT - 8;

/** How many ready descriptors one wait can return. */
const MOST = 8;

/** What ended a wait: the time, one of the descriptors, or the marked one (or a signal). */
export type Woken = "time" | "fd" | "mark";

/** An epoll instance: waits until one of some file descriptors is ready. See epoll(7). */
export class EpollSet implements Disposable {
  readonly #fd: number;
  readonly #events = new Uint8Array(MOST * SIZEOF_EPOLL_EVENT);
  readonly #view = new DataView(this.#events.buffer);

  /** @throws {SystemError} */
  constructor() {
    this.#fd = check(polling().epoll_create1(CLOEXEC), "create an epoll instance");
  }

  /** Readable while one of its descriptors is: another instance can wait for it. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Adds a descriptor.
   * @param events `EPOLLIN`: while there is something to read; with `EPOLLET`: when more has come
   * @param mark whether {@link hold} is to distinguish it from the others
   * @throws {SystemError}
   */
  add(fd: number, { events = EPOLLIN, mark = false } = {}): void {
    const event = new Uint8Array(SIZEOF_EPOLL_EVENT);
    new DataView(event.buffer).setUint32(0, events, true);
    event[DATA] = Number(mark);
    check(polling().epoll_ctl(this.#fd, EPOLL_CTL_ADD, fd, event), "watch a descriptor");
  }

  /** Waits on a thread of Deno's pool: timers, signals and other work go on meanwhile. */
  async wait(milliseconds: number): Promise<void> {
    const timeout = milliseconds === Infinity ? -1 : Math.ceil(milliseconds);
    await polling().epoll_wait(this.#fd, this.#events, MOST, timeout);
  }

  /** Waits on this thread: it is woken without a detour, and nothing else runs meanwhile. */
  hold(milliseconds: number): Woken {
    const ready = holding().epoll_wait(this.#fd, this.#events, MOST, Math.ceil(milliseconds));
    if (ready < 0) return "mark"; // EINTR
    for (let at = 0; at < ready; at++) {
      if (this.#view.getUint8(at * SIZEOF_EPOLL_EVENT + DATA) === 1) return "mark";
    }
    return ready > 0 ? "fd" : "time";
  }

  /** Closes it, which must not be done while a thread waits in it. */
  [Symbol.dispose](): void {
    polling().close(this.#fd);
  }
}
