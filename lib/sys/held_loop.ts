import { tryReadDirectory } from "./directory.ts";
import { EpollSet } from "./epoll.ts";
import { tryReadTextFile } from "./file.ts";
import { libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { O_CLOEXEC } from "./open_flags.ts";
import { readLink } from "./symlink.ts";

/** When Deno had something to do, its loop turns for this long: one thing leads to another. */
const BUSY_MS = 20;

/** The loop turns this often in any case: a timer that nobody spoke of is late by no more. */
const LONGEST_MS = 1000;

/** Long enough for the loop to go to sleep meanwhile: a result that comes before leaves its descriptor ready. */
const TURN_US = 100;

const threads = symbolGroup(libc, {
  gettid: { parameters: [], result: "i32" }, // pid_t gettid(void)
});

const pauses = symbolGroup(libc, {
  // int usleep(useconds_t usec)
  usleep: { parameters: ["u32"], result: "i32", nonblocking: true },
});

/**
 * Deno's event loop, kept standing by a thread that sleeps on its own account. A turn of the loop after a sleep
 * costs 0.1 ms of CPU time and more, which is most of what an event that comes alone costs. So the thread sleeps
 * in a set of descriptors that has Deno's own epoll instance in it, and lets the loop turn when that is ready:
 * for a signal, the end of a child, a message of a worker, a result of another thread. Timers are not in it.
 */
export class HeldLoop implements Disposable {
  /** Deno's epoll instance. */
  readonly fd: number;
  readonly #reactor = new EpollSet();
  readonly #nextTimerMs: () => number;
  #turned = performance.now();
  #busyUntil = this.#turned + BUSY_MS;

  private constructor(fd: number, nextTimerMs: () => number) {
    this.fd = fd;
    this.#nextTimerMs = nextTimerMs;
    this.#reactor.add(fd);
  }

  /**
   * @param nextTimerMs in how many milliseconds the next timer is due, Infinity if there is none
   * @returns undefined where Deno's epoll instance is not found; and on any thread but the process's first, as
   * in a worker and in `deno test`, where another one is the loop's
   */
  static of(nextTimerMs: () => number): HeldLoop | undefined {
    const fd = threads().gettid() === Deno.pid ? reactorFd() : undefined;
    return fd === undefined ? undefined : new HeldLoop(fd, nextTimerMs);
  }

  /** How long this thread may sleep now, in milliseconds; 0 when the loop is to turn. */
  roomMs(): number {
    const now = performance.now();
    if (now < this.#busyUntil) return 0;
    return Math.max(0, Math.min(this.#turned + LONGEST_MS - now, this.#nextTimerMs()));
  }

  /** Whether the loop is to turn, for Deno or for a timer. */
  isDue(): boolean {
    if (this.roomMs() === 0) return true;
    if (this.#reactor.hold(0) === "time") return false;
    this.denoIsReady();
    return true;
  }

  /** Notes that Deno has something to do. */
  denoIsReady(): void {
    this.#busyUntil = performance.now() + BUSY_MS;
  }

  /** Lets the loop turn once. */
  async turn(): Promise<void> {
    await pauses().usleep(TURN_US);
    this.hasTurned();
  }

  /** Notes that the loop has turned. */
  hasTurned(): void {
    this.#turned = performance.now();
  }

  /** Gives the loop back. */
  [Symbol.dispose](): void {
    this.#reactor[Symbol.dispose]();
  }
}

/**
 * The epoll instance of the event loop. Deno makes it before any of ours, so it has the lowest number of those
 * that this process has made: one that it was started with is open because it is not closed at an exec.
 */
function reactorFd(): number | undefined {
  return tryReadDirectory("/proc/self/fd")
    .map(({ name }) => Number(name))
    .sort((a, b) => a - b)
    .find((fd) => readLink(`/proc/self/fd/${fd}`) === "anon_inode:[eventpoll]" && isOwn(fd));
}

function isOwn(fd: number): boolean {
  const info = tryReadTextFile(`/proc/self/fdinfo/${fd}`) ?? "";
  // the flags of proc_pid_fdinfo(5) are octal
  return (parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? "0", 8) & O_CLOEXEC) !== 0;
}
