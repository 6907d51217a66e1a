import { escapeText } from "../text/escape.ts";

/** Text in an element or an attribute of XML or HTML. */
export function entities(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The same, with what terminals and browsers would obey made visible. */
export function markup(text: string): string {
  return entities(escapeText(text));
}
