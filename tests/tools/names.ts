/** What tests of names that are looked up share: files that the kernel has forgotten, and the workload. */
import { assert } from "@std/assert";
import { LoopDevice, run } from "./loop_device.ts";

export const workload = new URL("../../build/tests/names", import.meta.url).pathname;

/** The names in `many`, and what looks for them. */
export const MANY = 101;
export const THREADS = 7;

/** An ext4 of its own with the files that the workload looks for, none of which is in the cache of names. */
export function coldFiles() {
  const owned = new DisposableStack();
  const disk = owned.use(new LoopDevice(16 << 20));
  run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", disk.path);
  {
    using warm = disk.mount();
    for (const [name, count] of [["folder/file", 23], ["many/many", MANY]] as const) {
      Deno.mkdirSync(`${warm.path}/${name.split("/")[0]}`);
      for (let i = 0; i < count; i++) Deno.writeTextFileSync(`${warm.path}/${name}${i}`, "");
    }
  }
  const { path } = owned.use(disk.mount());
  return { path, [Symbol.dispose]: () => owned.dispose() };
}

/** Runs kinds of tests/workloads/names.c. Returns the process's number. */
export async function runNames(cwd: string, ...kinds: string[]): Promise<number> {
  const child = new Deno.Command(workload, { args: kinds, cwd, stderr: "piped" }).spawn();
  const { success, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return child.pid;
}
