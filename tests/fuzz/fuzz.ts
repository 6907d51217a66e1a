/**
 * Fuzzing: a property of one function, tried on what fast-check makes up. In the ordinary suite that is
 * a number of runs; with `FUZZ_SECONDS` (`make fuzz`) each test takes this many seconds. The seed is in
 * the test's name: `FUZZ_SEED` repeats it.
 */
import fc, { fuzzSeconds, seed } from "../fast_check.ts";
import { patient } from "../kernel/patience.ts";

/** No input of the sizes that are tried here may keep a function busy for so long. */
const LIMIT_MS = 1000;

/** All inputs of a test together may leave no more behind than this. */
const LIMIT_BYTES = 512 * 1024 * 1024;

/**
 * Registers a test that calls `check` with made-up inputs.
 * @param runs how many in the ordinary suite
 * @param check throws where something is wrong; that it returns within a second is checked here
 */
export function fuzz<T>(
  name: string,
  input: fc.Arbitrary<T>,
  check: (input: T) => void,
  { runs = 300 } = {},
): void {
  // Libraries that are opened stay open, which Deno would take for a leak.
  Deno.test({ name: `${name} (seed ${seed})`, sanitizeResources: false }, () => {
    const before = Deno.memoryUsage().rss;
    fc.assert(fc.property(input, (value) => inTime(() => check(value))), {
      ...(fuzzSeconds > 0
        ? {
          numRuns: 2 ** 30,
          interruptAfterTimeLimit: fuzzSeconds * 1000,
          markInterruptAsFailure: false,
        }
        : { numRuns: runs }),
    });
    const kept = Deno.memoryUsage().rss - before;
    if (kept > LIMIT_BYTES) throw new Error(`It took ${kept} bytes of memory`);
  });
}

/** Slow three times over: once may be the machine's fault. */
function inTime(work: () => void): void {
  const times: number[] = [];
  do {
    const began = performance.now();
    work();
    times.push(performance.now() - began);
  } while (times.at(-1)! > patient(LIMIT_MS) && times.length < 3);
  const least = Math.min(...times);
  if (least > patient(LIMIT_MS)) throw new Error(`It took ${Math.round(least)} ms`);
}

/** Calls `work`, which may throw one of the errors that it is documented to throw, and no other. */
export function mayThrow<T>(
  // deno-lint-ignore no-explicit-any -- any constructor, whatever it takes
  kinds: readonly (new (...args: any[]) => Error)[],
  work: () => T,
): T | undefined {
  try {
    return work();
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** Numbers at the edges of their types: what breaks arithmetic on sizes and offsets. */
const EDGES = [
  0,
  1,
  4,
  8,
  0x7f,
  0x80,
  0xff,
  0xffff,
  0x1_0000,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_ffff,
];

/**
 * Copies of `original` with some of it changed: bytes, whole numbers of 1 to 8 bytes, and the end cut
 * off.
 */
export function mutations(original: Uint8Array): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const change = fc.record({
    at: fc.nat(Math.max(0, original.length - 1)),
    width: fc.constantFrom(1, 1, 2, 4, 8),
    value: fc.oneof(fc.constantFrom(...EDGES), fc.nat(0xffff_ffff)),
  });
  const cut = fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat(original.length) },
  );
  return fc.tuple(fc.array(change, { maxLength: 6 }), cut).map(([changes, length]) => {
    const bytes = original.slice(0, length) as Uint8Array<ArrayBuffer>;
    const view = new DataView(bytes.buffer);
    for (const { at, width, value } of changes) {
      for (let i = 0; i < width && at + i < bytes.length; i++) {
        view.setUint8(at + i, i < 4 ? value >>> (8 * i) : 0);
      }
    }
    // A counterexample shows what was changed, and not all of the bytes.
    const told = { of: original.length, changes, length };
    return Object.defineProperty(bytes, fc.toStringMethod, { value: () => fc.stringify(told) });
  });
}

/** Bytes of any kind. */
export function anyBytes(min: number, max = min): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => new Uint8Array(bytes));
}

/** Text that may break a parser: any characters, and those that mean something to `what`. */
export function anyText(...what: readonly string[]): fc.Arbitrary<string> {
  const part = fc.oneof(
    fc.constantFrom(...what, " ", "\n", "\0", "\x1b[2J", "\udcff", "__proto__", "constructor"),
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.integer().map(String),
  );
  return fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
}
