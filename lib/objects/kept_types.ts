import { notesIn } from "../symbols/notes.ts";
import { type OpenFile, readFile } from "../sys/file.ts";
import { hasBtf } from "../sys/kernel.ts";
import { PrivateFolder } from "../sys/private_folder.ts";

/** On a file system that a boot begins empty. */
const FOLDER = "/run/denobpf";

/** Enough for the types of one object in a call or two: bytes. */
const CHUNK = 128 * 1024;

/** `NT_GNU_BUILD_ID` of elf.h. */
const BUILD_ID = 3;

/**
 * The types of the running kernel that one object needs, kept from its first run on: libbpf takes 10 ms of CPU
 * and more to read all of them. A file holds them twice and then its name, so that damage is seen. A wrong one
 * could make a program read the wrong member; what the program may do, the verifier judges as ever.
 */
export class KeptTypes implements Disposable {
  readonly #folder: string;
  /** The build id of the kernel, and the object's hash. */
  readonly #name: string;
  #file: OpenFile | undefined;
  /** What makes them: not loaded where they are there. */
  #make: typeof import("./needed_types.ts").neededTypes | undefined;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.#file = this.#open();
  }

  /**
   * @param hash identifies the object
   * @param folder where they are kept
   * @returns undefined where the kernel has no types, or does not say which build it is
   */
  static of(hash: string, folder = FOLDER): KeptTypes | undefined {
    const id = hasBtf() ? kernelBuildId() : undefined;
    return id === undefined ? undefined : new KeptTypes(folder, `${id}-${hash}`);
  }

  /** A path that libbpf can read them by, until this is closed; undefined if there are none. */
  get path(): string | undefined {
    return this.#file && `/proc/self/fd/${this.#file.fd}`;
  }

  /** Opens the file, if there is one that is whole. */
  #open(): OpenFile | undefined {
    using folder = PrivateFolder.open(this.#folder);
    const file = folder?.openFile(this.#name);
    if (file !== undefined && isWhole(file.readAll({ chunk: CHUNK }), this.#name)) return file;
    file?.[Symbol.dispose]();
  }

  /** Gets ready to {@link keep} them, where that is possible. */
  async prepare(): Promise<void> {
    if (this.#makeFolder()) this.#make = (await import("./needed_types.ts")).neededTypes;
  }

  #makeFolder(): boolean {
    using folder = PrivateFolder.open(this.#folder, { create: true });
    return folder !== undefined;
  }

  /**
   * Keeps the types that an object needs, if it is prepared for that.
   * @param object its bytes
   */
  keep(object: Uint8Array<ArrayBuffer>): void {
    using folder = PrivateFolder.open(this.#folder);
    const types = folder && this.#make?.(object);
    if (types === undefined) return;
    const name = new TextEncoder().encode(this.#name);
    const file = new Uint8Array(2 * types.length + name.length);
    file.set(types);
    file.set(types, types.length);
    file.set(name, 2 * types.length);
    folder!.write(this.#name, file);
  }

  /** Removes the file: with it something failed. */
  forget(): void {
    using folder = PrivateFolder.open(this.#folder);
    folder?.remove(this.#name);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }
}

function isWhole(file: Uint8Array, name: string): boolean {
  const size = (file.length - name.length) / 2;
  if (size <= 0 || !Number.isInteger(size)) return false;
  const text = (from: number, to?: number) =>
    new TextDecoder("latin1").decode(file.subarray(from, to));
  return text(0, size) === text(size, 2 * size) && text(2 * size) === name;
}

/** The build id of the running kernel, in hexadecimal digits: /sys/kernel/notes has it. */
function kernelBuildId(): string | undefined {
  try {
    for (const { name, type, description } of notesIn(readFile("/sys/kernel/notes"), 4)) {
      if (name !== "GNU" || type !== BUILD_ID) continue;
      return Array.from(description, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }
  } catch {
    return undefined;
  }
}
