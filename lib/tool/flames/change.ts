/** What was measured at a frame, in a graph and in the one before. */
export interface Measured {
  readonly total: number;
  readonly before?: number;
}

/** How much a frame's share of all has grown, from -1 to 1: the two graphs may have lasted differently. */
export function changeOf(frame: Measured, all: Measured): number {
  return share(frame.total, all.total) - share(frame.before ?? 0, all.before ?? 0);
}

/** The part that something is of all. */
export function share(part: number, all: number): number {
  return all > 0 ? part / all : 0;
}
