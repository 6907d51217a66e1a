/** What funccount shows of programs that the test itself runs. */
import { assertEquals } from "@std/assert";
import { funccount, type FunctionCount } from "../../tools/funccount.ts";

export const root = new URL("../../build/tests/", import.meta.url).pathname;

export const GETPGID = Deno.build.arch === "x86_64" ? "__x64_sys_getpgid" : "__arm64_sys_getpgid";

type Options = NonNullable<Parameters<typeof funccount>[0]>;

/** Runs a program of tests/workloads, and returns what it writes. */
export async function run(program: string, ...args: (string | number)[]): Promise<string> {
  const command = new Deno.Command(`${root}${program}`, { args: args.map(String) });
  return new TextDecoder().decode((await command.output()).stdout);
}

/** The rows of a trace that lasts while something is done, of the children of this process. */
export async function rowsOf(
  options: Options,
  work: () => Promise<unknown>,
): Promise<FunctionCount[]> {
  using trace = funccount({ ppid: Deno.pid, ...options });
  const rows = Array.fromAsync(trace);
  await work();
  trace.stop();
  assertEquals(trace.losses.map, 0n);
  return await rows;
}

/** `f1 3`, in the order of the names. */
export const shown = (rows: readonly FunctionCount[]) =>
  rows.map(({ func, count }) => `${func} ${count}`).sort();
