/** `make` as the tests of the binary call it: with the oldest Deno, whose denort can be had everywhere. */
import { kernelTest, startCommand } from "../kernel/harness.ts";

export const root = new URL("../../", import.meta.url).pathname;

/** What `make dist` leaves. */
export const dist = `${root}build/dist`;

const oldest = `${root}build/deno-2.4.2`;

/** Runs make in a folder of the project, free of what a make around the tests hands down. */
export async function make(folder: string, ...args: string[]) {
  const env = { MAKEFLAGS: "", MAKELEVEL: "", DENORT_BIN: `${oldest}/denort` };
  const command = ["make", "--no-print-directory", `deno=${oldest}/deno`, ...args];
  return await startCommand(command, { cwd: folder, env }).finish(15 * 60_000);
}

let made: Promise<string> | undefined;

/** The path of the binary, which is made at the first call. */
export function binary(): Promise<string> {
  return made ??= make(root, "dist").then(({ code, stderr }) => {
    if (code === 0) return `${dist}/denobpf`;
    throw new Error(`make dist failed:\n${stderr}`);
  });
}

/** Registers a test that runs the binary, or makes one. */
export function binaryTest(name: string, fn: () => Promise<void>): void {
  if (Deno.build.arch === "x86_64") kernelTest(name, {}, fn);
  else Deno.test({ name: `${name} (skipped: no denort for this machine)`, ignore: true, fn });
}
