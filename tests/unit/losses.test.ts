/** What a tool says of its losses, as a process of its own with a trace that claims them. */
import { assertEquals } from "@std/assert";
import { LossReport, totalLost } from "#lib/tool/losses.ts";
import type { Losses } from "#lib/tool/mod.ts";

/** Collects what is written to stderr while `act` runs. */
function told(act: (report: LossReport, lose: (losses: Losses) => void) => void): string[] {
  const lines: string[] = [];
  const original = console.error;
  console.error = (line: string) => lines.push(line);
  try {
    const trace = {
      losses: {} as Losses,
      get lost() {
        return totalLost(this.losses);
      },
    };
    act(new LossReport("ticks", trace), (losses) => trace.losses = losses);
  } finally {
    console.error = original;
  }
  return lines;
}

Deno.test("a tool that lost nothing says nothing", () => {
  assertEquals(
    told((report) => {
      report.tell();
      report.end();
    }),
    [],
  );
});

Deno.test("losses are told once a second at most, and all of them at the end", async () => {
  assertEquals(
    told((report, lose) => {
      lose({ ring: 1n, map: 0n });
      report.tell();
      lose({ ring: 20n });
      report.tell();
      report.end();
    }),
    [
      "ticks: lost 1 event (ring buffer full)",
      "ticks: lost 20 events in all (ring buffer full)",
    ],
  );
  const lines: string[] = [];
  let report: LossReport;
  lines.push(...told((first, lose) => {
    report = first;
    lose({ ring: 7n });
    report.tell();
    lose({ ring: 9n, map: 3n });
  }));
  await new Promise((resolve) => setTimeout(resolve, 1001));
  lines.push(...told(() => {
    report.tell();
    report.tell();
    report.end();
  }));
  assertEquals(lines, [
    "ticks: lost 7 events (ring buffer full)",
    "ticks: lost 5 events (2 ring buffer full, 3 map full)",
    "ticks: lost 12 events in all (9 ring buffer full, 3 map full)",
  ]);
});
