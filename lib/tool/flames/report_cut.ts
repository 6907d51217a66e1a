import type { FlameTree, FlameUnit } from "./flame_tree.ts";
import { measuredText } from "./measured_text.ts";

/** Says on standard error what a graph had no room for, if anything. */
export function reportCut({ cut }: FlameTree, name: string, unit: FlameUnit): void {
  if (cut === 0) return;
  const text = measuredText(cut, unit);
  console.error(`${name}: there are too many frames: ${text} are shown by outer ones alone`);
}
