/**
 * fast-check, with a seed. The ordinary suite makes up the same inputs in every run, so that what it says
 * of a change is about the change. `make fuzz` has other ones each time, and `FUZZ_SEED` repeats those.
 */
import fc from "fast-check";

const SEED = 20_011;

/** How many seconds each test of `tests/fuzz` takes; 0 for its ordinary number of runs. */
export const fuzzSeconds = Number(Deno.env.get("FUZZ_SECONDS") ?? "0");

/** What all made-up inputs of this run come from. */
export const seed = Number(
  Deno.env.get("FUZZ_SEED") ?? (fuzzSeconds > 0 ? Date.now() % 2 ** 31 : SEED),
);

fc.configureGlobal({ seed });

export default fc;
