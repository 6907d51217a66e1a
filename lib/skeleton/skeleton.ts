import type { Codec, EventCodec, RecordView } from "../btf/codec.ts";
import type { ObjectMap } from "../objects/any_map.ts";
import { BpfError } from "../objects/errors.ts";
import type { DataSection } from "../objects/data_section.ts";
import type { Phase } from "../objects/lifetime.ts";
import type { Link } from "../objects/link.ts";
import { BpfMap } from "../objects/map.ts";
import { BpfObject, type OpenOptions } from "../objects/object.ts";
import { perCpu } from "../objects/per_cpu.ts";
import type { Program } from "../objects/program.ts";
import { RingBuffer } from "../objects/ring_buffer.ts";

/**
 * What every generated skeleton is built on. The generated class declares `maps`, `progs`, `links` and
 * the sections of global variables; this class gives them life, and {@link Opened} and {@link Loaded}
 * show of them what each phase allows.
 */
export abstract class Skeleton implements Disposable, AsyncDisposable {
  readonly #object: BpfObject;
  /** The maps, by their names. */
  abstract readonly maps: Record<string, unknown>;
  /** The programs, by their names. */
  abstract readonly progs: Record<string, Program>;
  /** The links of the programs that are attached. */
  abstract readonly links: Record<string, Link | null>;

  /**
   * Opens the object; nothing is loaded yet.
   * @param object the bytes of the BPF object
   * @param hash of these bytes
   */
  protected constructor(
    name: string,
    object: () => Uint8Array<ArrayBuffer>,
    options: OpenOptions,
    hash?: string,
  ) {
    this.#object = BpfObject.open(object(), { name, hash, ...options });
  }

  /** Where the object stands: `opened`, `loaded`, `closing` while links are destroyed, or `closed`. */
  get phase(): Phase {
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

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }

  /** The same, off this thread. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#object[Symbol.asyncDispose]();
  }

  /** A program of the object. */
  protected program(name: string): Program {
    return this.#agreed(() => this.#object.program(name));
  }

  /** A map of the object. */
  protected map<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V> {
    return this.mapOf(name, (map) => new BpfMap(map, key, value));
  }

  protected perCpuMap<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V[]> {
    return this.mapOf(name, (map) => new BpfMap(map, key, perCpu(value)));
  }

  /** A ring buffer of the object. */
  protected ringBuffer<T, V extends RecordView>(
    name: string,
    codec: EventCodec<T, V>,
  ): RingBuffer<T, V> {
    return this.mapOf(name, (map) => new RingBuffer(map, codec));
  }

  /** Any other kind of map: the skeleton imports its class. */
  protected mapOf<M extends object>(name: string, make: (map: ObjectMap) => M): M {
    return this.#agreed(() => this.#object.mapOf(name, make, true));
  }

  /**
   * A section of global variables.
   * @param size what the generator found, in bytes
   */
  protected section(name: string, size: number): DataSection {
    return this.#agreed(() => {
      const section = this.#object.dataSection(name);
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
      if (error instanceof BpfError) throw error;
      const reason = error instanceof Error ? error.message : error;
      throw new Error(`The skeleton and its object disagree (${reason}): build both again`);
    }
  }
}

/** A map before load: it has no entries yet, and can be resized, pinned or replaced. */
export type OpenedMap<M = unknown> =
  & Pick<BpfMap, "name" | "maxEntries" | "extra" | "autocreate" | "pinPath" | "reuse">
  & Pick<M, keyof M & ("bytesPerCpu" | "setInnerMap")>;

/** A program before load. */
export type OpenedProgram =
  & Pick<Program, "name" | "section" | "instructions" | "setAttachTarget">
  & Pick<Program, ProgramSetting | "autoattach">;

/** What can be set before load only. */
type ProgramSetting = "autoload" | "type" | "attachType" | "flags" | "logLevel";

/** A program once it is loaded. */
export type LoadedProgram =
  & Omit<Program, ProgramSetting | "setAttachTarget">
  & Readonly<Pick<Program, ProgramSetting>>;

type Sections<T> = Omit<T, keyof Skeleton>;

/** A skeleton between open and load: variables, sizes and programs can be set. */
export type Opened<T extends Skeleton> =
  & Sections<T>
  & {
    readonly maps: { readonly [K in keyof T["maps"]]: OpenedMap<T["maps"][K]> };
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
