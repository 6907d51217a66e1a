/** What tests of swap share: a disk to swap to, and the workload. */
import { assert } from "@std/assert";
import { exists } from "../exists.ts";
import { LoopDevice, run } from "./loop_device.ts";
import { MemoryCgroup } from "./memory_cgroup.ts";

export const workload = new URL("../../build/tests/swaps", import.meta.url).pathname;

const CLUSTER = "/proc/sys/vm/page-cluster";
const LIMIT = 16; // MiB, as the workload needs it

/** Swap on a disk of its own. @param cluster how many pages are read at once, as a power of two */
export function swap(cluster: number): Disposable & { path: string } {
  const owned = new DisposableStack();
  const { path } = owned.use(new LoopDevice(128 << 20));
  const before = Deno.readTextFileSync(CLUSTER);
  Deno.writeTextFileSync(CLUSTER, String(cluster));
  owned.defer(() => Deno.writeTextFileSync(CLUSTER, before));
  run("mkswap", path);
  run("swapon", path);
  owned.defer(() => run("swapoff", path));
  return { path, [Symbol.dispose]: () => owned.dispose() };
}

/** A cgroup in which the workload can swap. */
export function swappingCgroup(): MemoryCgroup {
  const cgroup = new MemoryCgroup(LIMIT);
  if (exists(`${cgroup.path}/memory.swap.max`)) cgroup.write("memory.swap.max", "max");
  return cgroup;
}

/** Runs tests/workloads/swaps.c: its number, and how many pages went which way, as the kernel counts them. */
export async function runSwaps(pages: number, given?: MemoryCgroup) {
  await using own = given === undefined ? swappingCgroup() : undefined;
  const [command, ...args] = (given ?? own!).command(workload, String(pages));
  const child = new Deno.Command(command, { args, stdout: "piped", stderr: "piped" }).spawn();
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  assert(success, text.decode(stderr));
  const [out, read, zswap] = text.decode(stdout).match(/\d+/g)!.map(Number);
  return { pid: child.pid, out, in: read, zswap };
}
