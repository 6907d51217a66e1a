/**
 * Measures: `deno run -A bench/run.ts [ROW...]`, without a name all rows. Each row leaves its numbers in
 * build/bench/<row>.json, and at the end docs/performance.md is written from all that are there. With
 * BENCH=quick the numbers mean nothing and no page is written: it shows that everything works.
 */
import { machine } from "./machine.ts";
import { pageOf } from "./page.ts";
import { plotOf } from "./plot.ts";
import type { Effort, Outcome, Row } from "./row.ts";
import { rows } from "./rows.ts";
import { mountTracefs } from "#lib/sys/mounts.ts";

const root = new URL("../", import.meta.url).pathname;
const results = `${root}build/bench/`;
const docs = `${root}docs/`;

const quick = Deno.env.get("BENCH") === "quick";
const wanted = Deno.args.flatMap((arg) => arg.split(/[ ,]+/)).filter((name) => name !== "");
for (const name of wanted) {
  if (rows.some((row) => row.name === name)) continue;
  console.error(`There is no row "${name}": ${rows.map((row) => row.name).join(" ")}`);
  Deno.exit(64);
}

const print = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));

const effort: Effort = {
  quick,
  rounds: quick ? 1 : 11,
  pick: (full, short) => quick ? short : full,
  progress: () => print("."),
};

function fileOf({ name }: Row): string {
  return `${results}${name}${quick ? ".quick" : ""}.json`;
}

// The C tools cannot attach without it, and do not mount it.
mountTracefs();

let failed = 0;
for (const row of rows) {
  if (wanted.length > 0 && !wanted.includes(row.name)) continue;
  const began = performance.now();
  print(`${row.name.padEnd(12)} `);
  try {
    const figures = await row.measure(effort);
    const { measure: _, ...described } = row;
    const outcome: Outcome = { ...described, quick, date: new Date().toISOString(), figures };
    Deno.writeTextFileSync(fileOf(row), JSON.stringify(outcome, undefined, 1));
    print(` ${Math.round((performance.now() - began) / 1000)} s\n`);
  } catch (error) {
    failed++;
    print(` failed: ${error instanceof Error ? error.message : error}\n`);
  }
}

if (!quick) writePage();
Deno.exit(failed > 0 ? 1 : 0);

function writePage(): void {
  const outcomes = rows.map(readOutcome).filter((outcome) => outcome !== undefined);
  Deno.mkdirSync(`${docs}performance`, { recursive: true });
  for (const outcome of outcomes) {
    const plot = plotOf(outcome);
    if (plot !== undefined) Deno.writeTextFileSync(`${docs}performance/${outcome.name}.svg`, plot);
  }
  const page = `${docs}performance.md`;
  Deno.writeTextFileSync(page, pageOf(outcomes, machine()));
  new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page, `${docs}performance/`] })
    .outputSync();
  print("docs/performance.md\n");
}

function readOutcome(row: Row): Outcome | undefined {
  try {
    const { measure: _, ...described } = row;
    return { ...JSON.parse(Deno.readTextFileSync(fileOf(row))), ...described };
  } catch {
    return undefined;
  }
}
