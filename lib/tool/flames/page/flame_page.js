/**
 * What runs in the browser that shows a flame graph: it draws the graph that html.ts has put into the page,
 * zooms into the frame that is clicked, and marks the frames that are searched for.
 *
 * JavaScript, because the types of browsers and those of Deno contradict each other in one check.
 */
import flamegraph from "d3-flame-graph";
import { select } from "d3-selection";
import "./flame_page.css";
import { colourOf } from "../colour.ts";
import { measuredText } from "../measured_text.ts";

const FOUND = "#e600e6";
/** Pixels: a narrower frame cannot be seen, and would make a graph of many thousands slow. */
const NARROWEST = 0.5;

const element = (id) => document.getElementById(id);

/** A `PageGraph` of html.ts. */
const { unit, root } = JSON.parse(element("graph").textContent);
const chart = element("chart");
const details = element("details");
const search = element("search");
const found = element("found");

const percent = (value) => `${(100 * value / (root.v || 1)).toFixed(2)} %`;
const measured = (value) => `${measuredText(value, unit)}, ${percent(value)}`;

/** Letters stand for themselves: C++ has names that no regular expression takes. */
function matches({ data }, text) {
  return text !== "" && data.n.toLowerCase().includes(text.toLowerCase());
}

const graph = flamegraph()
  .width(chart.clientWidth)
  .cellHeight(18)
  .minFrameSize(NARROWEST)
  .transitionDuration(200)
  .getName(({ data }) => data.n)
  .label(({ data }) => `${data.n}: ${measured(data.v)}`)
  .setColorMapper(({ data, highlight }) =>
    highlight ? FOUND : colourOf({ name: data.n, kind: data.k })
  )
  .setDetailsHandler((text) => details.textContent = text)
  .setSearchMatch(matches)
  .setSearchHandler((_, value) => {
    found.textContent = search.value === "" ? "" : `${measured(value)} found`;
  });

select(chart).datum(root).call(graph);

search.addEventListener("input", () => graph.search(search.value));
element("reset").addEventListener("click", () => graph.resetZoom());
addEventListener("resize", () => graph.width(chart.clientWidth).update());
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape") {
    search.value = "";
    graph.search("");
    graph.resetZoom();
  }
});
