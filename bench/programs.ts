/** The programs that are compared, and how they are run. */
import { fileExists } from "#lib/sys/status.ts";

const root = new URL("../", import.meta.url).pathname;

/** Where `make bench` puts the C programs and the object of both sides. */
const BUILT = `${root}build/bench/`;

const DENO = [Deno.execPath(), "run", "--allow-ffi", "--allow-read"];

/** The object of bench.bpf.c. */
export const BENCH_OBJECT = `${BUILT}bench.bpf.o`;

/** A command of this project's C side. */
export function c(program: string, ...args: (string | number)[]): string[] {
  return [BUILT + program, ...args.map(String)];
}

/** A script of ours/, or a tool: run as users run tools. */
export function ours(script: string, ...args: (string | number)[]): string[] {
  const path = script.startsWith("/") ? script : `${root}bench/ours/${script}.ts`;
  return [...DENO, path, ...args.map(String)];
}

export function tool(name: string, ...args: (string | number)[]): string[] {
  return ours(`${root}tools/${name}.ts`, ...args);
}

/** The same as one file of JavaScript: `make bundle`. */
export function bundle(name: string): string[] {
  return ours(`${root}build/bundle/${name}.js`);
}

/**
 * The same with flags for V8. The file is a copy: V8's cached code of a file belongs to the flags that it
 * was compiled with, and contestants with different ones would throw out each other's in every round.
 */
export function bundleWith(flags: string, name: string): string[] {
  const source = `${root}build/bundle/${name}.js`;
  const copy = `${root}build/bundle/${name}.${flags.replace(/\W/g, "")}.js`;
  Deno.copyFileSync(source, copy);
  return [...DENO, `--v8-flags=${flags}`, copy];
}

/** The same in the binary of all tools, if `make compile` has made it. */
export function compiled(name: string): string[] | undefined {
  const binary = `${root}build/dist/denobpf`;
  return fileExists(binary) ? [binary, name] : undefined;
}

/** What a front end in C loads of our own objects. */
export function front(name: string, ...programs: string[]): string[] {
  return c("front", `${root}build/${name}.bpf.o`, ...programs);
}

/** Whether a program is there: bpftrace is on few hosts. */
export function installed(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** Runs a command to its end. @returns what its last line of output says in JSON */
export async function report<T>(command: readonly string[]): Promise<T> {
  const { stdout, stderr, success } = await start(command).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  const line = (out || err).split("\n").at(-1)!;
  if (!success || !line.startsWith("{")) throw new Error(`${command.join(" ")}: ${out}\n${err}`);
  return JSON.parse(line);
}

/** Runs a command whose standard output goes to /dev/null and whose report is on stderr. */
export async function reportOfSilent<T>(command: readonly string[]): Promise<T> {
  const [program, ...args] = command;
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).spawn();
  const { stderr } = await child.output();
  const text = new TextDecoder().decode(stderr).trim();
  const line = text.split("\n").at(-1)!;
  if (!line.startsWith("{")) throw new Error(`${command.join(" ")}: ${text}`);
  return JSON.parse(line);
}

function start([program, ...args]: readonly string[]): Deno.Command {
  return new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" });
}
