import { identifier } from "./safe_text.ts";

/*
 * C names in TypeScript. They stay as they are, so that a search finds both halves of a tool; only a
 * name that TypeScript has taken gets a trailing `_`.
 */

/**
 * Words that cannot name a type or a constant, the globals that generated code relies on, and the
 * parameters of its functions, which would hide a constant of their name.
 */
const RESERVED = new Set(
  ("abstract any arguments as asserts async await bigint boolean break case catch class const continue debugger " +
    "declare default delete do else enum eval export extends false finally for from function get if " +
    "implements import in infer instanceof interface keyof let module namespace never new null number object " +
    "of package private protected public readonly require return set static string super switch symbol this " +
    "throw true try type typeof undefined unique unknown using var void while with yield " +
    "Infinity NaN Partial Readonly Symbol Uint8Array at end into map options value").split(" "),
);

/** Members that every object has, and those that generated classes have. */
const RESERVED_MEMBERS = new Set([
  "__proto__",
  "constructor",
  "toJSON",
  "toString",
  "valueOf",
]);

/** Names of one scope; no name is given out twice. */
export class Names {
  readonly #taken: Set<string>;

  private constructor(taken: Set<string>) {
    this.#taken = taken;
  }

  /** The top level of a generated file. */
  static ofModule(): Names {
    return new Names(new Set(RESERVED));
  }

  /** The members of one type or class; `taken` are those it has by itself. */
  static ofMembers(taken: readonly string[] = []): Names {
    return new Names(new Set([...RESERVED_MEMBERS, ...taken]));
  }

  /** Takes `name`, or the first of `name_`, `name__` and so on that is free. */
  take(name: string): string {
    let free = identifier(name);
    while (this.#taken.has(free)) free += "_";
    this.#taken.add(free);
    return free;
  }
}

/** The name of an object's skeleton class: `tcp_life` gives `TcpLife`. */
export function className(object: string): string {
  const words = object.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return identifier(words.map((word) => word[0].toUpperCase() + word.slice(1)).join(""));
}
