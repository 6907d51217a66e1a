/**
 * Runs the kernel tests on other kernels: `deno run -A tests/vm/run.ts [TEXT]`, with TEXT only the files
 * whose path holds it; `KERNEL` in the environment names some of the kernels, `SCOPE=short` chooses the
 * part that CI runs. Two guests run at a time. They see this machine's files, and so the very objects
 * that were built here. Ends with 1 when anything failed.
 */

import { endRun, type TestCase } from "../report.ts";
import { emptyFolder, withSecondRun } from "../test_files.ts";
import { fetchKernel, type Kernel } from "./kernels.ts";
import { countResults, drawMatrix, judge, type Result, summarizeResults } from "./matrix.ts";
import { type Column, kernelsIn, leftOut, shortPlan, suspendPlan, wholePlan } from "./plan.ts";
import { makeMemoryRoot, runSuspended, SUSPEND_TEST } from "./suspend.ts";
import { exists } from "../exists.ts";

const GUESTS = 2;
const GUEST_LIMIT_S = 25 * 60;
/** An emulated machine takes six to nine times as long as its host. */
const SLOWNESS = 10;

const root = new URL("../../", import.meta.url).pathname;
const folder = `${root}build/tests/vm`;
const memoryRoot = `${folder}/memory-root`;

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stop.abort());
}

/** One guest's work: a column of the matrix, or half of it. */
interface Job extends Column {
  /** The folder that it shares with this machine. */
  readonly results: string;
}

/**
 * Boots a guest for the job, gives what it told and says how it went. What a guest did not come to that
 * died runs once more in another: an emulated machine may die of its emulation.
 */
async function runJob(job: Job): Promise<Result[]> {
  const { label, kernel, files, results } = job;
  const started = performance.now();
  emptyFolder(results);
  let { code } = await startGuest(job).status;
  let told = readTold(`${results}/results`);
  const left = files.filter((file) => !told.has(file));
  if (left.length > 0 && !stop.signal.aborted) {
    console.log(`${label}: the guest ended with ${code} before ${left[0]}, ${results}/log`);
    ({ code } = await startGuest({ ...job, files: left }).status);
    told = readTold(`${results}/results`);
  }
  const judged = files.flatMap((file) => {
    const cases = told.get(file) ?? [{
      name: file,
      state: "failed",
      error: `two guests ended before or within this file, the last with ${code}: ${results}/log`,
    }];
    return cases.map((testCase) => ({ ...judge(kernel.version, file, testCase), column: label }));
  });
  tellJob(label, judged, started, `${results}/log`);
  return judged;
}

/** Boots a guest that is suspended, once more if a test failed there, and gives its results. */
async function runSuspendJob({ version }: Kernel): Promise<Result[]> {
  const started = performance.now();
  const log = `${folder}/${version}-suspend.log`;
  const guest = { slowness: SLOWNESS, signal: stop.signal };
  const run = () => runSuspended(paths.get(version)!, memoryRoot, log, guest);
  const cases = await withSecondRun(
    `${version}, suspended`,
    async () => stop.signal.aborted ? [] : await run(),
  );
  const judged = cases.map((testCase) => judge(version, SUSPEND_TEST, testCase));
  tellJob(`${version}, suspended`, judged, started, log);
  return judged;
}

