import type { LoopDevice } from "./loop_device.ts";

/** An array of md that mirrors two disks, made without mdadm: Documentation/admin-guide/md.rst. */
export class Mirror implements Disposable {
  /** `md_denobpf_123` */
  readonly name = `md_denobpf_${Deno.pid}`;

  /** @param size of each disk, in bytes */
  constructor(disks: readonly LoopDevice[], size: number) {
    write("/sys/module/md_mod/parameters/new_array", this.name);
    this.#set("metadata_version", "none");
    this.#set("level", "raid1");
    this.#set("raid_disks", String(disks.length));
    this.#set("component_size", String(size / 1024));
    disks.forEach(({ name }, slot) => {
      this.#set("new_dev", Deno.readTextFileSync(`/sys/block/${name}/dev`).trim());
      this.#set(`dev-${name}/size`, String(size / 1024));
      this.#set(`dev-${name}/slot`, String(slot));
    });
    // without a first copy from one to the other
    this.#set("resync_start", "none");
    this.#set("array_state", "active");
  }

  #set(name: string, value: string): void {
    write(`/sys/block/${this.name}/md/${name}`, value);
  }

  /** Linux 7 keeps the name of an array that has no disks any more. */
  [Symbol.dispose](): void {
    this.#set("array_state", "clear");
  }
}

function write(path: string, value: string): void {
  Deno.writeTextFileSync(path, value, { create: false });
}
