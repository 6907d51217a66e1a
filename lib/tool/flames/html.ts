/**
 * A flame graph as a page that zooms and searches: one file that a browser shows from any place, and that
 * fetches nothing.
 */
import { SCRIPT, SCRIPT_SHA256, STYLE, STYLE_SHA256 } from "#flame-page";
import { escapeText } from "../text/escape.ts";
import {
  type FlameNode,
  type FlameTree,
  type FlameUnit,
  type FrameKind,
  inOrder,
} from "./flame_tree.ts";
import { markup } from "./markup.ts";

/** A frame as the page has it: its letters are those that d3-flame-graph knows. */
export interface PageNode {
  /** Its name, safe to show. */
  readonly n: string;
  readonly k: FrameKind;
  /** What was measured, with all frames above it. */
  readonly v: number;
  /** In a graph that is compared with an earlier one: what that has. */
  readonly b?: number;
  readonly c?: readonly PageNode[];
}

/** What a page shows. */
export interface PageGraph {
  readonly unit: FlameUnit;
  /** The largest change of a frame's share; 0 if nothing is compared. */
  readonly largest: number;
  readonly root: PageNode;
}

/**
 * What the browser may do with the page: run this script and take this style, known by their hashes, and
 * nothing else. Names of frames are data beside them; whatever they hold, nothing of it is run or fetched.
 * https://www.w3.org/TR/CSP3/
 */
const POLICY = [
  "default-src 'none'",
  `script-src 'sha256-${SCRIPT_SHA256}'`,
  `style-src 'sha256-${STYLE_SHA256}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The page, in pieces. */
export function* html(tree: FlameTree, title: string, unit: FlameUnit): Generator<string> {
  const graph: PageGraph = { unit, largest: tree.largestChange, root: pageNode(tree.root) };
  yield `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${markup(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${markup(title)}</h1>
<span id="found"></span>
<input id="search" type="search" placeholder="Search ( / )" aria-label="Search">
<button id="reset">Reset zoom</button>
</header>
<div id="chart"></div>
<div id="details"></div>
<script type="application/json" id="graph">`;
  // A script element ends at </script, and at nothing that has no <.
  yield JSON.stringify(graph).replaceAll("<", "\\u003c");
  yield `</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function pageNode(node: FlameNode): PageNode {
  const callees = inOrder(node).map(pageNode);
  const name = escapeText(node.name);
  return {
    n: name,
    k: node.kind,
    v: node.total,
    b: node.before,
    ...callees.length > 0 && { c: callees },
  };
}
