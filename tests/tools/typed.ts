/** Shells that wait at a prompt for what is typed: bash in a terminal of its own, by script(1). */
import { delay, patient } from "../kernel/patience.ts";

/** What is known of a shell that tests type into. */
export class TypedShell implements AsyncDisposable {
  /** What sets the prompt: bash takes none from its environment. */
  readonly #rcfile = Deno.makeTempFileSync();
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #screen = "";

  /** Starts a shell, and waits for its first prompt. @param bash its file */
  static async start(bash: string): Promise<TypedShell> {
    const shell = new TypedShell(bash);
    await shell.prompts(1);
    return shell;
  }

  private constructor(bash: string) {
    Deno.writeTextFileSync(this.#rcfile, "PS1='<$$>'; unset HISTFILE\n");
    this.#child = new Deno.Command("script", {
      args: ["-qec", `exec ${bash} --rcfile ${this.#rcfile} -i`, "/dev/null"],
      // as `sh` it reads ENV
      env: { ENV: this.#rcfile, TERM: "dumb", SHELL: "/bin/bash" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#reading = this.#read(this.#child.stdout);
  }

  async #read(stdout: ReadableStream<Uint8Array>): Promise<void> {
    for await (const bytes of stdout) this.#screen += new TextDecoder().decode(bytes);
  }

  /** What its prompts say. */
  get pid(): number {
    return Number(/<(\d+)>/.exec(this.#screen)![1]);
  }

  /** What has started it. */
  get parent(): number {
    return this.#child.pid;
  }

  /** Waits until it has shown this many prompts. */
  async prompts(count: number): Promise<void> {
    const limit = performance.now() + patient(30_000);
    while ((this.#screen.match(/<\d+>/g)?.length ?? 0) < count) {
      if (performance.now() > limit) throw new Error(`No prompt ${count}:\n${this.#screen}`);
      await delay(5);
    }
  }

  /** Types lines, each when it waits for one. */
  async type(...lines: string[]): Promise<void> {
    for (const line of lines) {
      const before = this.#screen.match(/<\d+>/g)!.length;
      await this.#stdin.write(new TextEncoder().encode(`${line}\n`));
      await this.prompts(before + 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode("exit\n"));
    await this.#child.status;
    await this.#stdin.close().catch(() => {});
    await this.#reading;
    Deno.removeSync(this.#rcfile);
  }
}

/** A copy of bash, as a container has a file of its own. */
export class OwnBash implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  /** The copy. */
  readonly path: string;

  constructor(name: string) {
    this.path = `${this.folder}/${name}`;
    Deno.copyFileSync("/bin/bash", this.path);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}
