import { assertEquals } from "@std/assert";
import { drawHistogram } from "#lib/tool/text/histogram.ts";

Deno.test("drawHistogram() draws as print_log2_hist() of libbpf-tools", () => {
  assertEquals(
    drawHistogram([0, 0, 1, 40, 20], { unit: "usecs" }),
    `     usecs               : count    distribution
         4 -> 7          : 1        |*                                       |
         8 -> 15         : 40       |****************************************|
        16 -> 31         : 20       |********************                    |
`,
  );
});

Deno.test("drawHistogram() begins at 0, and gives long numbers more room", () => {
  assertEquals(
    drawHistogram([3], { unit: "nsecs" }).split("\n")[1].slice(0, 35),
    "         0 -> 1          : 3       ",
  );
  const histogram = Array(40).fill(0).with(39, 7);
  assertEquals(
    drawHistogram(histogram, { unit: "nsecs" }).split("\n")[1],
    "        549755813888 -> 1099511627775        : 7        |********************|",
  );
});

Deno.test("drawHistogram() draws values below 0 above the others", () => {
  assertEquals(
    drawHistogram([1, 0, 4], { unit: "ret", negative: [0, 2, 0] }),
    `     ret                 : count    distribution
        -3 -> -2         : 2        |********************                    |
        -1 -> -1         : 0        |                                        |
         0 -> 1          : 1        |**********                              |
         2 -> 3          : 0        |                                        |
         4 -> 7          : 4        |****************************************|
`,
  );
  const least = drawHistogram([], { unit: "ret", negative: Array(64).fill(0).with(63, 1) });
  assertEquals(least.split("\n")[1].slice(0, 45), "-18446744073709551615 -> -9223372036854775808");
  assertEquals(least.split("\n").length, 64 + 2);
});

Deno.test("drawHistogram() draws nothing of nothing", () => {
  assertEquals(drawHistogram([], { unit: "nsecs" }) + drawHistogram([0, 0], { unit: "nsecs" }), "");
});

Deno.test("drawHistogram() leaves out what is empty at both ends, and nothing between", () => {
  const rows = drawHistogram([0, 0, 7, 0, 0, 1, 0, 0], { unit: "usecs" }).trimEnd().split("\n");
  assertEquals(rows.slice(1).map((row) => row.slice(0, 33).trimEnd()), [
    "         4 -> 7          : 7",
    "         8 -> 15         : 0",
    "        16 -> 31         : 0",
    "        32 -> 63         : 1",
  ]);
});

Deno.test("drawHistogram() has its last row of powers exact up to 64 bits' worth", () => {
  const rows = drawHistogram(Array(53).fill(0).with(52, 1), { unit: "nsecs" }).split("\n");
  assertEquals(rows[1].slice(0, 44), "    4503599627370496 -> 9007199254740991    ");
  const wide = drawHistogram(Array(64).fill(0).with(63, 1), { unit: "nsecs" }).split("\n");
  assertEquals(wide[1].slice(0, 44), " 9223372036854775808 -> 18446744073709551615");
});

Deno.test("drawHistogram() draws ranges of one width as print_linear_hist() of libbpf-tools", () => {
  assertEquals(
    drawHistogram([0, 2, 0, 4, 0], { unit: "msecs", linear: { base: 10, step: 5 } }),
    `     msecs         : count     distribution
        15         : 2        |********************                    |
        20         : 0        |                                        |
        25         : 4        |****************************************|
`,
  );
});

Deno.test("drawHistogram() has rows below one", () => {
  const rows = drawHistogram([2, 3, 0, 7], { unit: "Kbytes", fractions: 1 }).split("\n");
  assertEquals(rows.slice(1, -1).map((row) => row.slice(0, 31).trimEnd()), [
    "         0 -> 0          : 2",
    "         1 -> 1          : 3",
    "         2 -> 3          : 0",
    "         4 -> 7          : 7",
  ]);
});
