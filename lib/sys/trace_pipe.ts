import { EAGAIN, SystemError } from "./errno.ts";
import { OpenFile } from "./file.ts";
import { mountTracefs } from "./mounts.ts";

/** The kernel gives no more than a page or two at once: see tracing_read_pipe() of kernel/trace/trace.c. */
const CHUNK = 8 * 1024;

/** This many reads at most make one look into the pipe: somebody may write faster than we read. */
const MOST_READS = 1024;

/** What the kernel puts in the place of lines that it had no room for. */
const LOST = /^CPU:\d+ \[LOST (\d+) EVENTS\]$/;

/**
 * The trace pipe of tracefs, where bpf_printk() of all BPF programs on the host writes to. A line is
 * read once, and one program at a time may read.
 *
 * @example
 * ```ts
 * import { BpfObject, testRun, TracePipe } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/xdp.bpf.o");
 * object.load();
 * using pipe = TracePipe.open();
 * testRun(object.program("xdp_pass"), { data: new Uint8Array(64) });
 * for (const line of pipe.read()) console.log(line); // ... bpf_trace_printk: packet size: 64
 * ```
 */
export class TracePipe implements Disposable {
  readonly #file: OpenFile;
  readonly #decoder = new TextDecoder();
  /** The beginning of a line whose end has not been read yet. */
  #begun = "";
  #lost = 0n;

  private constructor(file: OpenFile) {
    this.#file = file;
  }

  /**
   * Opens the pipe and skips what is in it. Where tracefs is not mounted, it is.
   * @throws {SystemError} EBUSY while another program reads it
   */
  static open(): TracePipe {
    const file = OpenFile.open(`${mountTracefs()}/trace_pipe`, { nonblocking: true });
    const pipe = new TracePipe(file);
    try {
      pipe.read();
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
    pipe.#lost = 0n;
    return pipe;
  }

  /** How many lines the kernel had no room for, since this was opened. */
  get lost(): bigint {
    return this.#lost;
  }

  /**
   * The lines that are in the pipe now, without their newlines. It does not wait.
   * @throws {SystemError} EBUSY while another program reads it
   */
  read(): string[] {
    const lines = (this.#begun + this.#text()).split("\n");
    this.#begun = lines.pop()!;
    return lines.filter((line) => line !== "" && !this.#isLoss(line));
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #text(): string {
    let text = "";
    for (let reads = 0; reads < MOST_READS; reads++) {
      const bytes = this.#chunk();
      if (bytes.length === 0) break;
      text += this.#decoder.decode(bytes, { stream: true });
    }
    return text;
  }

  #chunk(): Uint8Array<ArrayBuffer> {
    try {
      return this.#file.read(CHUNK);
    } catch (error) {
      if (error instanceof SystemError && error.errno === EAGAIN) return new Uint8Array();
      throw error;
    }
  }

  #isLoss(line: string): boolean {
    const loss = LOST.exec(line);
    if (loss !== null) this.#lost += BigInt(loss[1]);
    return loss !== null;
  }
}
