/** What tests of names that are taken away from files share: the workload, and where it works. */
import { assert } from "@std/assert";
import { ext4 } from "./file_calls.ts";
import { run } from "./loop_device.ts";

export const workload = new URL("../../build/tests/removes", import.meta.url).pathname;

/** Runs kinds of tests/workloads/removes.c. Returns the process's number. */
export async function runRemoves(cwd: string, ...args: string[]): Promise<number> {
  const child = new Deno.Command(workload, { args, cwd, stderr: "piped" }).spawn();
  const { success, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return child.pid;
}

/** An overlay whose upper layer is an ext4 of its own. */
export function overlay() {
  const owned = new DisposableStack();
  const disk = owned.use(ext4());
  for (const name of ["lower", "upper", "work", "merged"]) Deno.mkdirSync(`${disk.path}/${name}`);
  const layers = ["lower", "upper", "work"].map((name) => `${name}dir=${disk.path}/${name}`);
  const path = `${disk.path}/merged`;
  run("mount", "-t", "overlay", "-o", layers.join(","), "none", path);
  owned.defer(() => run("umount", path));
  return { path, [Symbol.dispose]: () => owned.dispose() };
}
