import { ValueError } from "../../options/usage_errors.ts";
import { quoted } from "../../text/escape.ts";
import { type Kind, type Look, ordered } from "./kind.ts";

/** How a table shows a number that may have a fraction. */
export interface DecimalLook extends Look {
  /** Digits behind the point. */
  readonly decimals: number;
}

/** A number that may have a fraction. */
export const decimalKind: Kind<number, DecimalLook> = {
  name: "decimal",
  schema: { type: ["number", "null"] },
  table: ({ decimals }) => (value, out) => out.string(value.toFixed(decimals)),
  json: (before) => (value, out) => out.string(before + JSON.stringify(value)),
  csv: () => (value, out) => out.string(String(value)),
  text: String,
  compare: (wanted) => ordered(number(wanted)),
  key: (value) => value,
};

function number(text: string): number {
  if (/^-?(\d+\.?\d*|\.\d+)$/.test(text)) return Number(text);
  throw new ValueError(`${quoted(text)} is not a number`);
}
