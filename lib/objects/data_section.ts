import { Bytes } from "../btf/bytes.ts";
import { dataSections, mapElements, maps } from "../libbpf/symbols.ts";
import { ForeignMemory, mapOver, pageSize } from "../sys/memory.ts";
import { BpfError, lastError, PhaseError } from "./errors.ts";
import type { Lifetime } from "./lifetime.ts";

/** Map flags of include/uapi/linux/bpf.h. */
const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_MMAPABLE = 1 << 10;

/**
 * The memory of a section's variables. Generated skeletons read it in place, with codecs of their own;
 * for callers' codecs, which could transfer the buffer and so keep the memory beyond its end, there is
 * {@link Section}.
 */
export class DataSection {
  readonly #lifetime: Lifetime;
  readonly #map: Deno.PointerObject;
  readonly #pointer: Deno.PointerObject;
  readonly #memory: ForeignMemory;
  #bytes: Bytes;
  #readOnly = false;
  #copied = false;

  /**
   * @internal Objects make their sections.
   * @throws {BpfError} if the map is not a data section
   */
  constructor(readonly name: string, map: Deno.PointerObject, lifetime: Lifetime) {
    const size = new BigUint64Array(1);
    const sizeBytes = new Uint8Array(size.buffer);
    const pointer = dataSections().bpf_map__initial_value(map, sizeBytes);
    if (pointer === null) throw new BpfError(`read the variables of ${name}`, lastError());
    this.#map = map;
    this.#lifetime = lifetime;
    this.#pointer = pointer;
    this.#memory = new ForeignMemory(pointer, Number(size[0]));
    this.#bytes = new Bytes(this.#memory.u8);
  }

  /** Size in bytes. */
  get size(): number {
    return this.#bytes.u8.length;
  }

  /**
   * The bytes to read variables from.
   * @throws {PhaseError} after close
   */
  readable(): Bytes {
    this.#lifetime.mustBeOpen(`read variables of ${this.name}`);
    if (this.#copied) this.#copy();
    return this.#bytes;
  }

  /**
   * The bytes to write `variable` to.
   * @throws {PhaseError} after close, and once `.rodata` or `.kconfig` is loaded
   */
  writable(variable: string): Bytes {
    this.#lifetime.mustBeOpen(`write ${this.name}.${variable}`);
    if (this.#readOnly) {
      throw new PhaseError(
        `Cannot write ${variable}: ${this.name} is read-only once the object is loaded`,
      );
    }
    return this.#bytes;
  }

  /**
   * @internal After load: makes the variables live. libbpf before 1.5 leaves its own copy of the
   * initial values here, so the map's memory is mapped over it (later versions have done the same).
   */
  becomeLive(): void {
    const flags = dataSections().bpf_map__map_flags(this.#map);
    this.#readOnly = (flags & BPF_F_RDONLY_PROG) !== 0;
    if ((flags & BPF_F_MMAPABLE) !== 0) {
      const size = Math.ceil(this.size / pageSize()) * pageSize();
      mapOver(this.#pointer, maps().bpf_map__fd(this.#map), size, !this.#readOnly);
    } else {
      // libbpf from 1.2 on does not make a section mappable that holds static variables only
      this.#readOnly = this.#copied = true;
      this.#bytes = Bytes.zeroed(this.size);
    }
  }

  /** @internal Before the memory goes: no view may reach it any more. */
  detach(): void {
    this.#memory.detach();
  }

  #copy(): void {
    const fd = maps().bpf_map__fd(this.#map);
    const result = mapElements().bpf_map_lookup_elem(fd, new Uint8Array(4), this.#bytes.u8);
    if (result < 0) throw new BpfError(`read the variables of ${this.name}`, -result);
  }
}
