import { event, type event_view } from "#skel/execsnoop.ts";
import { partsOf, RawText, RawWords, type Words } from "#lib/tool/mod.ts";

/** The strings of an event. */
export const parts = partsOf(event, "path", "cwd", "exe", "cgroup", "ancestors", "args", "env");

/** The arguments of an exec. */
export class Arguments {
  readonly #args = new RawWords();
  readonly #words = [this.#args];
  readonly #path = new RawText();
  readonly #rest = new RawWords();
  readonly #line = [this.#path, this.#rest];

  /** @param most how many of them count */
  constructor(most: number) {
    this.#args.most = most;
    this.#rest.most = most - 1;
    this.#rest.more = "...";
  }

  words(r: event_view): Words {
    if (r.script) return this.#scriptArgs(r).slice(0, this.#args.most);
    parts.args.place(this.#args, r);
    return this.#words;
  }

  areCut(r: event_view): boolean {
    if (r.args_cut !== 0) return true;
    if (r.script) return this.#scriptArgs(r).length > this.#args.most;
    return parts.args.place(this.#args, r).cut;
  }

  /** The path and what follows argv[0], where they lie; undefined if it is not as simple as that. */
  line(r: event_view): Words | undefined {
    if (r.path_size === 0 || r.script || r.args_cut || this.#rest.most < 1) return undefined;
    parts.path.place(this.#path, r);
    parts.args.place(this.#rest, r).dropFirst();
    return this.#line;
  }

  /**
   * The kernel runs `#!/bin/sh -e` as `/bin/sh -e PATH ARGS...`: returns `PATH ARGS...`. The path is behind
   * the interpreter and its one argument, and further on where the interpreter is a script too. Where
   * binfmt_misc keeps argv[0], that stands behind the path and is returned instead.
   */
  #scriptArgs(r: event_view): readonly string[] {
    const args = parts.args.strings(r);
    const path = String(parts.path.text(r));
    const at = args[2] === path ? 2 : args.indexOf(path, 1);
    return at < 0 ? args : args.slice(r.keeps_argv0 ? at + 1 : at);
  }
}
