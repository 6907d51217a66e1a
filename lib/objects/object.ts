import type { Codec, EventCodec, RecordView } from "../btf/codec.ts";
import { LibraryError } from "../libbpf/error.ts";
import { libbpf, libbpfVersion } from "../libbpf/library.ts";
import { withLog } from "../libbpf/log.ts";
import { OptionStruct } from "../libbpf/options.ts";
import { mapSizes, objects, typeInformation } from "../libbpf/symbols.ts";
import { btfFile } from "../sys/kernel.ts";
import { textAt } from "../sys/libc.ts";
import { ObjectMap, pinnedMisfit, typeName } from "./any_map.ts";
import { DataSection } from "./data_section.ts";
import { explain, explainLoad } from "./diagnosis.ts";
import { BpfError, lastError } from "./errors.ts";
import { KeptTypes } from "./kept_types.ts";
import { Lifetime, type Phase } from "./lifetime.ts";
import type { Attachment, Link } from "./link.ts";
import { BpfMap } from "./map.ts";
import { describeMap, type MapDescription } from "./map_description.ts";
import { Program } from "./program.ts";
import { RingBuffer } from "./ring_buffer.ts";
import { Section } from "./section.ts";

export type { MapDescription } from "./map_description.ts";

/** How an object is opened. */
export interface OpenOptions {
  /** The object's name, of which the kernel keeps 15 bytes; by default the file's. */
  name?: string;
  /** A file with the kernel's BTF, for a host whose kernel has none; by default `DENOBPF_BTF`. */
  btf_custom_path?: string;
  /**
   * What identifies the object. With it, the types of the kernel that the object needs are kept
   * from its first run to the next boot, where this process is root's: its programs load sooner.
   */
  hash?: string;
  /** Where maps with `LIBBPF_PIN_BY_NAME` are pinned, on a bpf file system; by default /sys/fs/bpf. */
  pin_root_path?: string;
  /**
   * Values of the kernel's configuration, `CONFIG_HZ=250` a line: where the host does not say them, or
   * instead of its own.
   */
  kconfig?: string;
}

/** `struct bpf_object_open_opts` of libbpf 1.0.1 and later; offsets in bytes. */
const OPEN_OPTIONS = {
  size: 80,
  object_name: 8,
  pin_root_path: 24,
  kconfig: 40,
  btf_custom_path: 48,
};

/**
 * The maps that events go through, and the size of a value that the kernel wants them to have:
 * BPF_MAP_TYPE_PERF_EVENT_ARRAY, _RINGBUF and _USER_RINGBUF of include/uapi/linux/bpf.h.
 */
const EVENT_MAPS: ReadonlyMap<number, number> = new Map([[4, 4], [27, 0], [31, 0]]);

/** The sections of programs at USDT probes. */
const USDT = /^usdt(\/|$)/;
/** The map of usdt.bpf.h, and the size of its values, before libbpf 1.7 and from there on. */
const USDT_SPECS = { map: "__bpf_usdt_specs", before: 208, later: 304 };

/** A map with memory or files of its own, which go with the object. */
interface Mapped extends Disposable {
  /** After load. */
  becomeLive?(): void;
}

/** Warns of an object that was lost unclosed: nothing is ever closed behind the user's back. */
const unclosed = new FinalizationRegistry<string>((name) =>
  console.error(`denobpf: the BPF object ${name} was lost without being closed; use "using"`)
);

/**
 * A BPF object file through its life: open, load, attach, close. Skeletons are built on this; use it
 * directly for objects that are known only at run time.
 *
 * ```ts
 * import { BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * object.load();
 * object.attach();
 * ```
 */
export class BpfObject implements Disposable, AsyncDisposable {
  /**
   * @internal What looks at the bytes of an object before libbpf does, which trusts them: set by
   * check_object.ts. The object of a skeleton is the one that its generator saw, and a tool does
   * without that code.
   */
  static check: (bytes: Uint8Array<ArrayBuffer>, name: string) => void = () => {};

  /** FFI: freed by bpf_object__close. */
  readonly #pointer: Deno.PointerObject;
  readonly #lifetime: Lifetime;
  readonly #mapPointers: ReadonlyMap<string, Deno.PointerObject>;
  readonly #sections = new Map<string, DataSection>();
  readonly #mapped: Mapped[] = [];
  readonly #links: Attachment[] = [];
  /** The types of the kernel that it needs, if they are kept. */
  #kept: KeptTypes | undefined;
  /** The object itself, as long as they are not. */
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  /** The programs, in the order of the object. */
  readonly programs: readonly Program[];

