/** The user half of bpf/include/stacks.h: names for the stacks that a kernel half keeps. */
import { type Frame, Symbolizer } from "../symbols/mod.ts";
import { KeptNames } from "./kept_names.ts";

/** An entry of the map `stacks`. */
export type KeptStack = readonly [
  { readonly id: bigint },
  { readonly frames: bigint; readonly ips: readonly bigint[] },
];

/** Whose stacks they are, by their ids. */
export interface StackIds {
  readonly pid: number;
  readonly kernel: bigint;
  readonly user: bigint;
}

/** A stack by the names of its frames, the innermost first. */
export interface NamedStack {
  readonly names: readonly string[];
  /** How many frames the kernel has passed, those on the way to the program among them. */
  readonly frames: number;
}

/** The stack of a task that has none. */
export const NO_STACK: NamedStack = { names: [], frames: 0 };

/** -ENOENT and -EFAULT of bpf_get_stack(): the task has no such stack. Other errnos: it was not kept. */
const WITHOUT_STACK = [-2n, -14n];

/** What stacks are called that were not kept, as the C tools call them. */
export const MISSED_KERNEL: NamedStack = { names: ["[Missed Kernel Stack]"], frames: 0 };
const MISSED_USER: NamedStack = { names: ["[Missed User Stack]"], frames: 0 };

/**
 * The stacks that a kernel half keeps, taken over set by set, and their names.
 *
 * Processes end, so their stacks are named as soon as somebody wants them; for a bounded time, as large programs
 * take seconds. What has not been named by the end is shown by its addresses.
 *
 * @example
 * ```ts
 * import { frameName, KeptStacks } from "@denobpf/denobpf/tool/stacks";
 * import { assertEquals } from "@std/assert";
 *
 * const stacks = new KeptStacks("__schedule", frameName);
 * stacks.add([[{ id: 23n }, { frames: 1n, ips: [0x1234n] }]]); // takeSet(maps.stacks, old)
 * stacks.want([{ pid: Deno.pid, kernel: -2n, user: 23n }]);
 * stacks.nameFor(1000);
 * assertEquals(stacks.user(Deno.pid, 23n).names, ["[unknown]"]);
 * ```
 */
export class KeptStacks {
  readonly #symbolizer = new Symbolizer();
  readonly #hooks: ReadonlySet<string>;
  readonly #nameOf: (frame: Frame) => string;
  readonly #names = new KeptNames();
  /** Addresses of stacks that may be wanted yet. */
  readonly #addresses = new Map<bigint, readonly bigint[]>();
  readonly #kernel = new Map<bigint, NamedStack>();
  readonly #user = new Map<string, NamedStack>();
  /** Stacks of processes that have no names yet. */
  readonly #unnamed = new Map<number, Set<bigint>>();
  /** Stacks that the last set had, and those that somebody has asked for since. */
  #recent = new Set<bigint>();

  /**
   * Reads the kernel's symbols, which takes a fifth of a second.
   * @param hook the function of the kernel that has the hook: what lies further in is the way to the program
   * @param nameOf names a frame
   * @param others functions that have further hooks
   */
  constructor(hook: string, nameOf: (frame: Frame) => string, ...others: readonly string[]) {
    this.#hooks = new Set([hook, ...others]);
    this.#nameOf = nameOf;
    this.#symbolizer.kernel(0n);
  }

  /** Takes over the stacks of a set. */
  add(stacks: Iterable<KeptStack>): void {
    this.#recent = new Set();
    for (const [{ id }, { frames, ips }] of stacks) {
      this.#recent.add(id);
      this.#addresses.set(id, ips.slice(0, Number(frames)));
    }
  }

