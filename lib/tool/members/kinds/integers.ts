import type { Kind } from "./kind.ts";

/** Whole numbers, such as the counts of a histogram. */
export const integersKind: Kind<readonly number[]> = {
  name: "integers",
  schema: { type: ["array", "null"], items: { type: "integer" } },
  table: () => (value, out) => out.string(value.join(" ")),
  json: (before) => (value, out) => out.string(before + JSON.stringify(value)),
  csv: () => (value, out) => out.string(value.join(" ")),
  text: (value) => value.join(" "),
  key: (value) => value.join(" "),
};
