/** What runs where: kernels, and on some of them other versions of libbpf and of clang. */

import { testFiles } from "../test_files.ts";
import { SUSPEND_TEST } from "./suspend.ts";
import { CLANG, LIBBPF, treeOf } from "../versions/versions.ts";
import { type Kernel, kernels } from "./kernels.ts";

/** A column of the matrix. */
export interface Column {
  readonly label: string;
  readonly kernel: Kernel;
  readonly files: readonly string[];
  /** What is set in the guest's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The tree whose objects and tests run; this one if absent. */
  readonly root?: string;
}

/** Files of which another kernel tells nothing. */
export const leftOut: Readonly<Record<string, string>> = {
  "tests/kernel/readme.test.ts": "compiles its objects while it runs",
  "tests/kernel/guide.test.ts": "compiles its objects while it runs",
  "tests/kernel/denobpf_new.test.ts": "compiles its objects while it runs",
};

/** What a guest cannot run anything after. */
const last = "tests/kernel/lockdown.test.ts";

const everyTool = "tests/kernel/every_tool.test.ts";

/** What libbpf has only from some version on. */
const attachLater = "tests/kernel/attach_later.test.ts";

/** Whether a kernel takes what a compiler has made; what that shows is tried on this machine. */
const loads = "tests/kernel/loads.test.ts";

/** What depends on the kernel most; the rest of the tests take hours on emulated machines. */
const short = [
  everyTool,
  "tests/kernel/program_types.test.ts",
  "tests/kernel/attach_kernel.test.ts",
  "tests/kernel/clocks.test.ts",
  "tests/kernel/targets_gone.test.ts",
];

/** What takes longest of that, for the oldest and the newest kernel alone. */
const hosts = ["tests/kernel/hosts.test.ts", last];

/** The oldest and the newest kernel. */
const ends = [kernels[0].version, kernels.at(-1)!.version];

/** The kernels named in a list such as "5.10 7.2"; all of them for an empty one. */
export function kernelsIn(list: string): readonly Kernel[] {
  const wanted = list.split(/\s+/).filter(Boolean);
  const unknown = wanted.find((wanted) => !kernels.some(({ version }) => version === wanted));
  if (unknown) {
    throw new Error(`KERNEL=${unknown} is none of: ${kernels.map((k) => k.version).join(" ")}`);
  }
  return kernels.filter(({ version }) => wanted.length === 0 || wanted.includes(version));
}

/** All kernel tests whose path holds `text`, on each of the kernels. */
export function wholePlan(chosen: readonly Kernel[], text: string): Column[] {
  const files = [...testFiles("tests/kernel")]
    .filter((path) => path.includes(text) && !(path in leftOut))
    .sort((a, b) => Number(a === last) - Number(b === last));
  return chosen.map((kernel) => ({ label: kernel.version, kernel, files }));
}

/** The part that CI runs: what depends on the kernel most, and every tool with other versions. */
export function shortPlan(chosen: readonly Kernel[]): Column[] {
  const on = (version: string) => chosen.filter((kernel) => kernel.version === version);
  return [
    ...chosen.map((kernel) => ({
      label: kernel.version,
      kernel,
      files: ends.includes(kernel.version) ? [...short, ...hosts] : short,
    })),
    ...on("6.12").flatMap((kernel) =>
      LIBBPF.map(({ version, path }) => ({
        label: `bpf ${version}`,
        kernel,
        files: [everyTool, attachLater],
        env: { DENOBPF_LIBBPF: path },
      }))
    ),
    ...ends.flatMap(on).flatMap((kernel) =>
      CLANG.map((version) => ({
        label: `c${version} ${kernel.version}`,
        kernel,
        files: [loads],
        root: treeOf(version),
      }))
    ),
  ];
}

/** The kernels that are suspended: all of them, or the ends, for the part that CI runs. */
export function suspendPlan(chosen: readonly Kernel[], text: string, short: boolean): Kernel[] {
  if (!SUSPEND_TEST.includes(text)) return [];
  return chosen.filter(({ version }) => !short || ends.includes(version));
}
