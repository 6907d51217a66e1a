/** What a futex is used for, by the operation, the functions that wait, and the word. */

/** Operations by their numbers: include/uapi/linux/futex.h; the last two are those of bpf/futexctn.bpf.c. */
const OPS: Readonly<Record<number, string>> = {
  0: "wait",
  6: "lock_pi",
  9: "wait_bitset",
  11: "wait_requeue_pi",
  13: "lock_pi2",
  128: "waitv",
  129: "futex_wait",
};

/** Operations on locks with priority inheritance. */
const LOCKS = ["lock_pi", "lock_pi2"];

/** Functions that wait for locks, and others that wait for what is no lock, as glibc and musl call them. */
const LOCKING = /^(__)?(lll_(timed|clock)?lock_wait|pthread_(mutex|rwlock)_\w*lock)/;
const WAITING = /^(__)?(pthread_(cond|barrier|join|clockjoin|timedjoin)|new_sem_|sem_|thrd_join)/;

/** How many of the innermost functions are looked at. */
const INNERMOST = 4;

/** The name of an operation. */
export function opOf(op: number): string {
  return OPS[op] ?? String(op);
}

/** What a wait is for. */
export type Kind = "lock" | "wait";

/**
 * Whether a wait is one for a lock.
 * @param contended whether the word was that of a lock for which others wait
 * @param names the functions of the process, the innermost first
 */
export function kindOf(op: number, contended: boolean, names: readonly string[]): Kind {
  if (LOCKS.includes(opOf(op))) return "lock";
  const known = names.slice(0, INNERMOST).find((name) => LOCKING.test(name) || WAITING.test(name));
  if (known !== undefined) return LOCKING.test(known) ? "lock" : "wait";
  return contended ? "lock" : "wait";
}
