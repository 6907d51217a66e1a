/**
 * How much slower this machine is than one that runs its kernel itself: `DENOBPF_SLOW`, 1 when absent.
 * An emulated one takes six to nine times as long; tests/vm sets it.
 */
const slowness = Number(Deno.env.get("DENOBPF_SLOW") ?? "1");

/** What takes up to `ms` on a machine of the usual speed may take this long here, in milliseconds. */
export function patient(ms: number): number {
  return ms * slowness;
}

/** Whether this is a slower machine. */
export function isSlow(): boolean {
  return slowness > 1;
}

/** `count` things on a machine of the usual speed; `few`, which is for slower ones, on an emulated one. */
export function fewerIfSlow(count: number, few: number): number {
  return isSlow() ? few : count;
}

/** Whether this run may take minutes: `make test-long`. */
export function long(): boolean {
  return Deno.env.get("DENOBPF_LONG") === "true";
}

/** Waits this many milliseconds. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
