import { RawText } from "../../sys/raw_text.ts";
import { decodePath, decodeStrings } from "../text/strings.ts";

/** A record of bpf/include/record.h. */
export interface Varying {
  /** Where its strings lie. */
  readonly $strings: RawText;
}

/** The names of parts that a record has: those of its members `NAME_size`. */
export type PartNames<R> = keyof R extends infer Key
  ? Key extends `${infer Name}_size` ? Name : never
  : never;

/**
 * One of the strings of a record.
 *
 * @example
 * ```ts
 * import { event } from "#skel/execsnoop.ts";
 * import { type Part, partsOf } from "@denobpf/denobpf/tool";
 * import type { event_view } from "#skel/execsnoop.ts";
 *
 * const cwd: Part<event_view> = partsOf(event, "path", "cwd").cwd;
 * console.log(cwd.path !== undefined);
 * ```
 */
export class Part<R> {
  /** Its size in bytes, 0 where the record has none. */
  readonly size: (record: R) => number;
  /** Moves a text or words to it. */
  readonly place: <T extends RawText>(text: T, record: R) => T;
  readonly #text = new RawText();

  /** A part by its name. @param before the names of the parts before it */
  constructor(name: string, before: readonly string[]) {
    const sizes = ["start", ...before.map((name) => `record.${name}_size`)].join(" + ");
    this.size = new Function("record", `return record.${name}_size`) as Part<R>["size"];
    this.place = new Function(
      "text",
      "record",
      `const { bytes, start } = record.$strings;
      const at = ${sizes};
      return text.place(bytes, at, at + record.${name}_size);`,
    ) as Part<R>["place"];
  }

  /** The string, where it lies. */
  readonly text = (record: R): RawText | undefined =>
    this.size(record) === 0 ? undefined : this.place(this.#text, record);

  /** A path of bpf/include/paths.h. */
  readonly path = (record: R): string | undefined => {
    const text = this.text(record);
    return text && decodePath(text.bytes, text.start, text.end);
  };

  /** The last part of such a path, which the kernel writes first, where it lies. */
  readonly name = (record: R): RawText | undefined => {
    const text = this.text(record);
    return text?.place(text.bytes, text.start, text.bytes.indexOf(0, text.start));
  };

  /** Strings with a NUL behind each. */
  readonly strings = (record: R): readonly string[] => {
    const text = this.text(record);
    return text ? decodeStrings(text.bytes, text.start, text.end) : [];
  };
}

/**
 * The strings of a record as bpf/include/record.h appends them: one behind the other, with their sizes in
 * members `NAME_size`. The functions that find them are made of the names, so that no loop runs for each event.
 * @param _codec the record's
 * @param names in the order in which the kernel half appends
 * @throws {TypeError} for what is no plain name
 *
 * @example
 * ```ts
 * import { event } from "#skel/execsnoop.ts";
 * import { membersOf, partsOf } from "@denobpf/denobpf/tool";
 *
 * const parts = partsOf(event, "path", "cwd");
 * const members = {
 *   cwd: membersOf(event).text({ brief: "Working folder" }, (r) => parts.cwd.path(r)),
 * };
 * ```
 */
export function partsOf<R extends Varying, const Names extends PartNames<R>>(
  _codec: { view(): R },
  ...names: readonly Names[]
): { readonly [Name in Names]: Part<R> } {
  const wrong = names.find((name) => !/^[a-z]\w*$/.test(name));
  if (wrong !== undefined) throw new TypeError(`"${wrong}" is no name for a part`);
  return Object.fromEntries(
    names.map((name, at) => [name, new Part<R>(name, names.slice(0, at))]),
  ) as { readonly [Name in Names]: Part<R> };
}
