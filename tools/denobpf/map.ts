/** `denobpf map`: the maps in the kernel, and what is in them. */
import { Btf } from "#lib/btf/layout.ts";
import { decodeAll } from "#lib/btf/codec.ts";
import { btfBytes } from "#lib/objects/btf_info.ts";
import { type KernelMap, listMaps, type MapInfo, openMap, rawMap } from "#lib/objects/map_info.ts";
import type { UpdateCondition } from "#lib/objects/map.ts";
import { isPerCpu, perCpu, possibleCpus } from "#lib/objects/per_cpu.ts";
import { ExitCode, ExitError } from "#lib/tool/ending/exit.ts";
import { flag, membersOf, operand, type OptionsOf, type Structure, text } from "#lib/tool/mod.ts";
import { usage } from "#lib/tool/options/usage_errors.ts";
import type { Command } from "./command.ts";
import { find } from "./find.ts";
import {
  hexBytes,
  index,
  parseValue,
  perCpuValues,
  type ValueCodec,
  valueCodec,
} from "./values.ts";

const member = membersOf<MapInfo>();

/** With the names that bpftool's JSON has. */
const fields = {
  id: member.integer({ brief: "Its id", width: 6 }, (m) => m.id),
  type: member.text({ brief: "What kind of map", width: -20 }, (m) => m.type),
  name: member.text({ brief: "15 bytes of its name", width: -15 }, (m) => m.name),
  flags: member.integer({ brief: "BPF_F_..., as a number" }, (m) => m.flags),
  bytes_key: member.integer({ brief: "Size of a key", width: 9 }, (m) => m.keySize),
  bytes_value: member.integer({ brief: "Size of a value", width: 11 }, (m) => m.valueSize),
  max_entries: member.integer({ brief: "Room for entries", width: 11 }, (m) => m.maxEntries),
  bytes_memlock: member.integer({ brief: "Memory in the kernel", width: 13 }, (m) => m.memlock),
  frozen: member.boolean({ brief: "Whether user space may only read it" }, (m) => m.frozen),
  btf_id: member.integer({ brief: "The id of its BTF" }, (m) => m.btfId || undefined),
};

const columns = () => ["id", "type", "name", "bytes_key", "bytes_value", "max_entries"];

const list: Command<unknown, MapInfo> = {
  name: "denobpf map list",
  brief: "Show all maps in the kernel",
  options: {},
  examples: [
    ["denobpf map list", "one map a line"],
    ["denobpf map list --filter 'bytes_memlock>1000000'", "those of more than a megabyte"],
  ],
  fields,
  columns: () => [...columns(), "bytes_memlock"],
  rows: () => listMaps(),
};

/** What the commands about one map, and about one entry of it, are passed. */
const oneMap = { map: operand("MAP", "Its id, its name, or the path of its pin", text) };
const oneKey = { ...oneMap, key: operand("KEY", "A number, a text, JSON, or hex:BYTES", text) };
type OneMap = OptionsOf<typeof oneMap>;
type OneKey = OptionsOf<typeof oneKey>;

const show: Command<OneMap, MapInfo> = {
  name: "denobpf map show",
  brief: "Show one map: its type, its sizes",
  operands: oneMap,
  options: {},
  examples: [
    ["denobpf map show counts", "by its name"],
    ["denobpf map show 42", "by its id"],
    ["denobpf map show /sys/fs/bpf/counts", "by the path of its pin"],
  ],
  fields,
  columns: () => [...columns(), "flags", "bytes_memlock", "frozen"],
  *rows(options) {
    using map = open(options.map);
    yield map.info();
  },
};

/** An entry of a map. */
interface Entry {
  readonly key: Structure;
  readonly value: Structure;
}

const entry_member = membersOf<Entry>();

const entryFields = {
  key: entry_member.structure({ brief: "Its key", width: -15 }, (e) => e.key),
  value: entry_member.structure({
    brief: "Its value; of a per-CPU map a list with one for each CPU",
  }, (e) => e.value),
};

const entry = { fields: entryFields, columns: () => ["key", "value"] };

const dump: Command<OneMap, Entry> = {
  name: "denobpf map dump",
  brief: "Show every entry of a map, by the types of its BTF",
  operands: oneMap,
  options: {},
  examples: [
    ["denobpf map dump counts", "one entry a line"],
    ["denobpf map dump hello.bss -o json", "the global variables of a program"],
  ],
  ...entry,
  *rows(options) {
    using map = open(options.map);
    const { key, value } = codecs(map);
    for (const [k, v] of rawMap(map)) {
      yield { key: decodeAll(key, k), value: decodeAll(value, v) };
    }
  },
};

/** How keys are written on a command line, for the help. */
const KEYS: readonly (readonly [string, string])[] = [
  ["denobpf map lookup counts 42", "a key that is a number, a text or an enum"],
  [`denobpf map lookup points '{"x": 1, "y": -2}'`, "a struct, as JSON"],
  ["denobpf map lookup points hex:01000000feffffff", "any key, as its bytes"],
  ["denobpf map lookup counts -- -42", "what begins with a dash, behind --"],
];

