/** tests/workloads/symbols.c, built and started in one way or another. */
import { patient } from "./patience.ts";

const SOURCE = "tests/workloads/symbols.c";

/** Compiles the workload. @returns where it is: in a folder that is gone with `using` */
export class Build implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly path = `${this.folder}/symbols`;

  constructor(...flags: string[]) {
    run("cc", "-O2", "-pthread", SOURCE, "-o", this.path, ...flags);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Runs a command to its end, which must be a good one; gives what it prints. */
export function run(command: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** The addresses that the workload prints, by what they are of. */
export type Told = Record<string, bigint>;

/** A process of the workload. */
export class SymbolProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  told: Told = {};
  #ended = false;

  private constructor(command: readonly string[]) {
    const [program, ...args] = command;
    this.#child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
  }

  /** Starts it and waits until it has printed its addresses. */
  static async start(...command: string[]): Promise<SymbolProcess> {
    const process = new SymbolProcess(command);
    process.told = await process.#answer();
    return process;
  }

  /** Its pid as this process sees it; that of a command which forks is another. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Has it do what a line says, and gives the addresses that it prints. */
  async ask(line: string): Promise<Told> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    return await this.#answer();
  }

  async #answer(): Promise<Told> {
    const told: Told = {};
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("The workload has ended");
      if (value === "ready") return told;
      const [what, address] = value.split(" ");
      told[what] = BigInt(`0x${address}`);
    }
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#input.close();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), patient(5000));
    await this.#child.status;
    clearTimeout(timer);
    while (!(await this.#lines.next()).done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
