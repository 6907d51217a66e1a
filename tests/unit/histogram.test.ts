import { assertEquals } from "@std/assert";
import { drawHistogram } from "#lib/tool/histogram.ts";

Deno.test("drawHistogram() draws as print_log2_hist() of libbpf-tools", () => {
  assertEquals(
    drawHistogram([0, 0, 1, 40, 20], "usecs"),
    `     usecs               : count    distribution
         4 -> 7          : 1        |*                                       |
         8 -> 15         : 40       |****************************************|
        16 -> 31         : 20       |********************                    |
`,
  );
});

Deno.test("drawHistogram() begins at 0, and gives long numbers more room", () => {
  assertEquals(
    drawHistogram([3], "nsecs").split("\n")[1].slice(0, 35),
    "         0 -> 1          : 3       ",
  );
  const histogram = Array(40).fill(0).with(39, 7);
  assertEquals(
    drawHistogram(histogram, "nsecs").split("\n")[1],
    "        549755813888 -> 1099511627775        : 7        |********************|",
  );
});

Deno.test("drawHistogram() draws nothing of nothing", () => {
  assertEquals(drawHistogram([], "nsecs") + drawHistogram([0, 0], "nsecs"), "");
});
