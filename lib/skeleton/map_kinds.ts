import type { Btf } from "../btf/layout.ts";
import { printType } from "../btf/print.ts";
import type { TypeId } from "../btf/types.ts";
import type { MapDescription } from "../objects/object.ts";
import type { Mapped } from "./mapping.ts";
import { comment, literal } from "./safe_text.ts";
import type { TypeMapper } from "./type_mapper.ts";

/** `enum bpf_map_type` of include/uapi/linux/bpf.h. */
const PERF_EVENT_ARRAY = 4;
const STACK_TRACE = 7;
const RING_BUFFER = 27;

/** Maps with keys and values, a value for each CPU: _HASH, _ARRAY, _LRU_HASH, _CGROUP_STORAGE. */
const PER_CPU: ReadonlySet<number> = new Set([5, 6, 10, 21]);

const BPF_F_STACK_BUILD_ID = 1 << 5;

/** The codecs of a map's parts, as expressions. */
interface Parts {
  readonly map: MapDescription;
  readonly key: () => string;
  readonly value: () => string;
  readonly event: () => string;
  readonly inner: () => string;
}

/**
 * The kinds that have a class of their own in lib/skeleton/maps.ts, by their number: how one is made of a
 * `map`. All others have keys and values, and so have cgroup arrays, which many tools have and which should
 * not cost them these modules at every start.
 */
const RARE: Readonly<Record<number, (parts: Parts) => string>> = {
  3: () => "new $maps.ProgramArray(map)",
  [PERF_EVENT_ARRAY]: ({ event }) => `new $maps.PerfBuffer(map, ${event()})`,
  [STACK_TRACE]: ({ map }) =>
    map.flags & BPF_F_STACK_BUILD_ID
      ? "new $maps.BuildIdStackTraces(map)"
      : "new $maps.StackTraces(map)",
  12: ({ key, inner }) => `new $maps.MapOfMaps(map, ${key()}, (map) => ${inner()})`,
  13: ({ key, inner }) => `new $maps.MapOfMaps(map, ${key()}, (map) => ${inner()})`,
  15: ({ key }) => `new $maps.SocketMap(map, ${key()})`,
  17: () => "new $maps.XskMap(map)",
  18: ({ key }) => `new $maps.SocketMap(map, ${key()})`,
  20: ({ key }) => `new $maps.SocketMap(map, ${key()})`,
  22: ({ value }) => `new $maps.Queue(map, ${value()})`,
  23: ({ value }) => `new $maps.Queue(map, ${value()})`,
  24: ({ value }) => `$maps.socketStorage(map, ${value()})`,
  26: () => "new $maps.StructOps(map)",
  28: ({ value }) => `$maps.inodeStorage(map, ${value()})`,
  29: ({ value }) => `$maps.taskStorage(map, ${value()})`,
  30: ({ value }) => `new $maps.BloomFilter(map, ${value()})`,
  31: ({ value, map }) =>
    `new $maps.UserRingBuffer(map, ${map.valueTypeId === 0 ? "$.raw" : value()})`,
  32: ({ value }) => `$maps.cgroupStorage(map, ${value()})`,
  33: () => "new $maps.Arena(map)",
};

/** Whether the skeleton of an object with this map imports lib/skeleton/maps.ts. */
export function isRare(map: MapDescription): boolean {
  return RARE[map.type] !== undefined;
}

/**
 * The type of the events that come through a map, or undefined. A perf event array may be declared with
 * `__uint(value_size, 4)` or `__type(value, __u32)` as well: that says nothing of its events.
 */
export function eventType(btf: Btf, map: MapDescription): TypeId | undefined {
  const { type, valueTypeId: id } = map;
  if (id === 0 || (type !== RING_BUFFER && type !== PERF_EVENT_ARRAY)) return undefined;
  const { kind } = btf.resolved(id);
  if (type === PERF_EVENT_ARRAY && kind === "int" && btf.sizeOf(id) === 4) return undefined;
  return id;
}

/**
 * The expression that a skeleton sets its member for a map to.
 */
export function emitMap(btf: Btf, mapper: TypeMapper, map: MapDescription): string {
  const name = literal(map.name);
  const parts = partsOf(btf, mapper, map);
  if (isRare(map)) return `this.mapOf(${name}, (map) => ${RARE[map.type](parts)})`;
  if (map.type === RING_BUFFER) return `this.ringBuffer(${name}, ${parts.event()})`;
  const method = PER_CPU.has(map.type) ? "perCpuMap" : "map";
  return `this.${method}(${name}, ${parts.key()}, ${parts.value()})`;
}

function withNote({ codec, note }: Mapped): string {
  return note === undefined ? codec : `${codec} /* ${note} */`;
}

/** The expression that gives a bare `map` its types. */
function emitTyped(parts: Parts): string {
  const { type } = parts.map;
  if (isRare(parts.map)) return RARE[type](parts);
  if (type === RING_BUFFER) return `new $maps.RingBuffer(map, ${parts.event()})`;
  const value = PER_CPU.has(type) ? `$maps.perCpu(${parts.value()})` : parts.value();
  return `new $maps.BpfMap(map, ${parts.key()}, ${value})`;
}

function partsOf(btf: Btf, mapper: TypeMapper, map: MapDescription): Parts {
  const part = (what: "key" | "value", id: TypeId, size: number) => {
    if (id === 0) return `$.bytes(${size})`;
    const known = btf.knownSizeOf(id);
    // A user ring buffer has values, and no size of them.
    if (size !== 0 && known !== size) {
      const type = comment(printType(btf, id));
      return `$.bytes(${size}) /* the map has ${size} bytes, \`${type}\` has ${
        known ?? "no size"
      } */`;
    }
    return withNote(mapper.map(id, `${map.name}_${what}`));
  };
  return {
    map,
    key: () => part("key", map.keyTypeId, map.keySize),
    value: () => part("value", map.valueTypeId, map.valueSize),
    event() {
      const id = eventType(btf, map);
      if (id === undefined) return "$.raw";
      return withNote(mapper.event(id, `${map.name}_event`));
    },
    inner: () =>
      map.inner === undefined ? "$maps.rawMap(map)" : emitTyped(partsOf(btf, mapper, map.inner)),
  };
}
