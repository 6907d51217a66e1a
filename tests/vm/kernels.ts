/** The kernels of the matrix: Debian's stock kernels for the cloud, each the newest of its series. */
import { exists } from "../exists.ts";

const here = new URL("./", import.meta.url).pathname;
const root = new URL("../../", import.meta.url).pathname;

/** The series that Debian keeps and that are tested. The newest that it has is tested besides. */
export const SERIES: readonly string[] = ["5.10", "6.1", "6.12", "6.18"];

/** What guests need on some series. */
export interface Kernel {
  /** The series: "6.12". */
  readonly version: string;
  /** Arguments of the kernel that make it complete. */
  readonly append?: string;
  /** How many CPUs a guest has. */
  readonly cpus: number;
}

/** Series of kernels, and what has to be said of how they were chosen. */
export interface Choice {
  readonly series: readonly string[];
  readonly notes: readonly string[];
}

/** What guests of a series need. */
export function kernel(version: string): Kernel {
  return {
    version,
    // Debian has BPF among the active security modules only later.
    append: isBefore(version, "5.11") ? "lsm=lockdown,yama,apparmor,bpf" : undefined,
    // From 7.0 on Linux panics with two emulated CPUs when programs are attached and detached again and again.
    cpus: isBefore(version, "7.0") ? 2 : 1,
  };
}

/**
 * The series that are tested of those that can be had: each of `wanted`, or the next one after it, and the
 * newest.
 */
export function choose(wanted: readonly string[], available: readonly string[]): Choice {
  const notes: string[] = [];
  const sorted = available.toSorted((a, b) => isBefore(a, b) ? -1 : 1);
  const newest = sorted.at(-1)!;
  const found = wanted.map((series) => {
    const next = sorted.find((other) => !isBefore(other, series)) ?? newest;
    if (next !== series) notes.push(`Debian has no Linux ${series}: ${next} stands in for it`);
    return next;
  });
  return { series: sorted.filter((series) => series === newest || found.includes(series)), notes };
}

/** Whether one series comes before another: 5.10 before 6.1, 6.2 before 6.12. */
export function isBefore(series: string, other: string): boolean {
  const [[major, minor], [otherMajor, otherMinor]] = [series, other]
    .map((text) => text.split(".").map(Number));
  return major < otherMajor || major === otherMajor && minor < otherMinor;
}

/** Where the kernels lie, `<series>/` each; `KERNELS_DIR` names another folder. */
const folder = Deno.env.get("KERNELS_DIR") ?? `${root}build/kernels`;

/**
 * The series that `list` names, as "5.10 newest"; those of the matrix for an empty one.
 *
 * @throws {Error} one of them cannot be had
 */
export async function findKernels(list: string): Promise<Choice> {
  const named = list.split(/\s+/).filter(Boolean);
  if (named.length > 0 && named.every((series) => exists(`${folder}/${series}`))) {
    return { series: named, notes: [] };
  }
  const available = new Set([...await inDebian(), ...downloaded()]);
  if (available.size === 0) throw new Error("no kernel can be had: no Debian mirror answers");
  if (named.length === 0) return choose(SERIES, [...available]);
  const { series: [newest] } = choose([], [...available]);
  const series = named.map((name) => name === "newest" ? newest : name);
  const unknown = series.find((name) => !available.has(name));
  if (unknown !== undefined) {
    throw new Error(`KERNEL=${unknown} is none of: newest ${[...available].join(" ")}`);
  }
  return { series, notes: [] };
}

/** The series that Debian's mirrors have; none if they cannot be asked. */
async function inDebian(): Promise<string[]> {
  console.log("Asking Debian which kernels it has");
  const { stdout } = await getkernel([]).output();
  return new TextDecoder().decode(stdout).trimEnd().split("\n").flatMap((line) =>
    line === "" ? [] : [line.split(" ")[0]]
  );
}

function downloaded(): string[] {
  if (!exists(folder)) return [];
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /^\d+\.\d+$/.test(name));
}

/**
 * The folder of a kernel, downloaded if it is not there yet.
 *
 * @throws {Error} it cannot be had
 */
export async function fetchKernel(series: string): Promise<string> {
  const path = `${folder}/${series}`;
  if (!exists(path)) {
    console.log(`Linux ${series}: downloading it from Debian`);
    const { success } = await getkernel([series, path]).output();
    if (!success) throw new Error(`Linux ${series} cannot be had from Debian`);
  }
  return path;
}

function getkernel(args: string[]): Deno.Command {
  return new Deno.Command(`${here}getkernel`, {
    args,
    // The lists of Debian's packages are read once for all kernels of this run.
    env: { APT_STATE: `${root}build/tests/vm/apt` },
    stderr: "inherit",
  });
}
