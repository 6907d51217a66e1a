import { csvCell } from "../../text/csv_cell.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonStructure, type Structure, structureText } from "../../text/json_text.ts";
import type { Kind } from "./kind.ts";

/** A value of any shape: JSON shows it as it is, the other outputs as the text of that JSON. */
export const structureKind: Kind<Structure> = {
  name: "structure",
  schema: { type: ["object", "array", "string", "number", "boolean", "null"] },
  table: () => (value, out) => out.string(escapeText(structureText(value))),
  json: (before) => (value, out) => out.string(before + jsonStructure(value)),
  csv: () => (value, out) => out.string(csvCell(structureText(value))),
  text: structureText,
  compare: (wanted) => ({ equals: (value) => structureText(value) === wanted }),
  key: structureText,
};
