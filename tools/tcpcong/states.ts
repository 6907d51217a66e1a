/** The states of congestion control. */

/** `enum tcp_ca_state` of include/uapi/linux/tcp.h. */
export const STATES = ["open", "disorder", "cwr", "recovery", "loss"] as const;

export const OPEN = STATES.indexOf("open");

/** How they are drawn in a bar. */
const LETTERS = [".", "d", "c", "r", "L"];

/** Columns of a bar. */
export const BAR_WIDTH = 20;

/** A bar of the times in each state: `.....ddddLLLLLLLLLLL`. */
export function bar(times: readonly bigint[]): string {
  const all = times.reduce((sum, time) => sum + time, 0n);
  let before = 0n, end = 0;
  return times.map((time, state) => {
    const begin = end;
    before += time;
    end = all === 0n ? 0 : Number((before * BigInt(2 * BAR_WIDTH) / all + 1n) / 2n);
    return LETTERS[state].repeat(end - begin);
  }).join("");
}
