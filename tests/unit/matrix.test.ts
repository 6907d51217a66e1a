import { assertEquals } from "@std/assert";
import type { TestCase } from "../report.ts";
import { drawMatrix, judge, summarizeResults } from "../vm/matrix.ts";

const skipped = (reason: string): TestCase => ({
  name: `looks around (skipped: ${reason})`,
  state: "skipped",
});

/** The state and the reason of a skipped test on a kernel. */
function verdict(kernel: string, reason: string) {
  const { name, state, reason: why } = judge(kernel, "some.test.ts", skipped(reason));
  assertEquals(name, "looks around");
  return [state, why];
}

Deno.test("judge() takes a skip for unsupported below the feature's first kernel", () => {
  const expected = ["unsupported", "bpf_loop came with Linux 5.17"];
  assertEquals(verdict("5.10", "the kernel lacks bpf_loop"), expected);
  assertEquals(verdict("5.9", "the kernel lacks bpf_loop"), expected);
});

Deno.test("judge() takes a skip for a failure where the kernel has the feature", () => {
  for (const kernel of ["5.17", "6.1", "6.12"]) {
    const expected = ["failed", "skipped: the kernel lacks bpf_loop"];
    assertEquals(verdict(kernel, "the kernel lacks bpf_loop"), expected);
  }
  const both = "the kernel lacks bpf_loop, kprobe";
  assertEquals(verdict("5.10", both), ["failed", `skipped: ${both}`]);
});

Deno.test("judge() takes a skip for any other reason for a failure", () => {
  assertEquals(verdict("5.10", "not root"), ["failed", "skipped: not root"]);
  const ignored = judge("5.10", "some.test.ts", { name: "is ignored", state: "skipped" });
  assertEquals([ignored.state, ignored.reason], ["failed", "skipped: without a reason"]);
});

Deno.test("drawMatrix() shows files by kernel, then what failed and what is unsupported", () => {
  const results = [
    judge("6.1", "b.test.ts", { name: "one", state: "passed" }),
    judge("5.10", "a.test.ts", { name: "one", state: "passed" }),
    judge("5.10", "a.test.ts", skipped("the kernel lacks bpf_loop")),
    judge("6.1", "a.test.ts", { name: "one", state: "failed", error: "Error: no" }),
    judge("6.1", "a.test.ts", { name: "two", state: "passed" }),
  ];
  assertEquals(
    drawMatrix(results, ["5.10", "6.1"], "file"),
    `
                5.10        6.1
a.test.ts   1, 1 n/a   1 FAILED
b.test.ts          -          1

failed:
6.1   a.test.ts: one
      Error: no

unsupported:
5.10  a.test.ts: looks around
      bpf_loop came with Linux 5.17`.slice(1),
  );
  assertEquals(summarizeResults(results), "3 passed, 1 failed, 1 skipped");
});
