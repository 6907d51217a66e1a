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

const localDay = (date: Date) =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

const localTime = (date: Date) =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

const utc = oncePerSecond((date) => date.toISOString().slice(0, -".000Z".length));

/** The first `digits` digits of the fraction of a second. */
function fraction(nanoseconds: bigint, digits: number): string {
  return String(nanoseconds % NANOSECONDS).padStart(9, "0").slice(0, digits);
}

/** A way to show times, and how wide that is. */
export interface TimeFormat {
  /** How many columns a time takes. */
  readonly width: number;
  /** A time as text. */
  text(nanoseconds: bigint): string;
}

/** Local time with this many digits of the second's fraction. */
function local(digits: number, second: (date: Date) => string): TimeFormat {
  const whole = oncePerSecond(second);
  const point = digits > 0 ? "." : "";
  return {
    width: second(new Date(0)).length + point.length + digits,
    text: (nanoseconds) => whole(nanoseconds / NANOSECONDS) + point + fraction(nanoseconds, digits),
  };
}

const time = (digits: number) => () => local(digits, localTime);
const date = (digits: number) => () =>
  local(digits, (date) => `${localDay(date)} ${localTime(date)}`);

/** How tables can show times, by the values of `--time-format`. */
const FORMATS = {
  time: time(0),
  ms: time(3),
  us: time(6),
  ns: time(9),
  date: date(0),
  "date-ms": date(3),
  "date-us": date(6),
  "date-ns": date(9),
  iso: () => ({ width: "1970-01-01T00:00:00.000000000Z".length, text: rfc3339 }),
  unix: () => ({ width: "1785145267.123456789".length, text: unixTime }),
};

export type TimeFormatName = keyof typeof FORMATS;

export const timeFormatNames = Object.keys(FORMATS) as TimeFormatName[];

export function timeFormat(name: TimeFormatName): TimeFormat {
  return FORMATS[name]();
}

/**
 * `09:41:07`, in the host's time zone.
 *
 * @example
 * ```ts
 * import { timeOfDay } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(timeOfDay(0n).length, "09:41:07".length);
 * ```
 */
export const timeOfDay: (nanoseconds: bigint) => string = FORMATS.time().text;

/**
 * `2026-07-27T09:41:07.123456789Z` (RFC 3339). Always UTC and always nine digits, so that lines of
 * several hosts sort as text, also in the hour that comes twice when summer time ends.
 *
 * @example
 * ```ts
 * import { rfc3339 } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rfc3339(1_785_145_267_123_456_789n), "2026-07-27T09:41:07.123456789Z");
 * ```
 */
export function rfc3339(nanoseconds: bigint): string {
  return `${utc(nanoseconds / NANOSECONDS)}.${fraction(nanoseconds, 9)}Z`;
}

/** `1785145267.123456789`: seconds since 1970, as `date +%s.%N` has it. */
function unixTime(nanoseconds: bigint): string {
  return `${nanoseconds / NANOSECONDS}.${fraction(nanoseconds, 9)}`;
}
