import { Constant } from "../../text/bytes.ts";
import type { Text } from "../../text/words.ts";
import type { Kind } from "./kind.ts";

/** Text, which may come from anybody: every output makes it safe in its own way. */
export const textKind: Kind<Text> = {
  name: "text",
  schema: { type: ["string", "null"] },
  table: () => (value, out) => out.escaped(value),
  json(before) {
    const start = new Constant(before + '"');
    return (value, out) => out.json(start, value);
  },
  csv: () => (value, out) => out.csv(value),
  text: String,
  compare: (wanted) => ({ equals: (value) => String(value) === wanted }),
  key: String,
  keep: String,
};
