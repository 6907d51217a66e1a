/** A flame graph as a picture that any browser shows: without scripts, for tickets and mail. */
import { escapeText } from "../text/escape.ts";
import { type FlameNode, type FlameTree, type FlameUnit, inOrder } from "./flame_tree.ts";
import { FrameLook } from "./frame_look.ts";
import { entities, markup } from "./markup.ts";
import { measuredText } from "./measured_text.ts";

/** Sizes in pixels. */
const WIDTH = 1200;
const ROW = 16;
const TOP = 32;
const BOTTOM = 24;
const FONT = 11;
/** Of a character of a monospaced font of that size. */
const CHARACTER = 6.7;
/** A frame that is narrower cannot be seen, and graphs of busy hosts have many thousands of them. */
const NARROWEST = 0.1;

/** As much of a text as a frame has room for. */
function fitting(text: string, width: number): string {
  const room = Math.floor((width - 4) / CHARACTER);
  if (room < 3) return "";
  const characters = [...text];
  return characters.length <= room ? text : `${characters.slice(0, room - 1).join("")}…`;
}

/**
 * The picture, in pieces: callees stand on their callers, as wide as what was measured of them.
 * @param title the line above
 */
export function* svg(tree: FlameTree, title: string, unit: FlameUnit): Generator<string> {
  const { root } = tree;
  const height = TOP + (1 + tree.depth) * ROW + BOTTOM;
  const perUnit = root.total > 0 ? WIDTH / root.total : 0;
  const look = new FrameLook(root, unit, tree.largestChange);
  let narrow = 0;

  function* drawn(node: FlameNode, left: number, depth: number): Generator<string> {
    const width = node === root ? WIDTH : node.total * perUnit;
    if (width < NARROWEST) return void narrow++;
    const top = height - BOTTOM - (depth + 1) * ROW;
    const label = fitting(escapeText(node.name), width);
    yield `<g><title>${markup(node.name)}: ${
      markup(look.measured(node.total, node.before))
    }</title>` +
      `<rect x="${left.toFixed(2)}" y="${top}" width="${width.toFixed(2)}" height="${ROW - 1}" ` +
      `rx="2" fill="${look.colour(node)}"/>`;
    if (label) {
      yield `<text x="${(left + 3).toFixed(2)}" y="${top + ROW - 5}">${entities(label)}</text>`;
    }
    yield "</g>\n";
    for (const callee of inOrder(node)) {
      yield* drawn(callee, left, depth + 1);
      left += callee.total * perUnit;
    }
  }

  yield `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
    `height="${height}" font-family="monospace" font-size="${FONT}">\n` +
    `<rect width="100%" height="100%" fill="#f8f8f8"/>\n` +
    `<text x="${WIDTH / 2}" y="20" text-anchor="middle" font-size="15">${markup(title)}</text>\n`;
  yield* drawn(root, 0, 0);
  const left_out = narrow === 0 ? "" : `; frames too narrow to see: ${narrow}, and those on them`;
  yield `<text x="3" y="${height - 8}">${
    markup(measuredText(root.total, unit))
  } in all${left_out}</text>\n</svg>\n`;
}
