/**
 * Runs every tool and example with other versions of what they stand on: each libbpf, and the objects
 * of each clang. Ends with 1 when anything failed; the last line is `N passed, N failed`.
 */

import { count, endRun, findings, type TestCase } from "../report.ts";
import { emptyFolder, runTestFiles } from "../test_files.ts";
import { CLANG, LIBBPF, treeOf } from "./versions.ts";

const FILE_LIMIT_MS = 5 * 60_000;

/** What stands on libbpf most. */
const files = ["every_tool", "object", "maps", "map_kinds", "program_types", "attach_later"]
  .map((name) => `tests/kernel/${name}.test.ts`);

const reports = new URL("../../build/tests/versions/", import.meta.url).pathname;
const run = { reports, limitMs: FILE_LIMIT_MS };
emptyFolder(reports);
const all: TestCase[] = [];
const found: string[] = [];

function take(label: string, path: string, cases: readonly TestCase[]): void {
  all.push(...cases);
  found.push(...findings(`${label}: ${path}`, cases));
}

for (const { version, path } of LIBBPF) {
  console.log(`\nlibbpf ${version}`);
  Deno.env.set("DENOBPF_LIBBPF", path);
  for (const file of files) {
    take(`libbpf ${version}`, file, await runTestFiles([file], run));
  }
  Deno.env.delete("DENOBPF_LIBBPF");
}
for (const version of CLANG) {
  console.log(`\nclang ${version}`);
  const file = "tests/kernel/every_tool.test.ts";
  const cases = await runTestFiles([file], { ...run, root: treeOf(version) });
  take(`clang ${version}`, file, cases);
}

endRun(reports, found, count(all));
