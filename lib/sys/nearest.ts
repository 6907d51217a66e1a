/** Which of the known names somebody meant: for "did you mean". */

/** This many names are compared letter by letter: a hostile file has any number of them. */
const MOST_COMPARED = 50_000;

/**
 * The one of `names` that `given` is a slip of the keyboard away from, or the beginning of.
 * @returns undefined if none is near
 */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const wanted = given.toLowerCase();
  const most = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | undefined;
  let least = most + 1;
  let compared = 0;
  for (const name of names) {
    const begins = wanted !== "" && name.startsWith(wanted);
    // This many letters differ at least: of the 100,000 functions of a kernel few are worth comparing.
    const far = Math.abs(wanted.length - name.length) >= least || compared >= MOST_COMPARED;
    if (!far) compared++;
    const slips = name === wanted ? 0 : begins ? 1 : far ? Infinity : distance(wanted, name);
    if (slips < least) [best, least] = [name, slips];
  }
  return best;
}

/**
 * What `name` stands for. Types say which names there are; plain JavaScript may still give another.
 * @param kind what it is, for the error: `mode of xdp`
 * @throws {RangeError} with those that there are
 */
export function oneOf<K extends string, V>(
  known: Readonly<Record<K, V>>,
  name: K,
  kind: string,
): V {
  if (Object.hasOwn(known, name)) return known[name];
  throw new RangeError(`There is no ${kind} ${name}; there are: ${Object.keys(known).join(", ")}`);
}

/** How many letters were added, left out, replaced, or swapped with their neighbour. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}
