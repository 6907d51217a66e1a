import type { FlameFrame, FrameKind } from "./flame_tree.ts";

/** The hue of each kind of frame, in degrees: kernels are orange and processes red, as elsewhere. */
const HUES: Readonly<Record<FrameKind, number>> = { task: 210, user: 5, kernel: 32, waker: 110 };

/** The colour of a frame in CSS. It depends on kind and name alone, so that two graphs can be compared. */
export function colourOf({ name, kind }: FlameFrame): string {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0;
  return `hsl(${HUES[kind] + hash % 17},${60 + hash % 29}%,${62 + hash % 13}%)`;
}
