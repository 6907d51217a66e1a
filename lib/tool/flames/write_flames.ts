import type { FlameFormat } from "../options/frame_options.ts";
import type { FlameTree, FlameUnit } from "./flame_tree.ts";
import { folded } from "./folded.ts";
import { speedscope } from "./speedscope.ts";
import { svg } from "./svg.ts";

/** What formats say besides the stacks. */
export interface FlameLook {
  /** The tool. */
  readonly name: string;
  /** What is measured. */
  readonly unit: FlameUnit;
  /** A value as lines of folded stacks have it. */
  shown(value: number): number;
}

/** What writes a flame graph, as text in pieces or as bytes. */
export type FlameWriter = (
  tree: FlameTree,
  format: FlameFormat,
  look: FlameLook,
) => Promise<Iterable<string> | Uint8Array>;

/**
 * Writes a flame graph. A tool that has stacks names this among its `flames`: the others need not load it.
 * @returns text in pieces, or bytes
 */
export async function writeFlames(
  tree: FlameTree,
  format: FlameFormat,
  { name, unit, shown }: FlameLook,
): Promise<Iterable<string> | Uint8Array> {
  switch (format) {
    case "folded":
      return folded(tree, shown);
    case "svg":
      return svg(tree, name, unit);
    case "html": {
      const { html } = await import("./html.ts");
      return html(tree, name, unit);
    }
    case "speedscope":
      return [speedscope(tree, name, unit)];
    case "pprof": {
      const { pprof } = await import("./pprof.ts");
      return await pprof(tree, unit);
    }
  }
}
