import { Bytes } from "./bytes.ts";
import type { Codec } from "./codec.ts";

/** Errors whose message already begins with the name of a member. */
const named = new WeakSet<Error>();

/**
 * Writes one member or element. An error names it, and around it whatever it lies in:
 * `start.when: u64: -1 is not from 0 to 18446744073709551615`.
 */
export function put<T>(
  into: Bytes,
  at: number,
  codec: Pick<Codec<T>, "encode">,
  name: string,
  value: T,
  end?: number,
): void {
  try {
    codec.encode(into, at, value, end);
  } catch (error) {
    if (error instanceof Error) {
      const joint = !named.has(error) ? ": " : error.message.startsWith("[") ? "" : ".";
      error.message = name + joint + error.message;
      named.add(error);
    }
    throw error;
  }
}

/**
 * Checks that a member of a union is still what {@link put} wrote, after the members that share its
 * bytes were written over it.
 */
export function kept<T>(
  into: Bytes,
  at: number,
  codec: Codec<T>,
  name: string,
  value: T,
  end: number = at + codec.size,
): void {
  const [now, given] = [Bytes.zeroed(end - at), Bytes.zeroed(end - at)];
  // Through the codec, since equal texts may differ in the bytes behind their NUL.
  codec.encode(now, 0, codec.decode(into, at, end), end - at);
  codec.encode(given, 0, value, end - at);
  if (given.u8.some((byte, index) => byte !== now.u8[index])) {
    throw new RangeError(
      `${name} shares its bytes with another member of its union that has another value; ` +
        "give the union a name in C, and only one member needs to be set",
    );
  }
}
