/** Processes that send something to themselves by TLS: tests/workloads/tls.c. */
import { blockedIn, READ } from "./asked.ts";

export const tls = new URL("../../build/tests/tls", import.meta.url).pathname;

/** What a process writes at once in each round. */
export const SIZES: readonly number[] = [1, 17, 1009, 4099, 16384, 16411, 20011];

/** What a record of TLS has at most. */
export const RECORD = 16_384;

export type TlsLibrary = "openssl" | "gnutls";

/** The bytes of a write of this size. */
export const written = (size: number) =>
  Uint8Array.from({ length: size }, (_, i) => (i + size) % 251);

/** A library of its own, as a container has it: a copy, in a folder that the process searches. */
export class OwnLibrary implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  /** The copy. */
  readonly path: string;

  /** @param name `libssl.so.3` */
  constructor(name: string) {
    const { stdout } = new Deno.Command("ldconfig", {
      args: ["-p"],
      env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
    }).outputSync();
    const [, path] = new RegExp(`^\\s*${name.replaceAll(".", "\\.")} .*=> (.*)$`, "m")
      .exec(new TextDecoder().decode(stdout))!;
    this.path = `${this.folder}/${name}`;
    Deno.copyFileSync(path, this.path);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** A process that opens the library, and sends, when it is let go. */
export class TlsProcess {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;

  /** Starts it, and waits until it waits. @param own its library, if it is not that of the host */
  static async start(library: TlsLibrary, own?: OwnLibrary): Promise<TlsProcess> {
    const one = new TlsProcess(library, own);
    await blockedIn(one.pid, READ);
    return one;
  }

  private constructor(library: TlsLibrary, own?: OwnLibrary) {
    this.#child = new Deno.Command(tls, {
      args: [library],
      env: own ? { LD_LIBRARY_PATH: own.folder } : {},
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Lets it send for another round. */
  go(): Promise<void> {
    return this.#stdin.write(Uint8Array.of(10));
  }

  /** Waits for its end. @returns its calls, as `SSL_write 17` */
  async calls(): Promise<string[]> {
    await this.#stdin.close();
    const { stdout, success } = await this.#child.output();
    if (!success) throw new Error(`${tls} has failed`);
    return new TextDecoder().decode(stdout).trim().split("\n");
  }
}
