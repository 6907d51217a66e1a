import type { Codec, EventCodec, RecordView } from "../btf/codec.ts";
import type { DataSection } from "../objects/data_section.ts";
import type { Link } from "../objects/link.ts";
import type { BpfMap } from "../objects/map.ts";
import { BpfObject, type OpenOptions } from "../objects/object.ts";
import { perCpu } from "../objects/per_cpu.ts";
import type { Program } from "../objects/program.ts";
import type { RingBuffer } from "../objects/ring_buffer.ts";

/**
 * What every generated skeleton is built on. The generated class declares `maps`, `progs`, `links` and
 * the sections of global variables; this class gives them life, and {@link Opened} and {@link Loaded}
 * show of them what each phase allows.
 */
export abstract class Skeleton implements Disposable, AsyncDisposable {
  readonly #object: BpfObject;
  abstract readonly maps: Record<string, unknown>;
  abstract readonly progs: Record<string, Program>;
  abstract readonly links: Record<string, Link | null>;

  /** @param object the bytes of the BPF object */
  protected constructor(name: string, object: () => Uint8Array<ArrayBuffer>, options: OpenOptions) {
    this.#object = BpfObject.open(object(), { name, ...options });
  }

  /** Where the object stands: `opened`, `loaded` or `closed`. */
  get phase(): "opened" | "loaded" | "closed" {
    return this.#object.phase;
  }

  /** Loads the object into the kernel; see {@link BpfObject.load} for what it throws. */
  load(): Loaded<this> {
    this.#object.load();
    return this as unknown as Loaded<this>;
  }

  /** Attaches all programs that name their hook; the links are in `links`. */
  attach(): Loaded<this> {
    for (const [program, link] of this.#object.attach()) this.links[program] = link;
    return this as unknown as Loaded<this>;
  }

  /** Detaches the programs; maps and variables can still be read. */
  async detach(): Promise<void> {
    await Promise.all(Object.values(this.links).map((link) => link?.destroyLater()));
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#object[Symbol.asyncDispose]();
  }

  protected program(name: string): Program {
    return this.#agreed(() => this.#object.program(name));
  }

  protected map<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V> {
    return this.#agreed(() => this.#object.map(name, key, value));
  }

  protected perCpuMap<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V[]> {
    return this.#agreed(() => this.#object.map(name, key, perCpu(value)));
  }

  protected ringBuffer<T, V extends RecordView>(
    name: string,
    codec: EventCodec<T, V>,
  ): RingBuffer<T, V> {
    return this.#agreed(() => this.#object.ringBuffer(name, codec));
  }

  /** @param size what the generator found, in bytes */
  protected section(name: string, size: number): DataSection {
    return this.#agreed(() => {
      const section = this.#object.section(name);
      if (section.size === size) return section;
      throw new Error(`${name} has ${section.size} bytes, not ${size}`);
    });
  }

  /** A skeleton whose object is another than the one it was generated from closes and says so. */
  #agreed<T>(find: () => T): T {
    try {
      return find();
    } catch (error) {
      this.#object[Symbol.dispose]();
      const reason = error instanceof Error ? error.message : error;
      throw new Error(`The skeleton and its object disagree (${reason}): build both again`);
    }
  }
}

/** A map before load: it has no entries yet, and can be resized. */
export type OpenedMap = Pick<BpfMap, "name" | "maxEntries">;

/** A program before load. */
export type OpenedProgram = Pick<Program, "name" | "section" | "autoload" | "autoattach">;

/** A program once it is loaded. */
export type LoadedProgram = Omit<Program, "autoload"> & { readonly autoload: boolean };

type Sections<T> = Omit<T, keyof Skeleton>;

/** A skeleton between open and load: variables, sizes and programs can be set. */
export type Opened<T extends Skeleton> =
  & Sections<T>
  & {
    readonly maps: { readonly [K in keyof T["maps"]]: OpenedMap };
    readonly progs: { readonly [K in keyof T["progs"]]: OpenedProgram };
    /** Loads the object into the kernel; see {@link BpfObject.load} for what it throws. */
    load(): Loaded<T>;
  }
  & Pick<T, "phase" | typeof Symbol.dispose | typeof Symbol.asyncDispose>;

/** A skeleton after load: constants can be read, maps used, programs attached. */
export type Loaded<T extends Skeleton> =
  & {
    readonly [K in keyof Sections<T>]: K extends "rodata" | `rodata_${string}`
      ? Readonly<Sections<T>[K]>
      : Sections<T>[K];
  }
  & { readonly progs: { readonly [K in keyof T["progs"]]: LoadedProgram } }
  & Pick<T, "phase" | "maps" | "links" | "detach">
  & {
    /** Attaches all programs that name their hook; the links are in `links`. */
    attach(): Loaded<T>;
  }
  & Pick<T, typeof Symbol.dispose | typeof Symbol.asyncDispose>;
