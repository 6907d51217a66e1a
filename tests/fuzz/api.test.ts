/**
 * Whatever is called with whatever, in whatever order: the process lives, nothing but an Error is thrown,
 * and every call comes back. The ordinary suite tries two seeds; with `FUZZ_SECONDS` one follows the other.
 */
import { assertEquals } from "@std/assert";
import { fuzzSeconds, seed } from "../fast_check.ts";
import { patient } from "../kernel/patience.ts";

const CALLS = 500;

/** No call, and so no seed, takes longer than this. */
const LIMIT_MS = 60_000;

const root = new URL("../../", import.meta.url);

/** Runs api_calls.ts where the kernel's heap checks are on and no network is but `lo`. */
async function tryCalls(seed: number): Promise<void> {
  const script = new URL("api_calls.ts", import.meta.url).pathname;
  const program = [Deno.execPath(), "run", "-A", "--no-check", script, `${seed}`, `${CALLS}`];
  const command = new Deno.Command("unshare", {
    args: ["--net", ...program],
    cwd: root,
    env: { MALLOC_CHECK_: "3", MALLOC_PERTURB_: "165" },
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(patient(LIMIT_MS)),
  });
  const { code, signal, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const last = text(stderr).trimEnd().split("\n").slice(-5).join("\n");
  assertEquals([code, signal], [0, null], `seed ${seed} ended within:\n${last}`);
  const lines = text(stdout).trimEnd().split("\n");
  assertEquals(lines, [`end of seed ${seed}`]);
}

Deno.test(`the library's functions may be called with anything (seed ${seed})`, async () => {
  const end = performance.now() + fuzzSeconds * 1000;
  for (let next = seed; next < seed + 2 || performance.now() < end; next++) await tryCalls(next);
});
