import { cString, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { SystemError } from "./errno.ts";

/** Sizes of glibc's opaque structs, `sizeof` on x86-64 and arm64. */
const SIZEOF_POSIX_SPAWNATTR = 336;
const SIZEOF_SIGSET = 128;

/** From glibc's spawn.h. */
const POSIX_SPAWN_SETSIGDEF = 4;
const POSIX_SPAWN_SETSIGMASK = 8;

const SIGHUP = 1;
const SIGINT = 2;
const SIGUSR1 = 10;
const SIGPIPE = 13;

/** Signals that a terminal sends by itself: when it is closed, and for Ctrl-C. */
const FROM_TERMINAL = [SIGHUP, SIGINT];

const spawning = symbolGroup(libc, {
  // int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
  //                  const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
  posix_spawnp: {
    parameters: ["buffer", "buffer", "pointer", "buffer", "buffer", "pointer"],
    result: "i32",
  },
  // int posix_spawnattr_init(posix_spawnattr_t *attr); FFI: glibc's takes no memory of its own
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags)
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  // int posix_spawnattr_setsigdefault(posix_spawnattr_t *attr, const sigset_t *sigdefault)
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  // char **environ; FFI: belongs to libc
  environ: { type: "pointer" },
});

const waiting = symbolGroup(libc, {
  // pid_t waitpid(pid_t pid, int *status, int options)
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32", nonblocking: true },
});

const signalling = symbolGroup(libc, {
  // int kill(pid_t pid, int sig)
  kill: { parameters: ["i32", "i32"], result: "i32" },
});

/** Sends a signal to a process, if it is there: Deno.kill would need --allow-run. */
export function sendSignal(pid: number, signal: number): void {
  signalling().kill(pid, signal);
}

/**
 * A child process that shares the terminal, the standard streams and the environment. Deno.Command
 * would need --allow-run, which tools do not have.
 *
 * @example
 * ```ts
 * import { ChildProcess } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const child = ChildProcess.start(["true"]);
 * assertEquals(await child.ended, 0);
 * ```
 */
export class ChildProcess {
  /** Its pid. */
  readonly pid: number;
  /** Its exit code; 128 and the number of the signal that ended it, as shells have it. */
  readonly ended: Promise<number>;
  #running = true;

  private constructor(pid: number) {
    this.pid = pid;
    this.ended = this.#wait();
  }

  /**
   * Runs `words[0]`, looked for in PATH, with the others as its arguments.
   * @throws {SystemError} ENOENT where there is no such command
   */
  static start(words: readonly string[]): ChildProcess {
    const lib = spawning();
    const attributes = new Uint8Array(SIZEOF_POSIX_SPAWNATTR);
    lib.posix_spawnattr_init(attributes);
    lib.posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    // Deno ignores SIGPIPE and a tool SIGUSR1, and what is ignored stays so in a new program.
    lib.posix_spawnattr_setsigdefault(attributes, signalSet(SIGUSR1, SIGPIPE));
    const strings = words.map(cString);
    const argv = new BigUint64Array([...strings.map(addressOf), 0n]);
    const pid = new Int32Array(1);
    const failure = lib.posix_spawnp(
      new Uint8Array(pid.buffer),
      strings[0],
      null,
      attributes,
      new Uint8Array(argv.buffer),
      environment(),
    );
    if (failure !== 0) throw new SystemError(failure, `run ${words[0]}`);
    return new ChildProcess(pid[0]);
  }

  /**
   * Passes on a signal that this process got. Not the ones that a terminal sends to all processes in
   * its foreground, this one and the child: a second Ctrl-C means something else to many programs.
   */
  passOn(signal: number): void {
    const everybodys = FROM_TERMINAL.includes(signal) && inForeground();
    if (this.#running && !everybodys) sendSignal(this.pid, signal);
  }

  async #wait(): Promise<number> {
    const status = new Int32Array(1);
    await waiting().waitpid(this.pid, new Uint8Array(status.buffer), 0);
    this.#running = false;
    const signal = status[0] & 0x7f; // wait(2): bits 0 to 6 are a signal, 8 to 15 an exit code
    return signal === 0 ? status[0] >> 8 & 0xff : 128 + signal;
  }
}

const groups = symbolGroup(libc, {
  // pid_t tcgetpgrp(int fd)
  tcgetpgrp: { parameters: ["i32"], result: "i32" },
  // pid_t getpgrp(void)
  getpgrp: { parameters: [], result: "i32" },
});

/** Whether a standard stream is a terminal in whose foreground this process runs. */
function inForeground(): boolean {
  const group = groups().getpgrp();
  return [0, 1, 2].some((fd) => groups().tcgetpgrp(fd) === group);
}

/** What is stored in `environ`: the symbol itself is the address of that variable. */
function environment(): Deno.PointerValue {
  return new Deno.UnsafePointerView(spawning().environ!).getPointer();
}

function signalSet(...signals: number[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(SIZEOF_SIGSET);
  for (const signal of signals) set[(signal - 1) >> 3] |= 1 << ((signal - 1) & 7);
  return set;
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}
