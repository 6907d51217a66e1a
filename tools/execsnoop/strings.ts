import type { event_view } from "#skel/execsnoop.ts";
import {
  decodePath,
  decodeStrings,
  decodeText,
  RawText,
  RawWords,
  type Words,
} from "#lib/tool/mod.ts";

/** TASK_COMM_LEN of include/linux/sched.h. */
const COMM_SIZE = 16;

const NONE: readonly string[] = [];

/** The parts of an event whose lengths vary: they lie one behind the other in its `strings`. */
export class ExecStrings {
  readonly #env: readonly string[];
  readonly #text = new RawText();
  readonly #path = new RawText();
  readonly #args = new RawWords();
  readonly #words = [this.#args];
  readonly #rest = new RawWords();
  readonly #line = [this.#path, this.#rest];

  /**
   * @param options.max_args how many arguments count
   * @param options.env names of the environment variables that count
   */
  constructor({ max_args, env }: { readonly max_args: number; readonly env: readonly string[] }) {
    this.#env = env;
    this.#args.most = max_args;
    this.#rest.most = max_args - 1;
    this.#rest.more = "...";
  }

  /** The file, as it was passed; undefined where it could not be read. */
  path(r: event_view): RawText | undefined {
    return r.path_size > 1 ? this.#place(this.#path, r, 0, r.path_size) : undefined;
  }

  cwd(r: event_view): string | undefined {
    return this.#pathAt(r, r.path_size, r.cwd_size);
  }

  exe(r: event_view): string | undefined {
    return this.#pathAt(r, r.path_size + r.cwd_size, r.exe_size);
  }

  cgroup(r: event_view): string | undefined {
    return this.#pathAt(r, r.path_size + r.cwd_size + r.exe_size, r.cgroup_size);
  }

  /** The parents, the nearest first: `bash(1234)`. */
  ancestors(r: event_view): readonly string[] {
    if (r.ancestors_size === 0) return NONE;
    const { bytes, start } = this.#place(this.#text, r, argsAt(r) - r.ancestors_size, 0);
    const pids = r.ancestor_pids;
    return Array.from({ length: r.ancestors_size / COMM_SIZE }, (_, i) => {
      const at = start + i * COMM_SIZE;
      return `${decodeText(bytes, at, at + COMM_SIZE)}(${pids[i]})`;
    });
  }

  args(r: event_view): Words {
    if (r.script) return this.#scriptArgs(r).slice(0, this.#args.most);
    this.#placeArgs(r);
    return this.#words;
  }

  /** Whether there are more arguments than those, or longer ones. */
  areArgsCut(r: event_view): boolean {
    if (r.args_cut !== 0 || r.args_size === 0 && r.ret < 0) return true;
    if (r.script) return this.#scriptArgs(r).length > this.#args.most;
    return this.#placeArgs(r).cut;
  }

  /** The variables asked for: `HOME=/root`. */
  env(r: event_view): readonly string[] {
    if (r.env_size === 0) return NONE;
    const { bytes, start, end } = this.#place(
      this.#text,
      r,
      argsAt(r) + r.args_size,
      r.env_size,
    );
    return decodeStrings(bytes, start, end)
      .filter((entry) => this.#env.some((name) => entry.startsWith(`${name}=`)));
  }

  /** The path and what follows argv[0], where they lie; undefined if it is not as simple as that. */
  line(r: event_view): Words | undefined {
    if (this.path(r) === undefined || r.script || r.args_cut || this.#rest.most < 1) {
      return undefined;
    }
    this.#place(this.#rest, r, argsAt(r), r.args_size).dropFirst();
    return this.#line;
  }

  /**
   * The kernel runs `#!/bin/sh -e` as `/bin/sh -e PATH ARGS...`: returns `PATH ARGS...`. The path follows
   * the interpreter, or its one argument.
   */
  #scriptArgs(r: event_view): string[] {
    const { bytes, start, end } = this.#placeArgs(r);
    const args = decodeStrings(bytes, start, end);
    const path = this.path(r)?.toString();
    const at = args[2] === path ? 2 : 1;
    return args[at] === path ? args.slice(at) : args;
  }

  #placeArgs(r: event_view): RawWords {
    return this.#place(this.#args, r, argsAt(r), r.args_size);
  }

  #pathAt(r: event_view, at: number, size: number): string | undefined {
    if (size === 0) return undefined;
    const { bytes, start, end } = this.#place(this.#text, r, at, size);
    return decodePath(bytes, start, end);
  }

  /** Moves `text` to a part of the strings of a record. */
  #place<T extends RawText>(text: T, r: event_view, at: number, size: number): T {
    const { bytes, start } = r.$strings;
    return text.place(bytes, start + at, start + at + size);
  }
}

function argsAt(r: event_view): number {
  return r.path_size + r.cwd_size + r.exe_size + r.cgroup_size + r.ancestors_size;
}
