import { ElfFile } from "#lib/symbols/elf.ts";

/** The workload tests/workloads/probed.c: it takes steps when it is asked to; or named.c, whose are others. */
export class Probed implements AsyncDisposable {
  static readonly path = new URL("../../build/tests/probed", import.meta.url).pathname;
  static readonly named = new URL("../../build/tests/named", import.meta.url).pathname;

  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.getReader();
  }

  /** Starts a process that takes this many steps at each {@link go}. */
  static start(...steps: number[]): Probed {
    return Probed.#of(Probed.path, steps.map(String));
  }

  /** Starts tests/workloads/named.c. */
  static startNamed(): Probed {
    return Probed.#of(Probed.named, []);
  }

  static #of(path: string, args: string[]): Probed {
    const options = { args, stdin: "piped", stdout: "piped" } as const;
    return new Probed(new Deno.Command(path, options).spawn());
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves when the steps have been taken. */
  async go(): Promise<void> {
    await this.#writer.write(Uint8Array.of(0));
    await this.#reader.read();
  }

  /** Where a function is in the file, in bytes from its start. */
  static offsetOf(name: string): number {
    using file = ElfFile.open(Probed.path);
    return file.find(name)!.fileOffset!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#child.status;
  }
}
