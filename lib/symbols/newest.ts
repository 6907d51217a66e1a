import { lastNotAbove } from "./intervals.ts";

/**
 * Which of some intervals no later one overlaps: of code that was made, what has not been overwritten since.
 * Where one ends is not part of it; one without an extent is left out.
 * @param starts of the intervals, in the order in which they came
 * @returns their indices, by their starts
 */
export function newest(
  starts: Float64Array<ArrayBuffer>,
  ends: Float64Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  const points = distinct(starts, ends);
  // Between two points lies a cell. The newest intervals cover theirs first; `free` leads from a covered
  // cell towards the next that is not, so that each is covered once however many intervals there are.
  const free = Uint32Array.from({ length: points.length + 1 }, (_, cell) => cell);
  const nextFree = (cell: number) => {
    while (free[cell] !== cell) cell = free[cell] = free[free[cell]];
    return cell;
  };
  /** The interval that begins with a cell and has been kept, counted from 1. */
  const kept = new Uint32Array(points.length);
  let count = 0;
  for (let at = starts.length - 1; at >= 0; at--) {
    if (!(starts[at] < ends[at])) continue;
    const first = lastNotAbove(points, starts[at]);
    const end = lastNotAbove(points, ends[at]);
    let covered = 0;
    for (let cell = nextFree(first); cell < end; cell = nextFree(cell)) {
      free[cell] = cell + 1;
      covered++;
    }
    if (covered < end - first) continue; // some of it was covered already
    kept[first] = at + 1;
    count++;
  }
  const found = new Uint32Array(count);
  let at = 0;
  for (const one of kept) if (one > 0) found[at++] = one - 1;
  return found;
}

/** Where something begins or ends, rising. */
function distinct(
  starts: Float64Array<ArrayBuffer>,
  ends: Float64Array<ArrayBuffer>,
): Float64Array<ArrayBuffer> {
  const all = new Float64Array(starts.length + ends.length);
  all.set(starts);
  all.set(ends, starts.length);
  all.sort();
  let count = 0;
  for (const point of all) {
    if (count === 0 || point !== all[count - 1]) all[count++] = point;
  }
  return all.subarray(0, count);
}
