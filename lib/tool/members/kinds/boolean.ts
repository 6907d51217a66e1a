import { ValueError } from "../../options/usage_errors.ts";
import { Constant } from "../../text/bytes.ts";
import { quoted } from "../../text/escape.ts";
import type { Kind } from "./kind.ts";

/** True or false. */
export const booleanKind: Kind<boolean> = {
  name: "boolean",
  schema: { type: ["boolean", "null"] },
  table: () => (value, out) => out.string(String(value)),
  json(before) {
    const [yes, no] = [true, false].map((value) => new Constant(before + value));
    return (value, out) => out.constant(value ? yes : no);
  },
  csv: () => (value, out) => out.string(String(value)),
  text: String,
  compare(wanted) {
    if (wanted !== "true" && wanted !== "false") {
      throw new ValueError(`${quoted(wanted)} is neither true nor false`);
    }
    return { equals: (value) => String(value) === wanted };
  },
  key: (value) => value,
};
