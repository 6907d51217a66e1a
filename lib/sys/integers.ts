/**
 * Whole numbers as C's types hold them. Deno and DataView cut what does not fit without a word: flags of
 * 2 ** 53 are none, and a process 2 ** 32 + 1 is the first one.
 */

type Range = readonly [least: bigint, most: bigint];

const RANGES = {
  u8: [0n, 2n ** 8n - 1n],
  i8: [-(2n ** 7n), 2n ** 7n - 1n],
  u16: [0n, 2n ** 16n - 1n],
  i16: [-(2n ** 15n), 2n ** 15n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  u64: [0n, 2n ** 64n - 1n],
  usize: [0n, 2n ** 64n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  isize: [-(2n ** 63n), 2n ** 63n - 1n],
} as const satisfies Record<string, Range>;

/** The types of whole numbers, as FFI calls them. */
export type IntegerType = keyof typeof RANGES;

/** Whether a type of FFI is one of whole numbers. */
export function isIntegerType(type: unknown): type is IntegerType {
  return typeof type === "string" && Object.hasOwn(RANGES, type);
}

/**
 * `value`, if the type can hold it; never -0, which FFI refuses.
 * @param what it is, for the error: `map_flags`
 * @throws {RangeError} if the type cannot hold it
 */
export function integer<T extends number | bigint>(type: IntegerType, value: T, what: string): T {
  const [least, most] = RANGES[type];
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (!whole || value < least || value > most) {
    const text = typeof value === "string" ? JSON.stringify(value) : String(value);
    throw new RangeError(`${what}: ${text} is no whole number from ${least} to ${most}`);
  }
  return (value || (typeof value === "bigint" ? 0n : 0)) as T;
}

/**
 * `value`, if it is a `__u32`.
 * @throws {RangeError} if it is not
 */
export function u32(value: number, what: string): number {
  return integer("u32", value, what);
}

/**
 * An array of `__u64`.
 * @throws {RangeError} if a value is none
 */
export function u64Array(
  values: readonly (number | bigint)[],
  what: string,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array(values.map((value) => u64(value, what))).buffer);
}

/**
 * `value` as a bigint, if it is a `__u64`.
 * @throws {RangeError} if it is not
 */
export function u64(value: number | bigint, what: string): bigint {
  return BigInt(integer("u64", value, what));
}
