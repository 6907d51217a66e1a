/** What tests of the page cache share: a disk whose pages nobody else uses, and the workload. */
import { assert } from "@std/assert";
import { LoopDevice } from "./loop_device.ts";

const workload = new URL("../../build/tests/cached", import.meta.url).pathname;

/** A disk that is open as long as it is there: Linux drops the pages of one that nobody has open. */
export function cachedDisk(): Disposable & { path: string } {
  const owned = new DisposableStack();
  const { path } = owned.use(new LoopDevice());
  owned.adopt(Deno.openSync(path), (file) => file.close());
  return { path, [Symbol.dispose]: () => owned.dispose() };
}

/** Runs kinds of tests/workloads/cached.c. Returns its pid, and the numbers of pages that it has found in the cache. */
export async function runCached(path: string, ...kinds: string[]) {
  const child = new Deno.Command(workload, {
    args: [path, ...kinds],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  assert(success, text.decode(stderr));
  return { pid: child.pid, there: text.decode(stdout).split("\n").filter(Boolean).map(Number) };
}
