/** Tools as their users run them: child processes with piped output and signals. */

import { exists } from "../exists.ts";
import { patient } from "./patience.ts";

/** What takes longer has failed: no machine is that slow. */
const TIMEOUT_MS = 60_000;

const root = new URL("../../", import.meta.url).pathname;

/** What a process has written, and how it ended. */
export interface Output {
  stdout: string;
  stderr: string;
  /** The exit code; 128 and the signal's number when a signal ended it, as a shell has it. */
  code: number;
  /** The signal that ended it, if one did. */
  signal: Deno.Signal | null;
}

/** When a tool has written enough: a text, a pattern or a test of its standard output. */
export type Until = string | RegExp | ((stdout: string, stderr: string) => boolean);

export interface StartOptions {
  env?: Record<string, string>;
  cwd?: string;
}

/** A process under way; `await using` ends it with SIGKILL if nothing else has. */
export class RunningTool implements AsyncDisposable {
  /** What it has written so far. */
  stdout = "";
  stderr = "";
  #child: Deno.ChildProcess;
  #ended: Promise<Deno.CommandStatus>;
  #running = true;
  /** Resolved at each new output and at the end, then replaced. */
  #news = Promise.withResolvers<void>();

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#ended = this.#follow();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until the output fulfils `until`. Throws with all output when it ends or takes too long. */
  async until(until: Until, timeoutMs = TIMEOUT_MS): Promise<void> {
    const reached = await this.#waitFor(() => this.#fulfils(until), timeoutMs);
    if (reached) return;
    throw this.#failure(
      this.#running
        ? `has not shown ${until} in ${patient(timeoutMs)} ms`
        : `ended before ${until}`,
    );
  }

  /** Throws with all output when it has already ended. */
  signal(signal: Deno.Signal): void {
    if (!this.#kill(signal)) throw this.#failure(`ended before ${signal}`);
  }

  /** Waits for its end. Kills it and throws with all output when that takes too long. */
  async finish(timeoutMs = TIMEOUT_MS): Promise<Output> {
    if (!await this.#waitFor(() => !this.#running, timeoutMs)) {
      await this[Symbol.asyncDispose]();
      throw this.#failure(`has not ended in ${patient(timeoutMs)} ms`);
    }
    const { code, signal } = await this.#ended;
    return { stdout: this.stdout, stderr: this.stderr, code, signal };
  }

  /** Sends a signal and waits for the end. */
  stop(signal: Deno.Signal = "SIGINT", timeoutMs?: number): Promise<Output> {
    this.signal(signal);
    return this.finish(timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill("SIGKILL");
    // A child of the process may live on and hold the pipes: that is not waited for.
    await this.#waitFor(() => !this.#running, 1000);
  }

  async #follow(): Promise<Deno.CommandStatus> {
    const [status] = await Promise.all([
      this.#child.status,
      this.#collect(this.#child.stdout, (text) => this.stdout += text),
      this.#collect(this.#child.stderr, (text) => this.stderr += text),
    ]);
    this.#running = false;
    this.#tell();
    return status;
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      add(decoder.decode(chunk, { stream: true }));
      this.#tell();
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** Whether `reached` came true before the process ended and before the time was over. */
  async #waitFor(reached: () => boolean, timeoutMs: number): Promise<boolean> {
    const timeout = Promise.withResolvers<void>();
    const limitMs = patient(timeoutMs);
    const timer = setTimeout(timeout.resolve, limitMs);
    const deadline = performance.now() + limitMs;
    while (!reached() && this.#running && performance.now() < deadline) {
      await Promise.race([this.#news.promise, timeout.promise]);
    }
    clearTimeout(timer);
    return reached();
  }

  #fulfils(until: Until): boolean {
    if (typeof until === "string") return this.stdout.includes(until);
    if (until instanceof RegExp) return until.test(this.stdout);
    return until(this.stdout, this.stderr);
  }

  /** Whether the process was there to get the signal. */
  #kill(signal: Deno.Signal): boolean {
    try {
      this.#child.kill(signal);
      return true;
    } catch {
      return false;
    }
  }

  #failure(what: string): Error {
    return new Error(
      `The process ${what}\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`,
    );
  }
}

/**
 * What a tool wrote on stderr besides its losses, and besides what it cannot show on this kernel: one that traces
 * the whole host may lose what others do, before it reads for the first time.
 */
export function withoutLosses(stderr: string): string {
  return stderr.replaceAll(/^\w+: (lost \d+ events?( in all)?|not shown: .*) \(.*\)\n/gm, "");
}

/** Starts a command in the project's root folder, its output piped. */
export function startCommand(command: readonly string[], options: StartOptions = {}): RunningTool {
  const [program, ...args] = command;
  return new RunningTool(
    new Deno.Command(program, {
      cwd: root,
      ...options,
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
}

/**
 * The command line that starts `tools/<name>.ts` with this Deno and no permissions but the two that tools have.
 * With DENOBPF_BUNDLES, as tests/vm sets it, that is the tool's bundle if there is one: it starts sooner.
 */
export function toolCommand(name: string): string[] {
  const deno = [Deno.execPath(), "run", "--allow-ffi", "--allow-read"];
  const bundle = `${root}build/bundle/${name}.js`;
  if (Deno.env.get("DENOBPF_BUNDLES") !== "true" || !exists(bundle)) {
    return [...deno, `${root}tools/${name}.ts`];
  }
  return [...deno, "--no-config", "--no-lock", bundle];
}

/** Starts a tool as {@link toolCommand} has it. */
export function startTool(
  name: string,
  args: readonly string[] = [],
  options?: StartOptions,
): RunningTool {
  return startCommand([...toolCommand(name), ...args], options);
}

/**
 * Runs `tools/<name>.ts` to its end. With `until` it gets `signal` (SIGINT) once its output fulfils
 * that; `workload` runs after the tool's first line, its header.
 */
export async function runTool(
  name: string,
  args: readonly string[] = [],
  { until, workload, signal = "SIGINT", timeoutMs, ...options }: StartOptions & {
    until?: Until;
    workload?: () => Promise<unknown>;
    signal?: Deno.Signal;
    timeoutMs?: number;
  } = {},
): Promise<Output> {
  await using tool = startTool(name, args, options);
  if (workload) {
    await tool.until("\n", timeoutMs);
    await workload();
  }
  if (until === undefined) return await tool.finish(timeoutMs);
  await tool.until(until, timeoutMs);
  return await tool.stop(signal, timeoutMs);
}
