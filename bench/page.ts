import type { Figure, Outcome, Reach } from "./row.ts";
import { spread } from "./spread.ts";

/** docs/performance.md. */
export function pageOf(outcomes: readonly Outcome[], machine: string): string {
  return `# Performance

Written by \`make bench\`: do not edit. ${machine}.

Every number is the median of rounds in which all contestants take turns, with its quartiles in
brackets. Headlines are ratios of one round: absolute times mean little on another machine.

${overview(outcomes)}
${outcomes.map(section).join("\n")}`;
}

/** All headlines that something is to be reached by. */
function overview(outcomes: readonly Outcome[]): string {
  const lines = outcomes.flatMap(({ title, figures }) =>
    figures
      .filter((figure) => figure.reach !== undefined && figure.headline !== undefined)
      .map((figure) => [
        `${title}: ${figure.name}`,
        figure.headline!.what,
        withQuartiles(figure.headline!.values),
        `${reachText(figure.reach!)}: ${isReached(figure) ? "reached" : "**missed**"}`,
      ])
  );
  return table(["", "headline", "measured", "wanted"], lines);
}

function section({ name, title, how, plot, remarks, date, figures }: Outcome): string {
  const contestants = [...new Set(figures.flatMap(({ rounds }) => Object.keys(rounds)))];
  const notes = figures.some(({ note }) => note !== undefined);
  const headlines = figures.some(({ headline }) => headline !== undefined);
  const header = [
    "",
    ...contestants,
    ...(headlines ? ["headline", "measured"] : []),
    ...(notes ? [""] : []),
  ];
  const lines = figures.map((figure) => [
    figure.name,
    ...contestants.map((contestant) => {
      const values = figure.rounds[contestant];
      return values === undefined ? "" : `${withQuartiles(values)} ${figure.unit}`;
    }),
    ...(headlines
      ? [
        figure.headline?.what ?? "",
        figure.headline === undefined ? "" : withQuartiles(figure.headline.values),
      ]
      : []),
    ...(notes ? [figure.note ?? ""] : []),
  ]);
  const count = Math.max(
    ...figures.flatMap(({ rounds }) => Object.values(rounds).map((values) => values.length)),
  );
  return `## ${title}

${how} ${count} ${count === 1 ? "round" : "rounds"}, ${date.slice(0, 10)}.

${table(header, lines)}${plot === undefined ? "" : `\n![${title}](performance/${name}.svg)\n`}${
    remarks === undefined ? "" : `\n${remarks}\n`
  }`;
}

export function isReached({ headline, reach }: Figure): boolean {
  const { median } = spread(headline!.values);
  return "most" in reach! ? median <= reach.most : median >= reach!.least;
}

function reachText(reach: Reach): string {
  const [word, limit] = "most" in reach ? ["most", reach.most] : ["least", reach.least];
  return `at ${word} ${Number(limit.toPrecision(3))}`;
}

/** `1.23 (1.20 to 1.31)`; one number alone has no quartiles. */
function withQuartiles(values: readonly number[]): string {
  if (values.length === 0) return "";
  const { median, low, high } = spread(values);
  if (values.length === 1) return short(median);
  return `${short(median)} (${short(low)} to ${short(high)})`;
}

/** Three digits that count. */
function short(value: number): string {
  if (value === 0 || Math.abs(value) >= 1000) return String(Math.round(value));
  return value.toPrecision(3).replace(/\.0+$/, "");
}

function table(header: readonly string[], lines: readonly (readonly string[])[]): string {
  if (lines.length === 0) return "";
  const all = [header, ...lines];
  const widths = header.map((_, at) => Math.max(3, ...all.map((line) => line[at].length)));
  const text = (line: readonly string[]) =>
    `| ${line.map((cell, at) => cell.padEnd(widths[at])).join(" | ")} |\n`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |\n`;
  return text(header) + rule + lines.map(text).join("");
}
