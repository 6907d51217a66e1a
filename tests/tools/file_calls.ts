/** What tests of calls of file systems share: a file system of their own, and the workload. */
import { assert } from "@std/assert";
import { LoopDevice, run } from "./loop_device.ts";

export const workload = new URL("../../build/tests/files", import.meta.url).pathname;

/** An ext4 of its own. */
export function ext4() {
  const owned = new DisposableStack();
  const loop = owned.use(new LoopDevice(16 << 20));
  run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", loop.path);
  const { path } = owned.use(loop.mount());
  return { path, name: loop.name, [Symbol.dispose]: () => owned.dispose() };
}

/** Runs kinds of tests/workloads/files.c. */
export async function runFiles(cwd: string, ...kinds: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(workload, { args: kinds, cwd }).output();
  assert(success, new TextDecoder().decode(stderr));
}
