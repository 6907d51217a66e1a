/**
 * Runs the kernel tests on other kernels: `deno run -A tests/vm/run.ts [TEXT]`, with TEXT only the files
 * whose path holds it; `KERNEL` in the environment names some of the kernels. Two guests run at a time,
 * each with half of the files. They see this machine's files, and so the very objects that were built
 * here. Ends with 1 when anything failed.
 */

import type { TestCase } from "../report.ts";
import { emptyFolder, testFiles } from "../test_files.ts";
import { fetchKernel, type Kernel, kernels } from "./kernels.ts";
import { drawMatrix, judge, type Result, summarizeResults } from "./matrix.ts";

const GUESTS = 2;
const GUEST_LIMIT_S = 25 * 60;
/** An emulated machine takes six to nine times as long as its host. */
const SLOWNESS = 10;

/** Files of which another kernel tells nothing. */
const leftOut: Record<string, string> = {
  "tests/kernel/readme.test.ts": "compiles its objects while it runs",
};

/** What a guest cannot run anything after. */
const last = "tests/kernel/lockdown.test.ts";

const root = new URL("../../", import.meta.url).pathname;
const folder = `${root}build/tests/vm`;

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stop.abort());
}

/** One guest's work. */
interface Job {
  kernel: Kernel;
  files: string[];
  /** The folder that it shares with this machine. */
  results: string;
}

/** Boots a guest for the job, gives what it told and says how it went. */
async function runJob({ kernel, files, results }: Job): Promise<Result[]> {
  const started = performance.now();
  emptyFolder(results);
  const { code } = await startGuest(kernel, results, files).status;
  const told = readTold(`${results}/results`);
  const judged = files.flatMap((file) => {
    const cases = told.get(file) ?? [{
      name: file,
      state: "failed",
      error: `the guest ended before or within this file, with ${code}: ${results}/log`,
    }];
    return cases.map((testCase) => judge(kernel.version, file, testCase));
  });
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `Linux ${kernel.version}: ${summarizeResults(judged)}; ${seconds} s, ${results}/log`,
  );
  return judged;
}

function startGuest({ version, append = "", cpus = 2 }: Kernel, results: string, files: string[]) {
  const command = [
    ...[`${root}tests/vm/vmrun`, paths.get(version)!],
    ...["env", "CI=true", "DENOBPF_DISPOSABLE=true", `DENOBPF_SLOW=${SLOWNESS}`],
    ...[Deno.execPath(), "run", "--allow-all", "--no-check", "tests/vm/guest.ts"],
    ...[results, ...files],
  ];
  return new Deno.Command("sh", {
    args: ["-c", 'exec "$@" >"$0" 2>&1', `${results}/log`, ...command],
    cwd: root,
    env: {
      VM_TIMEOUT: String(GUEST_LIMIT_S),
      VM_RW: results,
      VM_APPEND: append,
      VM_SMP: String(cpus),
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

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Fills Deno's cache here, once: a guest forgets what it has compiled. What does not load fails there. */
async function warmCache(files: string[]): Promise<void> {
  const tools = [...Deno.readDirSync(`${root}tools`)]
    .flatMap(({ name }) => name.endsWith(".ts") ? [`tools/${name}`] : []);
  await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-check", "tests/vm/guest.ts", ...tools, ...files],
    cwd: root,
    stderr: "null",
  }).spawn().status;
}

function refuse(message: string): never {
  console.error(message);
  Deno.exit(1);
}

if (Deno.build.arch !== "x86_64") refuse("The kernels are for x86-64, and so are the guests");
if (Deno.uid() !== 0) refuse("The guests share this machine's files: run this as root");
const wantedKernels = (Deno.env.get("KERNEL") ?? "").split(/\s+/).filter(Boolean);
const unknown = wantedKernels.find((wanted) => !kernels.some(({ version }) => version === wanted));
if (unknown) {
  refuse(`KERNEL=${unknown} is none of: ${kernels.map(({ version }) => version).join(" ")}`);
}
const wantedText = Deno.args[0] ?? "";
const files = [...testFiles("tests/kernel")]
  .filter((path) => path.includes(wantedText) && !(path in leftOut))
  .sort((a, b) => Number(a === last) - Number(b === last));
if (files.length === 0) refuse(`No file for other kernels has "${wantedText}" in its path`);

const chosen = kernels.filter(({ version }) =>
  wantedKernels.length === 0 || wantedKernels.includes(version)
);
const paths = new Map<string, string>();
for (const kernel of chosen) paths.set(kernel.version, await fetchKernel(kernel));
await warmCache(files);

const halves = [0, 1].map((half) => files.filter((_, index) => index % 2 === half));
const jobs: Job[] = chosen.flatMap((kernel) =>
  halves.filter((half) => half.length > 0).map((files, index) => ({
    kernel,
    files,
    results: `${folder}/${kernel.version}-${index + 1}`,
  }))
);
const results: Result[] = [];
async function runJobs(): Promise<void> {
  for (let job = jobs.shift(); job && !stop.signal.aborted; job = jobs.shift()) {
    results.push(...await runJob(job));
  }
}
await Promise.all(Array.from({ length: GUESTS }, runJobs));
if (stop.signal.aborted) Deno.exit(130);

const versions = chosen.map(({ version }) => version);
console.log("\n" + drawMatrix(results, versions, wantedText === "" ? "file" : "name"));
for (const [file, reason] of Object.entries(leftOut)) console.log(`\nleft out: ${file}: ${reason}`);
const summary = summarizeResults(results);
Deno.writeTextFileSync(`${folder}/summary`, summary + "\n");
console.log(summary);
Deno.exit(results.some(({ state }) => state === "failed") ? 1 : 0);
