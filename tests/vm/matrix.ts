/** Judges what the guests report, and shows it: test file, or test, by kernel. */

import { excuse, lackingFeatures } from "../kernel/features.ts";
import { type Counts, summarize, type TestCase } from "../report.ts";

/** How one test went in one column of the matrix: on a kernel, or with another libbpf or clang there. */
export interface Result {
  column: string;
  file: string;
  name: string;
  state: "passed" | "failed" | "unsupported";
  /** Of what failed the error, of what is unsupported the features and the Linux that brought them. */
  reason?: string;
  /** What failed in its file when that ran first, and not when it ran again. */
  unsteady?: string;
}

/**
 * A case as the matrix counts it. A skipped test is unsupported only where the kernel's age excuses all it
 * lacks; every other skip is a failure, for the kernels here are complete.
 */
export function judge(
  kernel: string,
  file: string,
  { name, state, error, unsteady }: TestCase,
): Result {
  if (state === "passed") return { column: kernel, file, name, state, unsteady };
  if (state === "failed") return { column: kernel, file, name, state, reason: error };
  const [, plain, reason] = /^(.*) \(skipped: (.*)\)$/s.exec(name) ?? [, name, "without a reason"];
  const excuses = lackingFeatures(reason).map((feature) => excuse(feature, kernel));
  const excused = excuses.length > 0 && !excuses.includes(undefined);
  return {
    column: kernel,
    file,
    name: plain,
    state: excused ? "unsupported" : "failed",
    reason: excused ? excuses.join(", ") : `skipped: ${reason}`,
  };
}

const CELL = 10;

/**
 * The matrix as text: a row for each file, or for each test, then what failed and what is unsupported.
 *
 * @param by what the rows are
 */
export function drawMatrix(
  results: readonly Result[],
  columns: readonly string[],
  by: "file" | "name",
): string {
  const sorted = results.toSorted((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : 0);
  const rows = Map.groupBy(sorted, (result) => result[by]);
  const width = Math.max(...[...rows.keys()].map((label) => label.length));
  const line = (label: string, cells: string[]) =>
    [label.padEnd(width), ...cells.map((cell) => cell.padStart(CELL))].join(" ");
  const lines = [line("", [...columns])];
  for (const [label, row] of rows) {
    lines.push(
      line(label, columns.map((column) => cell(row.filter((result) => result.column === column)))),
    );
  }
  const list = (title: string, those: readonly Result[], tell: (result: Result) => string) => {
    if (those.length > 0) lines.push("", `${title}:`, ...those.map(tell));
  };
  for (const state of ["failed", "unsupported"] as const) {
    list(
      state,
      results.filter((result) => result.state === state),
      ({ column, file, name, reason }) =>
        `${column.padEnd(5)} ${file}: ${name}\n      ${reason ?? ""}`,
    );
  }
  list(
    "failed once, and passed when their file ran again",
    results.filter(({ unsteady }) => unsteady !== undefined),
    ({ column, file, unsteady }) => `${column.padEnd(5)} ${file}\n      ${unsteady}`,
  );
  return lines.join("\n");
}

/** "23" that passed, with "2 n/a" that are unsupported; "2 FAILED" hides the others. */
function cell(results: readonly Result[]): string {
  const { passed, failed, skipped } = countResults(results);
  if (failed > 0) return `${failed} FAILED`;
  const parts = [passed && String(passed), skipped && `${skipped} n/a`].filter(Boolean);
  return parts.join(", ") || "-";
}

/** How many tests passed, failed and are unsupported, which count as skipped. */
export function countResults(results: readonly Result[]): Counts {
  const number = (state: Result["state"]) =>
    results.filter((result) => result.state === state).length;
  return {
    passed: number("passed"),
    failed: number("failed"),
    skipped: number("unsupported"),
  };
}

/** The same as text. */
export function summarizeResults(results: readonly Result[]): string {
  return summarize(countResults(results));
}
