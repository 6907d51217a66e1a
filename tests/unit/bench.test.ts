import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { isReached, pageOf } from "../../bench/page.ts";
import { plotOf } from "../../bench/plot.ts";
import { added, ratios, rounds } from "../../bench/rounds.ts";
import type { Figure, Outcome } from "../../bench/row.ts";
import { spread } from "../../bench/spread.ts";

Deno.test("spread() gives the median and the quartiles", () => {
  assertEquals(spread([5, 1, 4, 2, 3]), { median: 3, low: 2, high: 4, min: 1, max: 5 });
  assertEquals(spread([1, 2, 3, 4]).median, 2.5);
  assertThrows(() => spread([]), RangeError);
});

Deno.test("rounds() lets contestants take turns, and leaves out the warm rounds", async () => {
  const order: string[] = [];
  const contestant = (name: string) => () => order.push(name);
  const measured = await rounds({ a: contestant("a"), b: contestant("b") }, 3, { warm: 1 });
  assertEquals(order.join(""), "baabbaab");
  assertEquals(measured, { a: [3, 6, 7], b: [4, 5, 8] });
});

Deno.test("rounds() leaves the machine alone before each measurement", async () => {
  let ended = performance.now();
  const pauses: number[] = [];
  const measure = () => {
    pauses.push(performance.now() - ended);
    ended = performance.now();
    return 1;
  };
  await rounds({ a: measure, b: measure }, 2, { pauseMs: 20 });
  assertEquals(pauses.length, 6);
  assert(Math.min(...pauses) > 19, String(pauses));
});

Deno.test("rounds() rejects what is no number", async () => {
  await assertRejects(() => rounds({ a: () => NaN }, 1), RangeError, "a: NaN");
});

Deno.test("ratios() and added() compare within a round", () => {
  assertEquals(ratios([1, 6], [2, 3]), [0.5, 2]);
  assertEquals(added([150, 30], [200, 20], [100, 10]), [0.5, 2]);
});

const figure: Figure = {
  name: "64 bytes",
  unit: "ns",
  rounds: { ours: [10, 12, 11], C: [10, 10, 10] },
  headline: { what: "ours / C", values: [1, 1.2, 1.1] },
  reach: { most: 1.3 },
  x: 64,
};

Deno.test("isReached() compares the median with what is wanted", () => {
  assert(isReached(figure));
  assert(!isReached({ ...figure, reach: { most: 1.05 } }));
  assert(isReached({ ...figure, reach: { least: 1.1 } }));
});

const outcome: Outcome = {
  name: "ring",
  title: "Ring buffer",
  how: "Read.",
  plot: { x: "bytes", y: "ns" },
  quick: false,
  date: "2026-01-02T03:04:05Z",
  figures: [figure, { ...figure, x: 300, name: "300 bytes", reach: { most: 1 } }],
};

Deno.test("pageOf() reports medians, quartiles and whether a reach is met", () => {
  const page = pageOf([outcome], "a machine");
  assert(page.includes("| 11 (10.5 to 11.5) ns"), page);
  assert(page.includes("at most 1.3: reached"), page);
  assert(page.includes("at most 1: **missed**"), page);
  assert(page.includes("3 rounds, 2026-01-02."), page);
});

Deno.test("plotOf() draws a line for each contestant", () => {
  const svg = plotOf(outcome)!;
  assertEquals(svg.match(/fill="none"/g)?.length, 2);
  assert(svg.includes(">ours</text>") && svg.includes(">C</text>"));
  assertEquals(plotOf({ ...outcome, plot: undefined }), undefined);
});
