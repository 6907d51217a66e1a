/** What is there when a tool starts. */
import { attachIter, type IterOptions } from "../../objects/attach/iter.ts";
import type { Attachable } from "../../objects/program.ts";

/**
 * Runs an iterator of a kernel half over everything that it walks, once. It must not be attached with the other
 * programs: `autoattach = false`.
 * @param options what it walks, where its section does not say it all
 *
 * @example
 * ```ts
 * import { Offcputime } from "#skel/offcputime.ts";
 * import { runIterator } from "@denobpf/denobpf/tool";
 *
 * using opened = Offcputime.open();
 * opened.maps.absences.maxEntries = 32_768;
 * opened.progs.seed_absences.autoattach = false;
 * runIterator(opened.load().progs.seed_absences);
 * ```
 *
 * @throws {BpfError} the iterator cannot be attached or read
 */
export function runIterator(program: Attachable, options?: IterOptions): void {
  using iterator = attachIter(program, options);
  iterator.read();
}
