/** Wall time, given in nanoseconds since 1970-01-01T00:00:00Z, as text. */

const NANOSECONDS = 1_000_000_000n;

/** Events come many to a second: the text of the last second is kept. */
function oncePerSecond(make: (date: Date) => string): (second: bigint) => string {
  let last = -1n;
  let text = "";
  return (second) => {
    if (second !== last) {
      text = make(new Date(Number(second) * 1000));
      last = second;
    }
    return text;
  };
}

const two = (value: number) => String(value).padStart(2, "0");

const localTime = oncePerSecond((date) =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
);

const utc = oncePerSecond((date) => date.toISOString().slice(0, -".000Z".length));

/** `09:41:07`, in the host's time zone. */
export function timeOfDay(nanoseconds: bigint): string {
  return localTime(nanoseconds / NANOSECONDS);
}

/**
 * `2026-07-27T09:41:07.123456789Z` (RFC 3339). Always UTC and always nine digits, so that lines of
 * several hosts sort as text, also in the hour that comes twice when summer time ends.
 */
export function rfc3339(nanoseconds: bigint): string {
  const fraction = String(nanoseconds % NANOSECONDS).padStart(9, "0");
  return `${utc(nanoseconds / NANOSECONDS)}.${fraction}Z`;
}
