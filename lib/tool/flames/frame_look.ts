import { changeOf, share } from "./change.ts";
import type { FlameUnit, FrameKind } from "./flame_tree.ts";
import { measuredText } from "./measured_text.ts";

/** What is shown of a frame. */
export interface ShownFrame {
  readonly name: string;
  readonly kind: FrameKind;
  readonly total: number;
  /** In a graph that is compared with an earlier one: what that has. */
  readonly before?: number;
}

/** The hue of each kind of frame, in degrees: kernels are orange and processes red, as elsewhere. */
const HUES: Readonly<Record<FrameKind, number>> = { task: 210, user: 5, kernel: 32, waker: 110 };

/** The hues of frames whose share has grown, and of those whose share has shrunk. */
const GROWN = 5;
const SHRUNK = 215;

/** Words and colours of the frames of a graph, the same in the picture and in the page. */
export class FrameLook {
  readonly #all: ShownFrame;
  readonly #unit: FlameUnit;
  readonly #largest: number;

  /**
   * @param all what all frames stand on
   * @param largest the largest change of a frame's share: see {@link changeOf}
   */
  constructor(all: ShownFrame, unit: FlameUnit, largest: number) {
    this.#all = all;
    this.#unit = unit;
    this.#largest = largest;
  }

  /** `7 samples, 30.43 %`, and in a graph that is compared `, before 20.10 %`. */
  measured(value: number, before?: number): string {
    const earlier = before === undefined || this.#all.before === undefined
      ? ""
      : `, before ${percent(before, this.#all.before)}`;
    return `${measuredText(value, this.#unit)}, ${percent(value, this.#all.total)}${earlier}`;
  }

  /**
   * The colour of a frame in CSS. It depends on kind and name alone, so that two graphs look alike; in one that is
   * compared it is red if the frame's share has grown, blue if it has shrunk, and stronger the more.
   */
  colour(frame: ShownFrame): string {
    if (frame.before === undefined) return colourOfName(frame);
    const change = changeOf(frame, this.#all);
    const strength = this.#largest > 0 ? Math.abs(change) / this.#largest : 0;
    const [saturation, lightness] = [90 * strength, 92 - 32 * strength].map(Math.round);
    return `hsl(${change > 0 ? GROWN : SHRUNK},${saturation}%,${lightness}%)`;
  }
}

function percent(part: number, all: number): string {
  return `${(100 * share(part, all)).toFixed(2)} %`;
}

function colourOfName({ name, kind }: ShownFrame): string {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0;
  return `hsl(${HUES[kind] + hash % 17},${60 + hash % 29}%,${62 + hash % 13}%)`;
}
