import { quoted } from "../text/escape.ts";
import { ValueError } from "./usage_errors.ts";

/** RFC 3339, of which all but hours and minutes may be left out: date, seconds, their fraction, zone. */
const TIME =
  /^(?:(\d{4}-\d\d-\d\d)[Tt ])?(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?$/;

/**
 * Reads `14:30`, `14:30:05.25`, `2026-07-27 14:30` or all of RFC 3339. Without a zone it is the host's,
 * without a date today in it.
 * @returns nanoseconds since 1970-01-01T00:00:00Z
 * @throws {ValueError}
 */
export function parseTime(text: string): bigint {
  const [, day = today(), time, fraction = "", zone = ""] = TIME.exec(text) ?? [];
  const milliseconds = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (!Number.isNaN(milliseconds)) {
    return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
  }
  throw new ValueError(
    `${quoted(text)} is not a time, such as 14:30:05 or 2026-07-27T14:30:05.123Z`,
  );
}

/** The date as RFC 3339 has it, in the host's time zone. */
function today(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}
