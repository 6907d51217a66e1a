import type { Codec, EventCodec, RecordView } from "../btf/codec.ts";
import { libbpf } from "../libbpf/library.ts";
import { withLog } from "../libbpf/log.ts";
import { OptionStruct } from "../libbpf/options.ts";
import { mapSizes, mapTypes, objects, typeInformation } from "../libbpf/symbols.ts";
import { DataSection } from "./data_section.ts";
import { explain } from "./diagnosis.ts";
import { BpfError, lastError } from "./errors.ts";
import { Lifetime } from "./lifetime.ts";
import type { Link } from "./link.ts";
import { BpfMap } from "./map.ts";
import { Program } from "./program.ts";
import { RingBuffer } from "./ring_buffer.ts";

/** How an object is opened. */
export interface OpenOptions {
  /** The object's name, of which the kernel keeps 15 bytes; by default the file's. */
  name?: string;
  /** A file with the kernel's BTF, for a host whose kernel has none. */
  btf_custom_path?: string;
}

/** `struct bpf_object_open_opts` of libbpf 1.0.1 and later; offsets in bytes. */
const OPEN_OPTIONS = { size: 80, object_name: 8, btf_custom_path: 48 };

/** `enum bpf_map_type` of include/uapi/linux/bpf.h. */
const BPF_MAP_TYPE_RINGBUF = 27;

/** What is known of a map before it is loaded. */
export interface MapInfo {
  readonly name: string;
  /** `enum bpf_map_type`. */
  readonly type: number;
  /** Size of a key in bytes. */
  readonly keySize: number;
  /** Size of a value in bytes. */
  readonly valueSize: number;
  /** BTF type ids, 0 where the map declares none. */
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  /** Whether libbpf made it for a data section. */
  readonly internal: boolean;
}

/** Warns of an object that was lost unclosed: nothing is ever closed behind the user's back. */
const unclosed = new FinalizationRegistry<string>((name) =>
  console.error(`denobpf: the BPF object ${name} was lost without being closed; use "using"`)
);

/**
 * A BPF object file through its life: open, load, attach, close. Skeletons are built on this; use it
 * directly for objects that are known only at run time.
 *
 * ```ts ignore
 * using object = BpfObject.open("hello.bpf.o");
 * object.load();
 * object.attach();
 * ```
 */
export class BpfObject implements Disposable, AsyncDisposable {
  /** FFI: freed by bpf_object__close. */
  readonly #pointer: Deno.PointerObject;
  readonly #lifetime: Lifetime;
  readonly #mapPointers: ReadonlyMap<string, Deno.PointerObject>;
  readonly #sections = new Map<string, DataSection>();
  readonly #rings: RingBuffer<unknown>[] = [];
  readonly #links: Link[] = [];
  /** The programs, in the order of the object. */
  readonly programs: readonly Program[];

