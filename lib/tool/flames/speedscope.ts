/** The file format of https://www.speedscope.app, by its schema in the package `speedscope`. */
import { escapeText } from "../text/escape.ts";
import { VERSION } from "../version.ts";
import type { FlameTree, FlameUnit } from "./flame_tree.ts";

/** Units that the format has; whatever else is counted has none. */
const UNITS: readonly FlameUnit[] = ["nanoseconds", "bytes"];

/** All stacks as one `sampled` profile. */
export function speedscope(tree: FlameTree, name: string, unit: FlameUnit): string {
  const frames: { name: string }[] = [];
  const known = new Map<string, number>();
  const indexOf = (name: string) => {
    const index = known.get(name);
    if (index !== undefined) return index;
    known.set(name, frames.length);
    return frames.push({ name: escapeText(name) }) - 1;
  };
  const stacks = [...tree.stacks()];
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: `denobpf ${VERSION}`,
    name,
    shared: { frames },
    profiles: [{
      type: "sampled",
      name,
      unit: UNITS.includes(unit) ? unit : "none",
      startValue: 0,
      endValue: tree.root.total,
      samples: stacks.map(({ path }) => path.map(({ name }) => indexOf(name))),
      weights: stacks.map(({ value }) => value),
    }],
  }) + "\n";
}
