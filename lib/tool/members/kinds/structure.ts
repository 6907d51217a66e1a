import { csvCell, quotedCell } from "../../text/csv_cell.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonStructure, type Structure, structureText } from "../../text/json_text.ts";
import type { Kind } from "./kind.ts";

/**
 * A value of any shape: JSON shows it as it is, the other outputs as the text of that JSON. It is escaped
 * as it is written, and would be no JSON if it were once more; a text alone is escaped as any other.
 */
export const structureKind: Kind<Structure> = {
  name: "structure",
  schema: { type: ["object", "array", "string", "number", "boolean", "null"] },
  table: () => (value, out) =>
    out.string(isJson(value) ? jsonStructure(value) : escapeText(String(value))),
  json: (before) => (value, out) => out.string(before + jsonStructure(value)),
  csv: () => (value, out) =>
    out.string(isJson(value) ? quotedCell(jsonStructure(value)) : csvCell(String(value))),
  text: structureText,
  compare: (wanted) => ({ equals: (value) => structureText(value) === wanted }),
  key: structureText,
};

function isJson(value: Structure): boolean {
  return typeof value === "object";
}