  private constructor(pointer: Deno.PointerObject, name: string) {
    // That this is private only TypeScript knows, and libbpf would follow NULL.
    if (pointer === null) throw new TypeError("objects are opened by BpfObject.open()");
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
    freeEventTypes(this.#mapPointers.values());
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
    BpfObject.check(bytes, name);
    libbpf();
    const named = options.btf_custom_path ?? btfFile();
    const kept = named === undefined && options.hash ? KeptTypes.of(options.hash) : undefined;
    const struct = new OptionStruct(OPEN_OPTIONS)
      // A dot in it would be taken for the one before a section's name, in the names of maps.
      .string(OPEN_OPTIONS.object_name, name.replaceAll(".", "_"))
      .string(OPEN_OPTIONS.pin_root_path, options.pin_root_path)
      .string(OPEN_OPTIONS.kconfig, options.kconfig)
      .string(OPEN_OPTIONS.btf_custom_path, named ?? kept?.path);
    const { result, log } = withLog(() =>
      objects().bpf_object__open_mem(bytes, BigInt(bytes.length), struct.bytes) ?? lastError()
    );
    if (typeof result === "number") {
      kept?.[Symbol.dispose]();
      throw explain(`open ${name}`, result, log);
    }
    const object = new BpfObject(result, name);
    object.#kept = kept;
    if (kept !== undefined && kept.path === undefined) object.#bytes = bytes;
    return object;
  }

  /** Its name, as it was opened. */
  get name(): string {
    return this.#lifetime.name;
  }

  /** Where the object stands: `opened`, `loaded`, `closing` while links are destroyed, or `closed`. */
  get phase(): Phase {
    return this.#lifetime.phase;
  }

  /**
   * The program of this name.
   * @throws {Error} if there is no such program
   */
  program(name: string): Program {
    const found = this.programs.find((program) => program.name === name);
    return found ?? missing("program", name, this, this.programs.map((program) => program.name));
  }

  /**
   * The map `name`, with the given types for its keys and values.
   * @throws {Error} if there is no such map, or the sizes differ
   */
  map<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V> {
    return this.mapOf(name, (map) => new BpfMap(map, key, value));
  }

  /**
   * The ring buffer of this name, and how its events are read.
   * @throws {Error} if there is no such map
   */
  ringBuffer<T, V extends RecordView>(name: string, codec: EventCodec<T, V>): RingBuffer<T, V> {
    return this.mapOf(name, (map) => new RingBuffer(map, codec));
  }

  /**
   * The map `name` as one of the particular kinds: `mapOf("jobs", (map) => new Queue(map, u32))`. What
   * can be disposed of is, when the object is.
   * @param trusted whether the sizes were taken from this object, and need not be checked
   * @throws {Error} if there is no such map
   */
  mapOf<M extends object>(name: string, make: (map: ObjectMap) => M, trusted = false): M {
    const made = make(new ObjectMap(name, this.#map(name), this.#lifetime, trusted));
    if (Symbol.dispose in made) this.#mapped.push(made as Mapped);
    if (this.phase === "loaded") (made as Partial<Mapped>).becomeLive?.();
    return made;
  }

  /**
   * The variables of a section: `.bss`.
   * @throws {Error} if there is no such section
   */
  section(name: string): Section {
    return new Section(this.dataSection(name));
  }

  /** @internal The memory of a section, for skeletons. */
  dataSection(name: string): DataSection {
    const known = this.#sections.get(name);
    if (known !== undefined) return known;
    const section = new DataSection(name, this.#map(name), this.#lifetime);
    if (this.phase === "loaded") section.becomeLive();
    this.#sections.set(name, section);
    return section;
  }

  /** What the object says of its maps, data sections included. */
  describeMaps(): MapDescription[] {
    this.#lifetime.mustBeOpen("describe the maps");
    return [...this.#mapPointers].map(([name, map]) => describeMap(name, map));
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
   * @throws {LibraryError} if its USDT programs want another libbpf
   * @throws {PermissionError | UnsupportedError | BpfError} if the host will not have it
   */
  load(): void {
    this.#lifetime.mustBeOpened("load");
    this.#checkUsdt();
    const { result, log } = withLog(() => objects().bpf_object__load(this.#pointer));
    if (result < 0) {
      if (this.#kept?.path !== undefined) this.#kept.forget();
      throw this.#pinnedMisfit() ?? this.#loadError(-result, log);
    }
    this.#lifetime.enter("loaded");
    if (this.#bytes === undefined) this.#kept?.[Symbol.dispose]();
    else void this.#kept?.prepare();
    for (const section of this.#sections.values()) section.becomeLive();
    for (const map of this.#mapped) map.becomeLive?.();
  }

  /**
   * Attaches every program whose `autoload` and `autoattach` are set and whose section names a hook.
   * @returns the links, by program; if one fails, those before it are destroyed
   * @throws {BpfError}
   */
  attach(): Map<string, Link> {
    this.#lifetime.mustBeAttachable("attach");
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
    // What cannot be destroyed keeps nothing else open.
    using all = new DisposableStack();
    all.defer(() => this.#close());
    for (const link of this.#links) all.defer(() => link.destroy());
  }

  /**
   * The same, with the links destroyed side by side: classic tracepoints take 70 ms each. Nothing can be
   * attached meanwhile.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.phase === "closed") return;
    if (this.phase === "loaded") this.#lifetime.enter("closing");
    const ends = this.#links.map(async (link) => await link.destroyLater());
    await Promise.allSettled(ends);
    this.#close();
    await Promise.all(ends);
  }

  #close(): void {
    if (this.phase === "closed") return;
    using all = new DisposableStack();
    all.defer(() => this.#closeLast());
    for (const map of this.#mapped) all.use(map);
    for (const section of this.#sections.values()) all.defer(() => section.detach());
  }

  /** libbpf may be destroying links on other threads, and those of USDT probes use what is freed here. */
  #closeLast(): void {
    if (this.#bytes !== undefined) this.#kept?.keep(this.#bytes);
    this.#kept?.[Symbol.dispose]();
    this.#lifetime.enter("closed");
    unclosed.unregister(this);
    const close = () => objects().bpf_object__close(this.#pointer);
    const ending = this.#links.flatMap((link) => link.ending ?? []);
    if (ending.length === 0) close();
    else void Promise.allSettled(ending).then(close);
  }

  #map(name: string): Deno.PointerObject {
    this.#lifetime.mustBeOpen(`use map ${name}`);
    const pointer = this.#mapPointers.get(name);
    return pointer ?? missing("map", name, this, [...this.#mapPointers.keys()]);
  }

  /**
   * Where libbpf and the usdt.bpf.h that the object was compiled with differ, libbpf attaches all the same,
   * and the programs read every argument as 0.
   */
  #checkUsdt(): void {
    const specs = this.#mapPointers.get(USDT_SPECS.map);
    if (specs === undefined || this.#lifetime.leftOut.has(USDT_SPECS.map)) return;
    // The header alone does no harm: only what libbpf writes into the map for such a program is another struct.
    if (!this.programs.some(({ autoload, section }) => autoload && USDT.test(section))) return;
    const { major, minor } = libbpfVersion();
    const [foreign, since] = major > 1 || minor >= 7
      ? [USDT_SPECS.before, "libbpf 1.7 or later"]
      : [USDT_SPECS.later, "a libbpf before 1.7"];
    if (mapSizes().bpf_map__value_size(specs) !== foreign) return;
    throw new LibraryError(
      `Cannot load ${this.name}: it was compiled with a usdt.bpf.h that libbpf ${major}.${minor}, ` +
        "the one in use, does not understand",
      `compile it with the headers of ${since}, or name another libbpf in DENOBPF_LIBBPF`,
    );
  }

  #loadError(errno: number, log: string): BpfError {
    return explainLoad(this.name, errno, log, {
      map: (name) => {
        const pointer = this.#mapPointers.get(name);
        if (pointer === undefined) return undefined;
        const map = new ObjectMap(name, pointer, this.#lifetime, true);
        const { type: number, keySize, valueSize, maxEntries } = map;
        return { number, type: typeName(number), keySize, valueSize, maxEntries };
      },
      program: (name) => this.programs.find((program) => program.name === name)?.type,
    });
  }

  /** Why a load failed, if it was for what is pinned where a map of this object belongs. */
  #pinnedMisfit(): BpfError | undefined {
    for (const [name, pointer] of this.#mapPointers) {
      const misfit = pinnedMisfit(new ObjectMap(name, pointer, this.#lifetime, true));
      if (misfit !== undefined) return misfit;
    }
  }
}

/**
 * `__type(value, struct event)` gives the generator the type of a buffer's events, and libbpf takes it
 * for the size of the map's values, of which the kernel has its own idea: it is set back.
 */
function freeEventTypes(maps: Iterable<Deno.PointerObject>): void {
  const lib = objects();
  for (const map of maps) {
    const size = EVENT_MAPS.get(lib.bpf_map__type(map));
    if (size !== undefined) lib.bpf_map__set_value_size(map, size);
  }
}

/** Walks one of libbpf's lists, `next(last)`, and reads each name. */
function walk(
  next: (last: Deno.PointerValue) => Deno.PointerValue,
  name: (item: Deno.PointerValue) => Deno.PointerValue,
): [name: string, item: Deno.PointerObject][] {
  const found: [string, Deno.PointerObject][] = [];
  for (let item = next(null); item !== null; item = next(item)) {
    found.push([textAt(name(item))!, item]);
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
