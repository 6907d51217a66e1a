import { RENAMED } from "./renamed.ts";

const workload = new URL("../../build/tests/threads", import.meta.url).pathname;

/** A process with threads of tests/workloads/threads.c, which wait until this is disposed of. */
export interface Threads extends AsyncDisposable {
  readonly pid: number;
  /** Its threads but the first one, as the kernel lists them. */
  readonly tids: readonly number[];
}

/** Starts kinds of threads in a process called {@link RENAMED}, and waits until all of them were created. */
export async function startThreads(...kinds: string[]): Promise<Threads> {
  const folder = Deno.makeTempDirSync();
  Deno.symlinkSync(workload, `${folder}/${RENAMED}`);
  const child = new Deno.Command(`${folder}/${RENAMED}`, {
    args: kinds,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const { pid } = child;
  const tids = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => Number(name))
    .filter((tid) => tid !== pid);
  return {
    pid,
    tids,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      while (!(await reader.read()).done);
      const { code } = await child.status;
      Deno.removeSync(folder, { recursive: true });
      if (code !== 0) throw new Error(`${workload} ${kinds.join(" ")} ended with ${code}`);
    },
  };
}
