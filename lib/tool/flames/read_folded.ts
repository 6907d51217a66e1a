import { type FlameFrame, FlameTree } from "./flame_tree.ts";

/** A line that is no folded stack. */
export class FoldedError extends Error {
  override readonly name = "FoldedError";

  /**
   * @param line its number, from 1 on
   * @param text what it holds
   */
  constructor(readonly line: number, readonly text: string) {
    super(`line ${line} is no folded stack`);
  }
}

/** A stack and its value, which may have a fraction, as perf's tools write it. */
const LINE = /^(.*) (\d+(?:\.\d+)?)$/;

/**
 * Reads folded stacks, a line each: those of `-o folded`, and of stackcollapse-*.pl. The kernel's frames end in
 * `_[k]`; the first frame of a line is the task.
 * @throws {FoldedError} for a line of another form; empty ones are left out
 */
export function readFolded(text: string): FlameTree {
  const tree = new FlameTree();
  text.split("\n").forEach((line, at) => {
    if (line === "") return;
    const [, stack, value] = LINE.exec(line) ?? [];
    if (stack === undefined) throw new FoldedError(at + 1, line);
    tree.add(stack.split(";").map(frameOf), Number(value));
  });
  return tree;
}

function frameOf(name: string, depth: number): FlameFrame {
  return { name, kind: depth === 0 ? "task" : name.endsWith("_[k]") ? "kernel" : "user" };
}