  /** Keeps stacks until they have names: those of the kernel get them at once. */
  want(wanted: Iterable<StackIds>): void {
    for (const { pid, kernel, user } of wanted) {
      this.kernel(kernel);
      for (const id of [kernel, user]) this.#recent.add(id);
      if (!this.#addresses.has(user) || this.#user.has(`${pid} ${user}`)) continue;
      const unnamed = this.#unnamed.get(pid);
      if (unnamed === undefined) this.#unnamed.set(pid, new Set([user]));
      else unnamed.add(user);
    }
  }

  /**
   * Names stacks process by process until this time is over.
   * @param first the processes that come first
   */
  nameFor(ms: number, first: Iterable<number> = []): void {
    const end = performance.now() + ms;
    for (const pid of new Set([...first, ...this.#unnamed.keys()])) {
      const ids = this.#unnamed.get(pid);
      if (ids === undefined) continue;
      if (performance.now() > end) break;
      const stacks = [...ids].map((id) => this.#addresses.get(id)!);
      const named = this.#symbolizer.stacks(pid, stacks);
      [...ids].forEach((id, at) => this.#user.set(`${pid} ${id}`, this.#named(named[at])));
      this.#unnamed.delete(pid);
    }
  }

  /** Forgets the addresses of all stacks that are not wanted, and that the last set did not have. */
  forgetOthers(): void {
    const unnamed = [...this.#unnamed.values()].flatMap((ids) => [...ids]);
    const kept = new Set([...this.#recent, ...unnamed]);
    for (const id of this.#addresses.keys()) {
      if (!kept.has(id)) this.#addresses.delete(id);
    }
  }

  /** How many stacks have names, or wait for them. */
  get size(): number {
    const unnamed = [...this.#unnamed.values()].reduce((sum, ids) => sum + ids.size, 0);
    return this.#kernel.size + this.#user.size + unnamed;
  }

  /** Forgets the names of all stacks but these, and looks up none of others. */
  forgetNames(needed: Iterable<StackIds>): void {
    const kernels = new Set<bigint>();
    const users = new Set<string>();
    for (const { pid, kernel, user } of needed) {
      kernels.add(kernel);
      users.add(`${pid} ${user}`);
    }
    for (const id of this.#kernel.keys()) if (!kernels.has(id)) this.#kernel.delete(id);
    for (const key of this.#user.keys()) if (!users.has(key)) this.#user.delete(key);
    for (const [pid, ids] of this.#unnamed) {
      for (const id of ids) if (!users.has(`${pid} ${id}`)) ids.delete(id);
      if (ids.size === 0) this.#unnamed.delete(pid);
    }
    this.#names.forget();
    for (const { names } of [...this.#kernel.values(), ...this.#user.values()]) {
      this.#names.kept(names);
    }
  }

  /** A stack of the kernel. */
  kernel(id: bigint): NamedStack {
    if (id < 0n) return WITHOUT_STACK.includes(id) ? NO_STACK : MISSED_KERNEL;
    const known = this.#kernel.get(id);
    if (known !== undefined) return known;
    const addresses = this.#addresses.get(id);
    if (addresses === undefined) return MISSED_KERNEL;
    const { names, frames } = this.#named(this.#symbolizer.stack(undefined, addresses));
    const hook = names.findIndex((name) => this.#hooks.has(name));
    const stack = { names: names.slice(Math.max(0, hook)), frames };
    this.#kernel.set(id, stack);
    return stack;
  }

  /** A stack of a process: its addresses, if it has no names yet. */
  user(pid: number, id: bigint): NamedStack {
    if (id < 0n) return WITHOUT_STACK.includes(id) ? NO_STACK : MISSED_USER;
    const known = this.#user.get(`${pid} ${id}`);
    if (known !== undefined) return known;
    const addresses = this.#addresses.get(id);
    if (addresses === undefined) return MISSED_USER;
    return { names: addresses.map((ip) => `0x${ip.toString(16)}`), frames: addresses.length };
  }

  #named(frames: readonly Frame[]): NamedStack {
    return { names: this.#names.kept(frames.map(this.#nameOf)), frames: frames.length };
  }
}
