/**
 * Runs the kernel tests on other kernels: `deno run -A tests/vm/run.ts [TEXT]`, with TEXT only the files
 * whose path holds it; `KERNEL` in the environment names some of the kernels, `SCOPE=short` chooses the
 * part that CI runs. A guest for each CPU, and one more, run at a time. They see this machine's files, and so the
 * very objects that were built here. Ends with 1 when anything failed.
 */

import { endRun, type TestCase } from "../report.ts";
import { emptyFolder, withSecondRun } from "../test_files.ts";
import { fetchKernel, findKernels, kernel as kernelOf } from "./kernels.ts";
import { countResults, drawMatrix, judge, type Result, summarizeResults } from "./matrix.ts";
import { type Job, shortPlan, suspendPlan, type Task, wholePlan } from "./plan.ts";
import { makeMemoryRoot, runSuspended, SUSPEND_TEST } from "./suspend.ts";
import { exists } from "../exists.ts";

/** They wait for a third of their time, for periods of the kernel: a third one fills two CPUs. */
const GUESTS = navigator.hardwareConcurrency + 1;
const GUEST_LIMIT_S = 60 * 60;
/** An emulated machine takes six to nine times as long as its host. */
const SLOWNESS = 10;

const root = new URL("../../", import.meta.url).pathname;
const folder = `${root}build/tests/vm`;
const memoryRoot = `${folder}/memory-root`;

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stop.abort());
}

/** The cases of each task that a guest came to. */
type Told = Map<string, { cases: TestCase[]; seconds: number }>;

const key = ({ column, file }: Pick<Task, "column" | "file">) => `${column} ${file}`;

/**
 * Boots a guest for the job, gives what it reported and says how it went. What a guest did not come to that
 * died runs once more in another: an emulated machine may die of its emulation.
 */
async function runJob({ kernel, tasks }: Job, number: number): Promise<Result[]> {
  const started = performance.now();
  const results = `${folder}/${kernel}-${number}`;
  emptyFolder(results);
  let code = await runGuest(kernel, tasks, results);
  let told = readTold(`${results}/results`);
  const left = tasks.filter((task) => !told.has(key(task)));
  if (left.length > 0 && !stop.signal.aborted) {
    console.log(`${kernel}: the guest ended with ${code} before ${left[0].file}, ${results}/log`);
    code = await runGuest(kernel, left, results);
    told = readTold(`${results}/results`);
  }
  const judged = tasks.flatMap((task) => {
    const cases: TestCase[] = told.get(key(task))?.cases ?? [{
      name: task.file,
      state: "failed",
      error: `two guests ended before or within this file, the last with ${code}: ${results}/log`,
    }];
    return cases.map((testCase) => ({
      ...judge(kernel, task.file, testCase),
      column: task.column,
    }));
  });
  tellJob(kernel, judged, started, `${results}/log`);
  for (const [task, { seconds }] of told) console.log(`  ${task}: ${seconds} s`);
  return judged;
}

/** Boots a guest that is suspended, once more if a test failed there, and gives its results. */
async function runSuspendJob(kernel: string): Promise<Result[]> {
  const started = performance.now();
  const log = `${folder}/${kernel}-suspend.log`;
  const guest = { slowness: SLOWNESS, signal: stop.signal };
  const run = async () =>
    stop.signal.aborted ? [] : await runSuspended(paths.get(kernel)!, memoryRoot, log, guest);
  const cases = await withSecondRun(`${kernel}, suspended`, await run(), run);
  const judged = cases.map((testCase) => judge(kernel, SUSPEND_TEST, testCase));
  tellJob(`${kernel}, suspended`, judged, started, log);
  return judged;
}

