/** A disk of a test's own: a loop device on a file. */
export class LoopDevice implements Disposable {
  /** `/dev/loop0` */
  readonly path: string;
  readonly #owned = new DisposableStack();

  /**
   * @param size in bytes
   * @param room how many bytes can be written until a write fails, if not all
   * @param file its file, which stays there; one of its own if left out
   */
  constructor(size = 4 << 20, room?: number, file = this.#ownFile(room)) {
    Deno.writeFileSync(file, new Uint8Array());
    Deno.truncateSync(file, size);
    this.path = run("losetup", "--find", "--show", "--partscan", file).trim();
    this.#owned.defer(() => run("losetup", "--detach", this.path));
  }

  /** The path of a file that is removed with the disk. */
  #ownFile(room?: number): string {
    const dir = this.#owned.adopt(Deno.makeTempDirSync(), (path) => Deno.removeSync(path));
    if (room !== undefined) this.#mount(dir, "-t", "tmpfs", "-o", `size=${room}`, "none");
    return this.#owned.adopt(`${dir}/disk`, (path) => Deno.removeSync(path));
  }

  /** `loop0` */
  get name(): string {
    return this.path.slice("/dev/".length);
  }

  /** Its device number as tracepoints print it: `7,0` */
  get numbers(): string {
    return Deno.readTextFileSync(`/sys/block/${this.name}/dev`).trim().replace(":", ",");
  }

  /** Requests that have ended, by the kernel's own count: Documentation/block/stat.rst. */
  counts(): { reads: number; writes: number; merged: number; written: number; flushes: number } {
    const stat = Deno.readTextFileSync(`/sys/block/${this.name}/stat`).trim().split(/ +/).map(
      Number,
    );
    return {
      reads: stat[0],
      writes: stat[4],
      merged: stat[5],
      written: stat[6] * 512,
      flushes: stat[15],
    };
  }

  /** Gives it a scheduler. Returns whether the kernel has that: it may be a module. */
  schedule(name: string): boolean {
    try {
      Deno.writeTextFileSync(`/sys/block/${this.name}/queue/scheduler`, name);
      return true;
    } catch {
      return false;
    }
  }

  /** Adds a partition from 1 MiB on. Returns its name: `loop0p1`. */
  addPartition(): string {
    run("addpart", this.path, "1", "2048", "2048");
    this.#owned.defer(() => run("delpart", this.path, "1"));
    return `${this.name}p1`;
  }

  /** Mounts the file system on it. Returns the folder, to be disposed before the disk. */
  mount(...options: string[]): Disposable & { path: string } {
    const path = Deno.makeTempDirSync();
    run("mount", ...options, this.path, path);
    return {
      path,
      [Symbol.dispose]() {
        run("umount", path);
        Deno.removeSync(path);
      },
    };
  }

  #mount(path: string, ...args: string[]): void {
    run("mount", ...args, path);
    this.#owned.defer(() => run("umount", path));
  }

  /** The command that reads this many blocks of 4 KiB, each with a request. */
  reads(count: number): string[] {
    return ["dd", `if=${this.path}`, "of=/dev/null", "bs=4k", `count=${count}`, "iflag=direct"];
  }

  /** The command that writes them. */
  writes(count: number): string[] {
    return ["dd", "if=/dev/zero", `of=${this.path}`, "bs=4k", `count=${count}`, "oflag=direct"];
  }

  /** The command that writes one block and flushes the disk. */
  flush(): string[] {
    return ["dd", "if=/dev/zero", `of=${this.path}`, "bs=4k", "count=1", "conv=fsync"];
  }

  /** Writes blocks of 4 KiB through the page cache, 64 KiB from one another, and waits for the disk. */
  writeApart(count: number): void {
    using disk = Deno.openSync(this.path, { write: true });
    for (let i = 0; i < count; i++) {
      disk.seekSync(i * 65_536, Deno.SeekMode.Start);
      disk.writeSync(new Uint8Array(4096).fill(i));
    }
    disk.syncDataSync();
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}

/** Runs a command to its end, and returns what it prints. */
export function run(...[command, ...args]: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
