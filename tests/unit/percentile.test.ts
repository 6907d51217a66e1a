import { assertEquals } from "@std/assert";
import { percentile } from "#lib/tool/text/percentile.ts";

Deno.test("percentile() finds the row, and takes its values to lie evenly", () => {
  const histogram = [10, 0, 30, 60]; // 0 to 1, 2 to 3, 4 to 7, 8 to 15
  assertEquals(percentile(histogram, 0.05), 1);
  assertEquals(percentile(histogram, 0.1), 2);
  assertEquals(percentile(histogram, 0.25), 6);
  assertEquals(percentile(histogram, 0.4), 8);
  assertEquals(percentile(histogram, 0.7), 12);
  assertEquals(percentile(histogram, 1), 16);
});

Deno.test("percentile() has no answer where nothing was counted, and skips empty rows", () => {
  assertEquals(percentile([], 0.5), undefined);
  assertEquals(percentile([0, 0], 0.5), undefined);
  assertEquals(percentile([0, 4], 0), 2);
});