function tellJob(label: string, results: readonly Result[], started: number, log: string): void {
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${label}: ${summarizeResults(results)}; ${seconds} s, ${log}`);
}

/** Boots a guest, which adds to the results what it comes to, and gives its exit code. */
async function runGuest(kernel: string, tasks: readonly Task[], results: string): Promise<number> {
  const { append, cpus } = kernelOf(kernel);
  const command = [
    ...[`${root}tests/vm/vmrun`, paths.get(kernel)!],
    ...["env", "CI=true", "DENOBPF_DISPOSABLE=true", `DENOBPF_SLOW=${SLOWNESS}`],
    ...[Deno.execPath(), "run", "--allow-all", "--no-check", "tests/vm/guest.ts"],
    ...[results, JSON.stringify(tasks)],
  ];
  const { code } = await new Deno.Command("sh", {
    args: ["-c", 'exec "$@" >>"$0" 2>&1', `${results}/log`, ...command],
    cwd: root,
    env: {
      VM_TIMEOUT: String(GUEST_LIMIT_S),
      VM_RW: results,
      VM_APPEND: append ?? "",
      VM_SMP: String(cpus),
      // One process loads every tool with each clang: half a gigabyte.
      VM_MEM: "1G",
      // What filters of traffic control are made of, disks, and networks.
      VM_MODULES: "sch_ingress cls_bpf loop veth md-mod raid1",
    },
    stdin: "null",
    signal: stop.signal,
  }).spawn().status;
  return code;
}

function readTold(path: string): Told {
  const lines = exists(path) ? Deno.readTextFileSync(path).trimEnd().split("\n") : [];
  return new Map(lines.map((line) => {
    const { column, file, ...told } = JSON.parse(line);
    return [key({ column, file }), told];
  }));
}

/** Fills Deno's cache here, once: a guest forgets what it has compiled. What does not load fails there. */
async function warmCache(tree: string, files: readonly string[]): Promise<void> {
  const modules = ["tools", "tools/examples", "tests/tools", "tests/tools/examples"].flatMap(
    (folder) =>
      [...Deno.readDirSync(tree + folder)]
        .flatMap(({ name }) => name.endsWith(".ts") ? [`${folder}/${name}`] : []),
  );
  await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-check", "tests/vm/guest.ts", ...modules, ...files],
    cwd: tree,
    stderr: "null",
  }).spawn().status;
}

function refuse(message: string): never {
  console.error(message);
  Deno.exit(1);
}

if (Deno.build.arch !== "x86_64") refuse("The kernels are for x86-64, and so are the guests");
if (Deno.uid() !== 0) refuse("The guests share this machine's files: run this as root");
const text = Deno.args[0] ?? "";
const { series, notes } = await findKernels(Deno.env.get("KERNEL") ?? "")
  .catch((error) => refuse(error.message));
for (const note of notes) console.log(note);
const short = Deno.env.get("SCOPE") === "short";
const jobs = short ? shortPlan(series) : wholePlan(series, text);
const suspended = suspendPlan(series, text, short);
if (suspended.length === 0 && jobs.length === 0) {
  refuse(`No file for other kernels has "${text}" in its path`);
}

const results: Result[] = [];
const paths = new Map<string, string>();
for (const kernel of series) {
  try {
    paths.set(kernel, await fetchKernel(kernel));
  } catch (error) {
    // Debian's mirrors may forget a kernel between two calls: the matrix says so, and the others still run.
    const reason = error instanceof Error ? error.message : `${error}`;
    results.push({ column: kernel, file: "(all)", name: "(all)", state: "unsupported", reason });
  }
}
if (paths.size === 0) refuse("None of the kernels can be had from Debian's mirrors");
const tasks = jobs.flatMap(({ tasks }) => tasks);
for (const [tree, those] of Map.groupBy(tasks, ({ root: tree = root }) => tree)) {
  await warmCache(tree, [...new Set(those.map(({ file }) => file))]);
}
if (suspended.length > 0) await makeMemoryRoot(memoryRoot);

const waiting = [
  ...jobs.filter(({ kernel }) => paths.has(kernel)).map((job, at) => () => runJob(job, at + 1)),
  ...suspended.filter((kernel) => paths.has(kernel)).map((kernel) => () => runSuspendJob(kernel)),
];
async function runJobs(): Promise<void> {
  for (let job = waiting.shift(); job && !stop.signal.aborted; job = waiting.shift()) {
    results.push(...await job());
  }
}
await Promise.all(Array.from({ length: GUESTS }, runJobs));
if (stop.signal.aborted) Deno.exit(130);

const columns = [...series, ...tasks.map(({ column }) => column)];
console.log("\n" + drawMatrix(results, [...new Set(columns)], text === "" ? "file" : "name"));
for (const note of notes) console.log(`\n${note}`);
const found = results.filter(({ state }) => state === "failed").map(
  ({ column, file, name, reason }) => `Failed: Linux ${column}: ${file}: ${name}\n  ${reason}`,
);
endRun(folder, found, countResults(results));
