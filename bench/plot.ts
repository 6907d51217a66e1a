import type { Outcome } from "./row.ts";
import { type Spread, spread } from "./spread.ts";

const WIDTH = 640;
const HEIGHT = 320;
const MARGIN = { left: 64, right: 120, top: 16, bottom: 44 };
const COLOURS = ["#0969da", "#cf222e", "#1a7f37", "#9a6700", "#8250df"];

interface Point extends Spread {
  readonly x: number;
}

/** An SVG picture of a row that has a plot: a line for each contestant, with its quartiles. */
export function plotOf({ plot, figures }: Outcome): string | undefined {
  if (plot === undefined) return undefined;
  const placed = figures.filter((figure) => figure.x !== undefined);
  const lines = new Map<string, Point[]>();
  for (const { x, rounds } of placed) {
    for (const [contestant, values] of Object.entries(rounds)) {
      const points = lines.get(contestant) ?? [];
      lines.set(contestant, [...points, { x: x!, ...spread(values) }]);
    }
  }
  const points = [...lines.values()].flat();
  if (points.length === 0) return undefined;
  const xs = points.map((point) => point.x);
  const across = scale(
    [Math.min(...xs), Math.max(...xs)],
    [MARGIN.left, WIDTH - MARGIN.right],
    plot.logarithmic ?? false,
  );
  const highest = Math.max(...points.map((point) => point.high)) || 1;
  const up = scale([0, highest * 1.05], [HEIGHT - MARGIN.bottom, MARGIN.top], false);
  const drawn = [...lines].map(([name, points], at) =>
    drawLine(name, points, COLOURS[at % COLOURS.length], across, up, at)
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>
${axes(plot, [...new Set(xs)], highest, across, up)}${drawn.join("")}</svg>
`;
}

type Scale = (value: number) => number;

function scale([from, to]: number[], [start, end]: number[], logarithmic: boolean): Scale {
  const place = logarithmic ? Math.log : (value: number) => value;
  const length = place(to) - place(from) || 1;
  return (value) => start + (place(value) - place(from)) / length * (end - start);
}

function axes(
  plot: NonNullable<Outcome["plot"]>,
  xs: readonly number[],
  highest: number,
  across: Scale,
  up: Scale,
): string {
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const marks = xs.map((x) => label(across(x), bottom + 16, "middle", x.toLocaleString("en")));
  const heights = [0, 0.25, 0.5, 0.75, 1].map((part) => part * highest);
  const rules = heights.map((y) =>
    `<path d="M${MARGIN.left} ${at(up(y))}H${right}" stroke="#d0d7de"/>\n` +
    label(MARGIN.left - 6, up(y) + 4, "end", String(Number(y.toPrecision(3))))
  );
  return rules.join("") + marks.join("") +
    label((MARGIN.left + right) / 2, HEIGHT - 8, "middle", plot.x) +
    `<text transform="translate(14 ${
      bottom / 2
    }) rotate(-90)" text-anchor="middle">${plot.y}</text>\n`;
}

function drawLine(
  name: string,
  points: readonly Point[],
  colour: string,
  across: Scale,
  up: Scale,
  at_line: number,
): string {
  const path = points.map(({ x, median }) => `${at(across(x))} ${at(up(median))}`).join("L");
  const bars = points.map(({ x, low, high }) =>
    `<path d="M${at(across(x))} ${at(up(low))}V${
      at(up(high))
    }" stroke="${colour}" stroke-width="4" ` +
    `opacity="0.4"/>\n`
  );
  const legend = MARGIN.top + 16 * (at_line + 1);
  return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>\n${bars.join("")}` +
    `<text x="${WIDTH - MARGIN.right + 12}" y="${legend}" fill="${colour}">${name}</text>\n`;
}

function label(x: number, y: number, anchor: string, text: string): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${text}</text>\n`;
}

function at(value: number): string {
  return value.toFixed(1);
}
