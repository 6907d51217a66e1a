import { globPattern } from "../../objects/attach/glob.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";

/** What a user means by a word such as `vfs_*`, `c:malloc`, `t:sched:*` or `u:ruby:gc*`. */
export interface ProbePattern {
  /** As it was given. */
  readonly text: string;
  /** Functions, of the kernel unless a file is named; tracepoints; or USDT probes of a file. */
  readonly kind: "function" | "tracepoint" | "usdt";
  /** A program or a library as the user names it, or "" for the program of the traced processes. */
  readonly file: string | undefined;
  /** Whether a name is meant: of a function; `category:name`; `name` or `provider:name`. */
  readonly matches: (name: string) => boolean;
  /** The one name that is meant, if it is no pattern. */
  readonly name: string | undefined;
}

const KINDS = { p: "function", t: "tracepoint", u: "usdt" } as const;

/**
 * Reads the form of the C and Python tools: `name`, `file:name`, `p:[file]:name`, `t:category:name`,
 * `u:file:[provider:]name`, where `*` and `?` in a name stand for any letters and for one.
 * @param isRegex whether the name is a regular expression, which must match from the first letter on
 * @throws {ExitError} (64) if it is none of these
 */
export function parsePattern(text: string, isRegex = false): ProbePattern {
  const [, letter = "p", typed] = /^([ptu]):(.*:.*)$/s.exec(text) ?? [];
  const kind = KINDS[letter as keyof typeof KINDS];
  const [, before, behind] = /^([^:]*):(.*)$/s.exec(typed ?? text) ?? [];
  const name = behind ?? text;
  if (name === "" || kind !== "function" && behind === undefined) {
    throw usage(`${quoted(text)} is not NAME, FILE:NAME, t:CATEGORY:NAME or u:FILE:NAME`);
  }
  if (kind === "tracepoint") {
    return { text, kind, file: undefined, ...matcherOf(`${before}:${name}`, isRegex) };
  }
  // `p::name` is a function of the kernel, `:name` one of the process's program.
  const file = typed !== undefined && before === "" && kind === "function" ? undefined : before;
  return { text, kind, file, ...matcherOf(name, isRegex) };
}

const usage = (message: string) => new ExitError(ExitCode.Usage, message);

function matcherOf(name: string, isRegex: boolean): Pick<ProbePattern, "matches" | "name"> {
  if (isRegex) {
    const regex = regexOf(`^(?:${name})`);
    return { matches: (name) => regex.test(name), name: undefined };
  }
  const glob = globPattern(name);
  return { matches: (name) => glob.test(name), name: /[*?]/.test(name) ? undefined : name };
}

function regexOf(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    throw usage((error as Error).message);
  }
}
