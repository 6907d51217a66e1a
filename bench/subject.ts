/** A program under measurement, while something else makes the events. */

/** The kernel counts time on a CPU in hundredths of a second (USER_HZ, man 5 proc). */
const MS_PER_TICK = 10;

export class Subject implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #started = Promise.withResolvers<boolean>();
  readonly #read: Promise<void>;
  #text = "";

  private constructor(child: Deno.ChildProcess, from: "stdout" | "stderr") {
    this.#child = child;
    this.#reader = child[from].pipeThrough(new TextDecoderStream()).getReader();
    this.#read = this.#readAll();
  }

  /** Reads all the time: a full pipe would hold the program up, and it would lose events. */
  async #readAll(): Promise<void> {
    for (let part = await this.#reader.read(); !part.done; part = await this.#reader.read()) {
      this.#text += part.value;
      if (this.#text.includes("\n")) this.#started.resolve(true);
    }
    this.#started.resolve(false);
  }

  /**
   * Starts a command and waits until it has written a line to `from`; its other output goes to
   * /dev/null.
   */
  static async start(
    [program, ...args]: readonly string[],
    from: "stdout" | "stderr" = "stderr",
  ): Promise<Subject> {
    const other = from === "stdout" ? "stderr" : "stdout";
    const command = new Deno.Command(program, {
      args,
      stdin: "null",
      ...{ [from]: "piped", [other]: "null" },
    });
    const subject = new Subject(command.spawn(), from);
    if (!await subject.#started.promise) {
      throw new Error(`${program} ${args.join(" ")} ended before it was ready`);
    }
    return subject;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Time on a CPU so far, that of all its threads, in milliseconds. */
  cpuMs(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.pid}/stat`);
    // utime and stime are fields 14 and 15; the second field, in brackets, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  }

  /** Resident memory now, in bytes: all of it, or what is not pages of files (see man 5 proc). */
  residentBytes(part: "VmRSS" | "RssAnon" = "VmRSS"): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(new RegExp(`^${part}:\\s+(\\d+) kB$`, "m").exec(status)![1]) * 1024;
  }

  /** Ends it with SIGINT. @returns everything that it wrote */
  async stop(): Promise<string> {
    this.#child.kill("SIGINT");
    await this.#read;
    await this.#child.status;
    return this.#text;
  }

  /** The same, for one whose last line is a report in JSON. */
  async report<T>(): Promise<T> {
    const text = await this.stop();
    return JSON.parse(text.trim().split("\n").at(-1)!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#reader.cancel();
    await this.#child.status;
  }
}
