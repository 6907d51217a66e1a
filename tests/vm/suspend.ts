/**
 * Suspends a machine on which tools run. Guests that share this machine's files cannot be suspended, for
 * virtiofs refuses that; this one has a root of its own in its memory, with Deno, libbpf, the tools as
 * bundles and the test, which is a bundle as well.
 */

import { readReport, type TestCase } from "../report.ts";
import { emptyFolder } from "../test_files.ts";

/** What runs in the guest. */
export const SUSPEND_TEST = "tests/vm/suspended.ts";

/** What is in the guest besides, in this machine's paths and with the libraries that it needs. */
const PROGRAMS = [
  ...["/bin/bash", "/bin/true", "/bin/sleep", "/usr/bin/env"],
  "/usr/lib/x86_64-linux-gnu/libbpf.so.1",
];

const root = new URL("../../", import.meta.url).pathname;

/** Makes the guest's root in `folder`, for as many guests as there are. */
export async function makeMemoryRoot(folder: string): Promise<void> {
  emptyFolder(folder);
  const mountPoints = ["proc", "sys", "dev", "run", "tmp", "boot", "root"];
  for (const name of [...mountPoints, "bin"]) Deno.mkdirSync(`${folder}/${name}`);
  const deno = Deno.execPath();
  Deno.copyFileSync(deno, `${folder}/bin/deno`);
  const files = [...PROGRAMS, ...await librariesOf([deno, ...PROGRAMS])];
  for (const path of new Set(files)) {
    Deno.mkdirSync(folder + path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.copyFileSync(path, folder + path);
  }
  for (const { name } of Deno.readDirSync(`${root}build/bundle`)) {
    if (!/^(execsnoop|bootstrap)(_brief)?\.(js|bpf\.o)$/.test(name)) continue;
    Deno.copyFileSync(`${root}build/bundle/${name}`, `${folder}/${name}`);
  }
  await output(deno, "bundle", "--quiet", "-o", `${folder}/suspend.test.js`, SUSPEND_TEST);
}

/** The libraries that programs and libraries are linked to, the dynamic linker among them. */
async function librariesOf(files: readonly string[]): Promise<string[]> {
  return (await output("ldd", ...files)).match(/(?<=^\s.*)\/\S+(?= \(0x)/gm) ?? [];
}

async function output(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: root }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/**
 * Boots a guest, in which the test suspends the machine, and gives its cases.
 *
 * @param kernel the kernel's folder
 * @param memoryRoot what makeMemoryRoot() has made
 * @param log the file for the guest's output
 */
export async function runSuspended(
  kernel: string,
  memoryRoot: string,
  log: string,
  { slowness, signal }: { slowness: number; signal: AbortSignal },
): Promise<TestCase[]> {
  const test = ["deno", "test", "--allow-all", "--no-check", "--reporter=junit"];
  const { code } = await new Deno.Command("sh", {
    args: [
      ...["-c", 'exec "$@" >"$0" 2>&1', log, `${root}tests/vm/vmrun`, kernel],
      ...["env", `DENOBPF_SLOW=${slowness}`, ...test, "/suspend.test.js"],
    ],
    cwd: "/",
    // The files are there twice: in the initrd, and unpacked.
    env: { VM_ROOT: memoryRoot, VM_MEM: "1G" },
    stdin: "null",
    signal,
  }).spawn().status;
  const cases = readReport(Deno.readTextFileSync(log));
  if (cases.length > 0) return cases;
  return [{ name: SUSPEND_TEST, state: "failed", error: `the guest ended with ${code}: ${log}` }];
}
