/** What a tool reports of its losses. */
import { assertEquals } from "@std/assert";
import { LossReport } from "#lib/tool/trace/losses.ts";
import type { Losses } from "#lib/tool/mod.ts";

/** Collects what is written to stderr while `act` runs. */
function reportedBy(act: (report: LossReport, lose: (losses: Losses) => void) => void): string[] {
  const lines: string[] = [];
  const original = console.error;
  console.error = (line: string) => lines.push(line);
  try {
    const trace = { losses: {} as Losses };
    act(new LossReport("ticks", trace), (losses) => trace.losses = losses);
  } finally {
    console.error = original;
  }
  return lines;
}

Deno.test("a tool that lost nothing reports nothing", () => {
  assertEquals(
    reportedBy((report) => {
      report.report();
      report.end();
    }),
    [],
  );
});

Deno.test("losses are reported once a second at most, and all of them at the end", async () => {
  assertEquals(
    reportedBy((report, lose) => {
      lose({ ring: 1n, map: 0n });
      report.report();
      lose({ ring: 20n });
      report.report();
      report.end();
    }),
    [
      "ticks: lost 1 event (ring buffer full)",
      "ticks: lost 20 events in all (ring buffer full)",
    ],
  );
  const lines: string[] = [];
  let report: LossReport;
  lines.push(...reportedBy((first, lose) => {
    report = first;
    lose({ ring: 7n });
    report.report();
    lose({ ring: 9n, map: 3n });
  }));
  await new Promise((resolve) => setTimeout(resolve, 1001));
  lines.push(...reportedBy(() => {
    report.report();
    report.report();
    report.end();
  }));
  assertEquals(lines, [
    "ticks: lost 7 events (ring buffer full)",
    "ticks: lost 5 events (2 ring buffer full, 3 map full)",
    "ticks: lost 12 events in all (9 ring buffer full, 3 map full)",
  ]);
});

Deno.test("losses are reported by their cause, and none of a cause that has none", () => {
  const all = reportedBy((report, lose) => {
    lose({ missed: 1n });
    report.report();
    lose({ ring: 2n ** 64n, map: 0n, missed: 1n });
    report.end();
  });
  assertEquals(all, [
    "ticks: lost 1 event (not shown to a busy program)",
    "ticks: lost 18446744073709551617 events in all " +
    "(18446744073709551616 ring buffer full, 1 not shown to a busy program)",
  ]);
});
