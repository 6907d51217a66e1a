import { parseTime } from "../../options/parse_time.ts";
import type { ByteOutput } from "../../text/bytes.ts";
import { Constant } from "../../text/bytes.ts";
import { rfc3339 } from "../../text/time_format.ts";
import { type Kind, ordered, type Writer } from "./kind.ts";

/** Wall time in nanoseconds since 1970: as `--time-format` says in tables, RFC 3339 in JSON and CSV. */
export const timeKind: Kind<bigint> = {
  name: "time",
  schema: {
    type: ["string", "null"],
    format: "date-time",
    pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z$",
  },
  table: (_, time) => (value, out) => out.string(time.text(value)),
  json(before) {
    const start = new Constant(before + '"');
    const write = rfc3339Writer('Z"');
    return (value, out) => {
      out.constant(start);
      write(value, out);
    };
  },
  csv: () => rfc3339Writer("Z"),
  text: rfc3339,
  compare: (wanted) => ordered(parseTime(wanted)),
  key: (value) => value,
  width: (time) => time.width,
};

const SECOND = 1_000_000_000n;

/**
 * Writes RFC 3339 as rfc3339() has it; the text of the last second is kept.
 * @param zone its last character, and what is to follow
 */
function rfc3339Writer(zone: string): Writer<bigint> {
  const end = new Constant(zone);
  let second = -1n;
  let text = new Constant("");
  return (nanoseconds: bigint, out: ByteOutput) => {
    let rest = Number(nanoseconds - second);
    if (second < 0n || rest < 0 || rest >= 1e9) {
      second = nanoseconds - nanoseconds % SECOND;
      rest = Number(nanoseconds - second);
      text = new Constant(rfc3339(second).slice(0, -"000000000Z".length));
    }
    out.constant(text);
    out.digits(rest, 9);
    out.constant(end);
  };
}
