import { maps, mapSettings } from "../libbpf/symbols.ts";
import { BpfError } from "./errors.ts";
import type { Lifetime } from "./lifetime.ts";

/** What every kind of map has. */
export abstract class AnyMap {
  /** FFI: belongs to the object. */
  readonly #pointer: Deno.PointerObject;
  readonly #lifetime: Lifetime;
  #fd = -1;

  constructor(readonly name: string, pointer: Deno.PointerObject, lifetime: Lifetime) {
    this.#pointer = pointer;
    this.#lifetime = lifetime;
  }

  /** The file descriptor of the loaded map; it belongs to the object. */
  get fd(): number {
    this.#lifetime.mustBeLoaded(`use map ${this.name}`);
    if (this.#fd < 0) this.#fd = maps().bpf_map__fd(this.#pointer);
    return this.#fd;
  }

  /** How many entries there can be; for a ring buffer its size in bytes. Set before load. */
  get maxEntries(): number {
    this.#lifetime.mustBeOpen(`read the size of map ${this.name}`);
    return maps().bpf_map__max_entries(this.#pointer);
  }
  set maxEntries(value: number) {
    this.#lifetime.mustBeOpened(`set the size of map ${this.name}`);
    if (!Number.isInteger(value) || value < 1 || value > 0xffff_ffff) {
      throw new RangeError(`map ${this.name}: ${value} is not a number of entries`);
    }
    this.check(mapSettings().bpf_map__set_max_entries(this.#pointer, value), "resize");
  }

  /** @throws {BpfError} if `result` is a negative errno */
  protected check(result: number, action: string): void {
    if (result < 0) throw new BpfError(`${action} map ${this.name}`, -result);
  }
}
