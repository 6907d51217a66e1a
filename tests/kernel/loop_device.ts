/** A disk of a test's own: a loop device on a file. */
export class LoopDevice implements Disposable {
  /** `/dev/loop0` */
  readonly path: string;
  readonly #file: string;

  constructor() {
    this.#file = Deno.makeTempFileSync();
    Deno.truncateSync(this.#file, 4 << 20);
    this.path = run("losetup", "--find", "--show", this.#file).trim();
  }

  /** `loop0` */
  get name(): string {
    return this.path.slice("/dev/".length);
  }

  /** Requests that have ended, by the kernel's own count: Documentation/block/stat.rst. */
  counts(): { reads: number; writes: number; flushes: number } {
    const stat = Deno.readTextFileSync(`/sys/block/${this.name}/stat`).trim().split(/ +/);
    return { reads: Number(stat[0]), writes: Number(stat[4]), flushes: Number(stat[15]) };
  }

  /** The command that reads this many blocks of 4 KiB, each with a request. */
  reads(count: number): string[] {
    return ["dd", `if=${this.path}`, "of=/dev/null", "bs=4k", `count=${count}`, "iflag=direct"];
  }

  /** The command that writes them. */
  writes(count: number): string[] {
    return ["dd", "if=/dev/zero", `of=${this.path}`, "bs=4k", `count=${count}`, "oflag=direct"];
  }

  [Symbol.dispose](): void {
    run("losetup", "--detach", this.path);
    Deno.removeSync(this.#file);
  }
}

/** Runs a command to its end, and returns what it prints. */
export function run(...[command, ...args]: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