  private constructor(pointer: Deno.PointerObject, name: string) {
    this.#pointer = pointer;
    this.#lifetime = new Lifetime(name);
    const lib = objects();
    this.programs = walk(
      (last) => lib.bpf_object__next_program(pointer, last),
      lib.bpf_program__name,
    ).map(([name, program]) =>
      new Program(name, program, this.#lifetime, (link) => this.#links.push(link))
    );
    const found = walk((last) => lib.bpf_object__next_map(pointer, last), lib.bpf_map__name);
    this.#mapPointers = new Map(found.map(([name, map]) => [sectionName(name), map]));
    unclosed.register(this, name, this);
  }

  /**
   * Opens an object: the ELF file is parsed, nothing is given to the kernel yet.
   * @param source the object's bytes, or the path of its file
   * @throws {BpfError} if these are not a BPF object, {@link LibraryError} without a fit libbpf
   */
  static open(source: Uint8Array<ArrayBuffer> | string, options: OpenOptions = {}): BpfObject {
    const bytes = typeof source === "string" ? Deno.readFileSync(source) : source;
    const name = options.name ??
      (typeof source === "string"
        ? source.replace(/^.*\//, "").replace(/(\.bpf)?\.o$/, "")
        : "object");
    libbpf();
    const struct = new OptionStruct(OPEN_OPTIONS.size)
      .string(OPEN_OPTIONS.object_name, name)
      .string(OPEN_OPTIONS.btf_custom_path, options.btf_custom_path);
    const { result, log } = withLog(() =>
      objects().bpf_object__open_mem(bytes, BigInt(bytes.length), struct.bytes) ?? lastError()
    );
    if (typeof result === "number") throw explain(`open ${name}`, result, log);
    return new BpfObject(result, name);
  }

  get name(): string {
    return this.#lifetime.name;
  }

  /** Where the object stands: `opened`, `loaded` or `closed`. */
  get phase(): "opened" | "loaded" | "closed" {
    return this.#lifetime.phase;
  }

  /** @throws {Error} if there is no such program */
  program(name: string): Program {
    const found = this.programs.find((program) => program.name === name);
    return found ?? missing("program", name, this, this.programs.map((program) => program.name));
  }

  /**
   * The map `name`, with the given types for its keys and values.
   * @throws {Error} if there is no such map, or the sizes differ
   */
  map<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V> {
    return new BpfMap(name, this.#map(name), this.#lifetime, key, value);
  }

  /** @throws {Error} if there is no such map */
  ringBuffer<T, V extends RecordView>(name: string, codec: EventCodec<T, V>): RingBuffer<T, V> {
    const ring = new RingBuffer(name, this.#map(name), this.#lifetime, codec);
    this.#rings.push(ring as RingBuffer<unknown>);
    return ring;
  }

  /**
   * The variables of a section: `.bss`.
   * @throws {Error} if there is no such section
   */
  section(name: string): DataSection {
    const known = this.#sections.get(name);
    if (known !== undefined) return known;
    const section = new DataSection(name, this.#map(name), this.#lifetime);
    if (this.phase === "loaded") section.becomeLive();
    this.#sections.set(name, section);
    return section;
  }

  /** What the object says of its maps, data sections included. */
  describeMaps(): MapInfo[] {
    this.#lifetime.mustBeOpen("describe the maps");
    return [...this.#mapPointers].map(([name, map]) => ({
      name,
      type: objects().bpf_map__type(map),
      keySize: mapSizes().bpf_map__key_size(map),
      valueSize: mapSizes().bpf_map__value_size(map),
      keyTypeId: mapTypes().bpf_map__btf_key_type_id(map),
      valueTypeId: mapTypes().bpf_map__btf_value_type_id(map),
      internal: mapTypes().bpf_map__is_internal(map),
    }));
  }

  /** The object's BTF, raw; libbpf has filled in the offsets of the variables. A copy. */
  btf(): Uint8Array<ArrayBuffer> {
    this.#lifetime.mustBeOpen("read the BTF");
    const lib = typeInformation();
    const btf = lib.bpf_object__btf(this.#pointer);
    if (btf === null) {
      throw new BpfError(`read the BTF of ${this.name}`, lastError(), "compile it with clang -g");
    }
    const size = new Uint32Array(1);
    const data = lib.btf__raw_data(btf, new Uint8Array(size.buffer));
    if (data === null) throw new BpfError(`read the BTF of ${this.name}`, lastError());
    return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(data, size[0]).slice(0));
  }

  /**
   * Loads the object into the kernel: maps are made, CO-RE relocations applied, programs verified.
   * @throws {VerifierError} if the verifier rejects a program
   * @throws {PermissionError | UnsupportedError | BpfError} if the host will not have it
   */
  load(): void {
    this.#lifetime.mustBeOpened("load");
    this.#freeRingValues();
    const { result, log } = withLog(() => objects().bpf_object__load(this.#pointer));
    if (result < 0) throw explain(`load ${this.name}`, -result, log);
    this.#lifetime.enter("loaded");
    for (const section of this.#sections.values()) section.becomeLive();
  }

  /**
   * Attaches every program whose `autoload` and `autoattach` are set and whose section names a hook.
   * @returns the links, by program; if one fails, those before it are destroyed
   * @throws {BpfError}
   */
  attach(): Map<string, Link> {
    this.#lifetime.mustBeLoaded("attach");
    const links = new Map<string, Link>();
    try {
      for (const program of this.programs) {
        if (!program.autoload || !program.autoattach) continue;
        const link = program.tryAttach();
        if (link !== undefined) links.set(program.name, link);
      }
    } catch (error) {
      for (const link of links.values()) link.destroy();
      throw error;
    }
    return links;
  }

  /** Destroys the links, unmaps the rings, closes the object. A second call does nothing. */
  [Symbol.dispose](): void {
    if (this.phase === "closed") return;
    for (const link of this.#links) link.destroy();
    this.#close();
  }

  /** The same, with the links destroyed side by side: classic tracepoints take 70 ms each. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.phase === "closed") return;
    await Promise.all(this.#links.map((link) => link.destroyLater()));
    this.#close();
  }

  #close(): void {
    if (this.phase === "closed") return;
    for (const ring of this.#rings) ring[Symbol.dispose]();
    for (const section of this.#sections.values()) section.detach();
    this.#lifetime.enter("closed");
    objects().bpf_object__close(this.#pointer);
    unclosed.unregister(this);
  }

  #map(name: string): Deno.PointerObject {
    this.#lifetime.mustBeOpen(`use map ${name}`);
    const pointer = this.#mapPointers.get(name);
    return pointer ?? missing("map", name, this, [...this.#mapPointers.keys()]);
  }

  /**
   * `__type(value, struct event)` tells the generator a ring's event type, and libbpf takes it for a
   * value size, which the kernel refuses for a ring buffer: it is set back to 0.
   */
  #freeRingValues(): void {
    const lib = objects();
    for (const map of this.#mapPointers.values()) {
      if (lib.bpf_map__type(map) === BPF_MAP_TYPE_RINGBUF) lib.bpf_map__set_value_size(map, 0);
    }
  }
}

/** Walks one of libbpf's lists, `next(last)`, and reads each name. */
function walk(
  next: (last: Deno.PointerValue) => Deno.PointerValue,
  name: (item: Deno.PointerValue) => Deno.PointerValue,
): [name: string, item: Deno.PointerObject][] {
  const found: [string, Deno.PointerObject][] = [];
  for (let item = next(null); item !== null; item = next(item)) {
    found.push([Deno.UnsafePointerView.getCString(name(item)!), item]);
  }
  return found;
}

/** libbpf puts the object's name before the section's, `execsnoo.rodata`; `.data.custom` stays. */
function sectionName(map: string): string {
  return map.replace(/^[^.]+(?=\.(rodata|data|bss|kconfig)$)/, "");
}

function missing(kind: string, name: string, object: BpfObject, known: string[]): never {
  throw new Error(`${object.name} has no ${kind} ${name}; it has: ${known.join(", ") || "none"}`);
}
