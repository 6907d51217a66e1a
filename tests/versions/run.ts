/**
 * Runs every tool and example with other versions of what they stand on: each libbpf, and the objects
 * of each clang. Ends with 1 when anything failed; the last line is `N passed, N failed`.
 */

import { count, endRun, findings, type TestCase } from "../report.ts";
import { emptyFolder, type Run, runTestFiles, sideBySide } from "../test_files.ts";
import { CLANG, LIBBPF, treeOf } from "./versions.ts";

/** What stands on libbpf most. */
const files = ["every_tool", "object", "maps", "map_kinds", "program_types", "attach_later"]
  .map((name) => `tests/kernel/${name}.test.ts`);

const reports = new URL("../../build/tests/versions/", import.meta.url).pathname;
const limitMs = 5 * 60_000;

/** A file, run with another version. */
interface Work {
  readonly label: string;
  readonly file: string;
  readonly run: Run;
}

const work: Work[] = [
  ...CLANG.map((version) => {
    const label = `clang ${version}`;
    const run = { reports: `${reports}${label}/`, limitMs, root: treeOf(version) };
    return { label, file: "tests/kernel/every_tool.test.ts", run };
  }),
  ...LIBBPF.flatMap(({ version, path }) => {
    const label = `libbpf ${version}`;
    const run = { reports: `${reports}${label}/`, limitMs, env: { DENOBPF_LIBBPF: path } };
    return files.map((file) => ({ label, file, run }));
  }),
];

emptyFolder(reports);
const all: TestCase[] = [];
const found: string[] = [];
await sideBySide(work, async ({ label, file, run }) => {
  Deno.mkdirSync(run.reports, { recursive: true });
  const cases = await runTestFiles([file], run);
  all.push(...cases);
  found.push(...findings(`${label}: ${file}`, cases));
});

endRun(reports, found, count(all));
