/**
 * What runs in the browser that shows a flame graph: it draws the graph that html.ts has put into the page,
 * zooms into the frame that is clicked, and marks the frames that are searched for.
 *
 * JavaScript, because the types of browsers and those of Deno contradict each other in one check.
 */
import flamegraph from "d3-flame-graph";
import { select } from "d3-selection";
import "./flame_page.css";
import { FrameLook } from "../frame_look.ts";

const FOUND = "#e600e6";
/** Pixels: a narrower frame cannot be seen, and would make a graph of many thousands slow. */
const NARROWEST = 0.5;

const element = (id) => document.getElementById(id);

/** A `PageGraph` of html.ts. */
const { unit, largest, root } = JSON.parse(element("graph").textContent);
const chart = element("chart");
const details = element("details");
const search = element("search");
const found = element("found");

const frameOf = ({ n: name, k: kind, v: total, b: before }) => ({ name, kind, total, before });
const look = new FrameLook(frameOf(root), unit, largest);

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
  .label(({ data }) => `${data.n}: ${look.measured(data.v, data.b)}`)
  .setColorMapper(({ data, highlight }) => highlight ? FOUND : look.colour(frameOf(data)))
  .setDetailsHandler((text) => details.textContent = text)
  .setSearchMatch(matches)
  .setSearchHandler((_, value) => {
    found.textContent = search.value === "" ? "" : `${look.measured(value)} found`;
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