const lookup: Command<OneKey, Entry> = {
  name: "denobpf map lookup",
  brief: "Show the entry of a map at a key. The exit code is 1 if there is none",
  operands: oneKey,
  options: {},
  examples: KEYS,
  ...entry,
  *rows({ map: given, key: text }) {
    using map = open(given);
    const { key, value } = codecs(map);
    const bytes = parse("KEY", key, text);
    const found = rawMap(map).lookup(bytes);
    if (found === undefined) throw noEntry(given, text);
    yield { key: decodeAll(key, bytes), value: decodeAll(value, found) };
  },
};

const updateOptions = {
  noexist: flag("", "Only add an entry: fail if there is one at the key"),
  exist: flag("", "Only change an entry: fail if there is none at the key"),
};

const updateOperands = { ...oneKey, value: operand("VALUE", "Written as keys are", text) };

const update: Command<OptionsOf<typeof updateOptions & typeof updateOperands>, never> = {
  name: "denobpf map update",
  brief: "Set the value at a key. A single value is set for every CPU of a per-CPU map",
  operands: updateOperands,
  options: updateOptions,
  examples: [
    ["denobpf map update limits 42 1000", "at the key 42"],
    [`denobpf map update hosts 1 '{"name": "db", "port": 5432}' --noexist`, "if there is none"],
  ],
  fields: {},
  columns: () => [],
  text({ map: given, key: keyText, value: valueText, ...options }) {
    if (options.noexist && options.exist) throw usage("--noexist and --exist exclude each other");
    using map = open(given);
    if (HOLDS_IDS.has(map.info().type)) {
      throw usage(`${given} is a ${map.info().type}: it takes no values, but programs and maps`);
    }
    const { key, value } = codecs(map);
    const bytes = parse("KEY", key, keyText);
    const condition: UpdateCondition = options.noexist
      ? "noexist"
      : options.exist
      ? "exist"
      : "any";
    if (rawMap(map).update(bytes, parse("VALUE", value, valueText), condition)) return "";
    if (options.exist) throw noEntry(given, keyText);
    throw new ExitError(ExitCode.Failure, `${given} has an entry at ${keyText} already`);
  },
};

const remove: Command<OneKey, never> = {
  name: "denobpf map delete",
  brief: "Take the entry at a key out of a map. The exit code is 1 if there is none",
  operands: oneKey,
  options: {},
  examples: KEYS.map(([line, effect]) => [line.replace("lookup", "delete"), effect]),
  fields: {},
  columns: () => [],
  text({ map: given, key: text }) {
    using map = open(given);
    if (rawMap(map).delete(parse("KEY", codecs(map).key, text))) return "";
    throw noEntry(given, text);
  },
};

const pinOperands = { ...oneMap, path: operand("PATH", "Where, below a mounted bpffs", text) };

const pin: Command<OptionsOf<typeof pinOperands>, never> = {
  name: "denobpf map pin",
  brief: "Pin a map: it stays in the kernel while the file exists",
  operands: pinOperands,
  options: {},
  examples: [["denobpf map pin counts /sys/fs/bpf/counts", "remove the file to unpin it"]],
  fields: {},
  columns: () => [],
  text({ map: given, path }) {
    using map = open(given);
    map.pin(path);
    return "";
  },
};

function open(given: string): KernelMap {
  return openMap(find("map", given, listMaps));
}

/** Maps whose values are ids of programs or maps when they are read. */
const HOLDS_IDS: ReadonlySet<string> = new Set(["prog_array", "array_of_maps", "hash_of_maps"]);

/** Maps whose keys are places, whether they say so or not. */
const BY_INDEX = /array|^(stack_trace|devmap|cpumap|xskmap)$/;

/** How the keys and values of a map are read: by its BTF, or by what its type and its sizes say. */
function codecs(map: KernelMap): { key: ValueCodec; value: ValueCodec } {
  const info = map.info();
  const btf = info.btfId === 0 ? undefined : new Btf(btfBytes(info.btfId));
  const codec = (typeId: number, size: number, number: boolean): ValueCodec => {
    if (btf !== undefined && typeId !== 0 && btf.sizeOf(typeId) === size) {
      return valueCodec(btf, typeId);
    }
    return number && size === 4 ? index : hexBytes(size);
  };
  const key = codec(info.btfKeyTypeId, info.keySize, BY_INDEX.test(info.type));
  const value = codec(info.btfValueTypeId, info.valueSize, HOLDS_IDS.has(info.type));
  if (!isPerCpu(map.type)) return { key, value };
  return { key, value: perCpuValues(perCpu(value), possibleCpus()) };
}

function parse(what: string, codec: ValueCodec, text: string): Uint8Array<ArrayBuffer> {
  try {
    return parseValue(codec, text);
  } catch (error) {
    const expected = [RangeError, TypeError, SyntaxError].some((kind) => error instanceof kind);
    if (!expected) throw error;
    throw usage(`${what}: ${(error as Error).message}`);
  }
}

function noEntry(map: string, key: string): ExitError {
  return new ExitError(ExitCode.Failure, `${map} has no entry at ${key}`);
}

export const map = { list, show, dump, lookup, update, delete: remove, pin };
