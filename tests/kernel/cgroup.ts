import { cgroupMount } from "#lib/sys/cgroups.ts";
import { delay } from "./patience.ts";

/** A cgroup of its own, of version 2 unless told; it is removed with those in it. */
export class Cgroup implements AsyncDisposable {
  readonly path: string;

  constructor(mount = cgroupMount()!) {
    this.path = `${mount}/denobpf-${crypto.randomUUID()}`;
    Deno.mkdirSync(this.path);
  }

  /** The command line that runs a command in the cgroup. */
  command(...command: string[]): string[] {
    return ["sh", "-c", `echo 0 > ${this.path}/cgroup.procs && exec "$@"`, "sh", ...command];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What has just ended is still in it for a moment.
    for (let tries = 0; !this.#removed() && tries < 100; tries++) await delay(20);
  }

  #removed(): boolean {
    try {
      for (const { name, isDirectory } of Deno.readDirSync(this.path)) {
        if (isDirectory) Deno.removeSync(`${this.path}/${name}`);
      }
      Deno.removeSync(this.path);
      return true;
    } catch {
      return false;
    }
  }
}
