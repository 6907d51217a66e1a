/** What runs where: kernels, and on some of them other versions of libbpf and of clang. */

import { lackedHere } from "../kernel/features.ts";
import { filesBelow, testFiles } from "../test_files.ts";
import { CLANG, LIBBPF, treeOf } from "../versions/versions.ts";
import { SUSPEND_TEST } from "./suspend.ts";

/** A test file that a guest runs. */
export interface Task {
  /** The column of the matrix that it belongs to. */
  readonly column: string;
  readonly file: string;
  /** What is set in its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The tree whose objects and tests run; this one if absent. */
  readonly root?: string;
}

/** What one guest does after another on a kernel. */
export interface Job {
  readonly kernel: string;
  readonly tasks: readonly Task[];
}

/** What a guest cannot run anything after. */
const last = "tests/kernel/lockdown.test.ts";

/** Every tool and example, a process each. */
const everyTool = "tests/kernel/every_tool.test.ts";

/** What libbpf has only from some version on. */
const attachLater = "tests/kernel/attach_later.test.ts";

/** Whether a kernel takes what a compiler has made; what that shows is tried elsewhere. */
const loads = "tests/kernel/loads.test.ts";

/** The tests of each tool and example, and what they must show. */
const ownFile = /([^/]+?)(?:(?:_\w+)?\.test|\.scenario)\.ts$/;

/** What depends on the kernel most; the rest of the tests take hours on emulated machines. */
const short = [
  "tests/kernel/program_types.test.ts",
  "tests/kernel/attach_kernel.test.ts",
  "tests/kernel/clocks.test.ts",
  "tests/kernel/hooks.test.ts",
  "tests/kernel/targets_gone.test.ts",
];

/** What takes longest of that, for the oldest and the newest kernel alone. */
const hosts = ["tests/kernel/hosts.test.ts", last];

/** Where the tests of tools run that this machine's kernel cannot run, and other versions of libbpf. */
const COMMON = "6.12";

/** A file of this tree, in the column of the kernel. Tools start as bundles where all of them do. */
function task(kernel: string, file: string): Task {
  const env = file === everyTool ? { DENOBPF_BUNDLES: "true" } : undefined;
  return { column: kernel, file, env };
}

/** All kernel tests whose path holds `text`, on each of the kernels, in two guests each. */
export function wholePlan(chosen: readonly string[], text: string): Job[] {
  const files = [...testFiles("tests/kernel"), ...testFiles("tests/tools")]
    .filter((path) => path.includes(text))
    .sort((a, b) => Number(a === last) - Number(b === last));
  return chosen.flatMap((kernel) => halves(kernel, files.map((file) => task(kernel, file))));
}

/**
 * The part that CI runs: what depends on the kernel most, and every tool with other versions. What tools
 * show is seen on the oldest and the newest kernel; those between need only take all of them.
 */
export function shortPlan(chosen: readonly string[]): Job[] {
  const ends = [...new Set([chosen[0], chosen.at(-1)!])];
  const jobs = chosen.map((kernel): Job => ({
    kernel,
    tasks: [
      ...ends.includes(kernel) ? [] : [task(kernel, loads)],
      ...short.map((file) => task(kernel, file)),
      ...versions(kernel, chosen),
      ...ends.includes(kernel) ? hosts.map((file) => task(kernel, file)) : [],
    ],
  }));
  const elsewhere = unseenHere().map((file) => task(common(chosen), file));
  const all = [...jobs, ...halves(common(chosen), elsewhere)];
  const split = chosen.length === 1
    ? all.flatMap(({ kernel, tasks }) => halves(kernel, tasks))
    : all;
  // The longest first, so that no guest is left alone with them at the end.
  return [
    ...ends.map((kernel) => ({ kernel, tasks: [task(kernel, everyTool)] })),
    ...split.toSorted((a, b) => b.tasks.length - a.tasks.length),
  ];
}

/** The kernel for what one kernel is enough for. */
function common(chosen: readonly string[]): string {
  return chosen.includes(COMMON) ? COMMON : chosen.at(-1)!;
}

/**
 * What other versions made, in the guests that are there anyway. Each libbpf on one kernel, with what
 * test-versions cannot run here. Each clang on the oldest kernel, which refuses most; the oldest clang
 * on the newest kernel as well.
 */
function versions(kernel: string, chosen: readonly string[]): Task[] {
  const names = toolsUnseenHere().join(" ");
  const libbpf = LIBBPF.flatMap(({ version, path }) => {
    const column = `bpf ${version}`;
    const env = { DENOBPF_LIBBPF: path };
    return [
      ...names === "" ? [] : [{ column, file: loads, env: { ...env, DENOBPF_LOADS: names } }],
      { column, file: attachLater, env },
    ];
  });
  const clangs = kernel === chosen[0] ? CLANG : kernel === chosen.at(-1) ? CLANG.slice(0, 1) : [];
  const clang = clangs.map((version) => ({
    column: `c${version} ${kernel}`,
    file: loads,
    root: treeOf(version),
  }));
  return [...kernel === common(chosen) ? libbpf : [], ...clang];
}

/** The tests of tools that need what this machine's kernel lacks. */
const unseenHere = () => needingMore(".test.ts");

/** The names of tools and examples with such tests, or that show nothing without it. */
function toolsUnseenHere(): string[] {
  const files = [...unseenHere(), ...needingMore(".scenario.ts")];
  return [...new Set(files.map((file) => ownFile.exec(file)![1]))].sort();
}

/** The files of tools with that ending that need what this machine's kernel lacks, as their texts say. */
function needingMore(ending: string): string[] {
  const lacked = lackedHere();
  return [...filesBelow("tests/tools", ending)].filter((file) => {
    const text = Deno.readTextFileSync(new URL(`../../${file}`, import.meta.url));
    return lacked.some((feature) => new RegExp(`needs\\b[^;]*?"${feature}"`).test(text));
  });
}

/** Two guests' work: every second file each. */
function halves(kernel: string, tasks: readonly Task[]): Job[] {
  return [0, 1].map((part) => ({ kernel, tasks: tasks.filter((_, at) => at % 2 === part) }))
    .filter(({ tasks }) => tasks.length > 0);
}

/** The kernels that are suspended: all of them, or the ends, for the part that CI runs. */
export function suspendPlan(chosen: readonly string[], text: string, short: boolean): string[] {
  if (!SUSPEND_TEST.includes(text)) return [];
  return chosen.filter((kernel) => !short || kernel === chosen[0] || kernel === chosen.at(-1));
}