function tellJob(label: string, results: readonly Result[], started: number, log: string): void {
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${label}: ${summarizeResults(results)}; ${seconds} s, ${log}`);
}

function startGuest({ kernel, files, env = {}, root: tree = root, results }: Job) {
  const settings = { CI: "true", DENOBPF_DISPOSABLE: "true", DENOBPF_SLOW: `${SLOWNESS}`, ...env };
  const command = [
    ...[`${root}tests/vm/vmrun`, paths.get(kernel.version)!],
    ...["env", ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)],
    ...[Deno.execPath(), "run", "--allow-all", "--no-check", "tests/vm/guest.ts"],
    ...[results, ...files],
  ];
  return new Deno.Command("sh", {
    args: ["-c", 'exec "$@" >>"$0" 2>&1', `${results}/log`, ...command],
    cwd: tree,
    env: {
      VM_TIMEOUT: String(GUEST_LIMIT_S),
      VM_RW: results,
      VM_APPEND: kernel.append ?? "",
      VM_SMP: String(kernel.cpus ?? 2),
      // What filters of traffic control are made of.
      VM_MODULES: "sch_ingress cls_bpf",
    },
    stdin: "null",
    signal: stop.signal,
  }).spawn();
}

/** The cases of each file that a guest came to. */
function readTold(path: string): Map<string, TestCase[]> {
  const lines = exists(path) ? Deno.readTextFileSync(path).trimEnd().split("\n") : [];
  return new Map(lines.map((line) => {
    const { file, cases } = JSON.parse(line);
    return [file, cases];
  }));
}

/** Fills Deno's cache here, once: a guest forgets what it has compiled. What does not load fails there. */
async function warmCache(tree: string, files: readonly string[]): Promise<void> {
  const tools = ["tools", "tools/examples"].flatMap((folder) =>
    [...Deno.readDirSync(tree + folder)]
      .flatMap(({ name }) => name.endsWith(".ts") ? [`${folder}/${name}`] : [])
  );
  await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-check", "tests/vm/guest.ts", ...tools, ...files],
    cwd: tree,
    stderr: "null",
  }).spawn().status;
}

/** The guests' work: a column each, or halves of it where the columns are long. */
function jobsOf(columns: readonly Column[], parts: number): Job[] {
  return columns.flatMap((column) =>
    Array.from({ length: parts }, (_, part) => ({
      ...column,
      files: column.files.filter((_, index) => index % parts === part),
      results: `${folder}/${column.label.replaceAll(" ", "-")}-${part + 1}`,
    })).filter(({ files }) => files.length > 0)
  );
}

function refuse(message: string): never {
  console.error(message);
  Deno.exit(1);
}

if (Deno.build.arch !== "x86_64") refuse("The kernels are for x86-64, and so are the guests");
if (Deno.uid() !== 0) refuse("The guests share this machine's files: run this as root");
const text = Deno.args[0] ?? "";
const chosen = kernelsIn(Deno.env.get("KERNEL") ?? "");
const short = Deno.env.get("SCOPE") === "short";
const columns = short ? shortPlan(chosen) : wholePlan(chosen, text);
const suspended = suspendPlan(chosen, text, short);
if (suspended.length === 0 && columns.every(({ files }) => files.length === 0)) {
  refuse(`No file for other kernels has "${text}" in its path`);
}

const results: Result[] = [];
const paths = new Map<string, string>();
for (const kernel of chosen) {
  try {
    paths.set(kernel.version, await fetchKernel(kernel));
  } catch (error) {
    // Debian's mirrors forget kernels: that is told in the matrix, and the others still run.
    const [column, reason] = [kernel.version, error instanceof Error ? error.message : `${error}`];
    results.push({ column, file: "(all)", name: "(all)", state: "unsupported", reason });
  }
}
if (paths.size === 0) refuse("None of the kernels can be had from Debian's mirrors");
for (const { root: tree = root, files } of columns) await warmCache(tree, files);
if (suspended.length > 0) await makeMemoryRoot(memoryRoot);

const present = ({ version }: Kernel) => paths.has(version);
const jobs: (() => Promise<Result[]>)[] = [
  ...jobsOf(columns.filter(({ kernel }) => present(kernel)), short ? 1 : 2)
    .map((job) => () => runJob(job)),
  ...suspended.filter(present).map((kernel) => () => runSuspendJob(kernel)),
];
async function runJobs(): Promise<void> {
  for (let job = jobs.shift(); job && !stop.signal.aborted; job = jobs.shift()) {
    results.push(...await job());
  }
}
await Promise.all(Array.from({ length: GUESTS }, runJobs));
if (stop.signal.aborted) Deno.exit(130);

const labels = columns.map(({ label }) => label);
console.log("\n" + drawMatrix(results, labels, text === "" ? "file" : "name"));
for (const [file, reason] of Object.entries(leftOut)) console.log(`\nleft out: ${file}: ${reason}`);
const found = results.filter(({ state }) => state === "failed").map(
  ({ column, file, name, reason }) => `Failed: Linux ${column}: ${file}: ${name}\n  ${reason}`,
);
endRun(folder, found, countResults(results));
