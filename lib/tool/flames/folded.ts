/** Stacks as lines, which flamegraph.pl and speedscope read: https://www.brendangregg.com/flamegraphs.html */
import { escapeText } from "../text/escape.ts";
import type { FlameFrame, FlameTree } from "./flame_tree.ts";

/** The names of frames in a line, and a value. Nothing in a name ends it: traced processes choose names. */
export function foldedLine(path: readonly FlameFrame[], value: number): string {
  const names = path.map(({ name }) => escapeText(name).replaceAll(";", ":"));
  return `${names.join(";")} ${value}\n`;
}

/**
 * All stacks, a line each.
 * @param shown how a value is shown
 */
export function* folded(tree: FlameTree, shown: (value: number) => number): Generator<string> {
  for (const { path, value } of tree.stacks()) {
    yield foldedLine(path, shown(value));
  }
}
