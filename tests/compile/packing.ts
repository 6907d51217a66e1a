/** The package, as tests make and use it. */
import { assertEquals } from "@std/assert";
import { startCommand } from "../kernel/harness.ts";
import { root } from "./making.ts";

/** Runs a command, which is to end with 0, and returns what it printed. */
export async function run(cwd: string, ...command: string[]): Promise<string> {
  const env = { MAKEFLAGS: "", MAKELEVEL: "", NO_COLOR: "true" };
  const { code, stdout, stderr } = await startCommand(command, { cwd, env }).finish(15 * 60_000);
  assertEquals(code, 0, `${command.join(" ")}\n${stderr}`);
  return stdout + stderr;
}

let made: Promise<string> | undefined;

/** The tarball, which is made at the first call. */
export function packed(): Promise<string> {
  return made ??= run(root, "make", "--no-print-directory", `deno=${Deno.execPath()}`, "package")
    .then(() => `${root}build/package.tgz`);
}
