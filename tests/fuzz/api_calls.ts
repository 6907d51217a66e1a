/**
 * Calls what the library exports, and the members of all that comes of it, in any order with any
 * arguments: `api_calls.ts SEED CALLS`. Each call is written to standard error before it is made, so that
 * the last line there is the one that crashed or hung. What must not be is written to standard output, a
 * line each; the last line is the end. api.test.ts runs it in a process and a network of its own.
 */
import fc from "fast-check";
import * as api from "#lib/mod.ts";
import type { RecordView } from "#lib/btf/codec.ts";
import { readLink } from "#lib/sys/symlink.ts";
import { writeAll } from "#lib/sys/write.ts";

const [seed, calls] = Deno.args.map(Number);

/** Numbers, texts and bytes that break what takes them on trust; objects that are not what they seem. */
const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    -0,
    1,
    -1,
    NaN,
    Infinity,
    0.5,
    2 ** 31,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 53,
  ),
  fc.constantFrom<unknown>(
    -(2 ** 31),
    1e308,
    0n,
    -1n,
    1n,
    2n ** 63n,
    2n ** 64n,
    -(2n ** 63n),
    2n ** 200n,
  ),
  fc.constantFrom<unknown>(null, undefined, true, false, Symbol.iterator, {}, [], [1, 2], () => 1),
  fc.constantFrom("", "\0", "a\0b", "x".repeat(70_000), "\ud800", "lo", "any", "exist", "noexist"),
  fc.constantFrom(
    "/proc/nonexistent",
    "libc.so.6",
    "sched",
    "sched_process_exec",
    "ingress",
    "egress",
  ),
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom<unknown>(
    new Uint8Array(1 << 20),
    new Uint8Array(new ArrayBuffer(8, { maxByteLength: 64 })),
    new Float64Array(5),
    new DataView(new ArrayBuffer(3)),
  ),
  fc.record({
    key: fc.constantFrom<unknown>(api.u32, 4, 0, 8, -1, 2 ** 31),
    value: fc.constantFrom<unknown>(api.u64, 8, 0, 1, 65536, -1),
    type: fc.constantFrom(
      ...["hash", "array", "ringbuf", "percpu_hash", "percpu_array", "lru_hash", "queue", "stack"],
      ...["user_ringbuf", "arena", "bloom_filter", "lpm_trie", "prog_array", "hash_of_maps"],
      ...["stack_trace", "perf_event_array", "sockmap", "cgroup_array", "xskmap"],
    ),
    maxEntries: fc.constantFrom(1, 3, 4096, 65536, 0, -1, 2 ** 32, NaN),
  }),
  fc.constantFrom<unknown>({ fd: -1 }, { fd: 1 }, { fd: 2 ** 31 }, { size: 4 }, { pid: -1 }),
  fc.constantFrom<unknown>({ pid: 2 ** 40 }, { offset: -1 }, { offset: NaN }, { cookie: -1n }),
  fc.constantFrom<unknown>(
    { size: -1, encode() {}, decode() {}, name: "x" },
    { size: 2 ** 40, encode() {}, decode() {}, name: "x" },
    { data: new Uint8Array(64), repeat: 3 },
    { data: new Uint8Array(64), dataOutSize: -1 },
    { data: new Uint8Array(64), repeat: -1, cpu: 2 ** 40 },
    { software: "cpu_clock", frequency: 1 },
    { software: "cpu_clock", frequency: NaN },
    { signal: AbortSignal.abort() },
    { timeout: 1 },
    () => {
      throw new Error("of a caller's function");
    },
    new Proxy({}, { get: () => 1 }),
    new Proxy({}, {
      get() {
        throw new Error("of a caller's object");
      },
    }),
  ),
);

/** What reaches beyond this process: pins, what others have in the kernel, the trace pipe of all. */
const LEFT_ALONE = new Set([
  ...[
    "pin",
    "unpin",
    "TracePipe",
    "constructor",
    "listPrograms",
    "listMaps",
    "listLinks",
    "listBtf",
  ],
  ...["openMap", "openMapByName", "openProgram", "openLink", "mapIdList"],
  "own", // for the library's own functions: what it is given must be an attachment
]);

let state = seed * 2_654_435_761 >>> 0 || 1;

/** A whole number below `end`, of Marsaglia's xorshift. */
function random(end: number): number {
  state ^= state << 13;
  state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % end;
}

function one<T>(of: readonly T[]): T {
  return of[random(of.length)];
}

const samples = fc.sample(anything, { seed, numRuns: 2000 });
const exported = Object.entries(api).filter(([name, value]) =>
  typeof value === "function" && !LEFT_ALONE.has(name)
) as [string, (...args: unknown[]) => unknown][];

/** What calls gave, to be used by later ones. What is made at the start stays. */
const objects: unknown[] = [];
const MOST = 150;

/** What is to be closed at the end, in use or not. */
const closable = new Set<Disposable>();

function keep(value: unknown): void {
  if (value === null || typeof value !== "object" || value instanceof Error) return;
  if (Array.isArray(value) && value.length > 50) return;
  if (typeof (value as Partial<Disposable>)[Symbol.dispose] === "function") {
    closable.add(value as Disposable);
  }
  if (objects.length < MOST) objects.push(value);
  else objects[random(MOST)] = value;
}

const encoder = new TextEncoder();

function say(fd: 1 | 2, text: string): void {
  writeAll(fd, encoder.encode(`${text}\n`));
}

/** Whatever a caller does wrong is an Error. */
function judge(what: string, error: unknown): void {
  if (!(error instanceof Error)) say(1, `${what} threw ${String(error)}, which is no Error`);
}

function shown(value: unknown): string {
  try {
    if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength})`;
    if (typeof value === "string") return JSON.stringify(value.slice(0, 30));
    return Deno.inspect(value, { depth: 1, breakLength: Infinity }).slice(0, 80);
  } catch {
    return "?";
  }
}

/** Each property of an object, its class and the classes above. */
function membersOf(object: object): [string | symbol, PropertyDescriptor][] {
  const members: [string | symbol, PropertyDescriptor][] = [];
  for (
    let at = object;
    at !== null && at !== Object.prototype && at !== Array.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const name of Reflect.ownKeys(at)) {
      if (LEFT_ALONE.has(String(name))) continue;
      members.push([name, Object.getOwnPropertyDescriptor(at, name)!]);
    }
  }
  return members;
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Takes what a call gave: waits a moment for a promise, walks a few steps of an iterator. */
async function take(what: string, value: unknown): Promise<void> {
  if (value instanceof Promise) {
    value.catch((error) => judge(what, error));
    keep(await Promise.race([value.catch(() => {}), later(10)]));
  } else if (typeof (value as Iterator<unknown>)?.next === "function") {
    // The rings of a perf buffer have a next() as well, and are to be closed.
    if (typeof (value as Partial<Disposable>)[Symbol.dispose] === "function") {
      closable.add(value as Disposable);
    }
    const iterator = value as Iterator<unknown> & AsyncIterator<unknown>;
    for (let step = 0; step < 3; step++) {
      const next = iterator.next();
      const result = next instanceof Promise ? await Promise.race([next, later(10)]) : next;
      if (next instanceof Promise) next.catch((error) => judge(what, error));
      if (result === undefined || (result as IteratorResult<unknown>).done) break;
      keep((result as IteratorResult<unknown>).value);
    }
    if (random(2) === 0) await take(what, iterator.return?.());
  } else {
    keep(value);
  }
}

const some = () => random(3) === 0 ? one(objects) : one(samples);
const args = () => Array.from({ length: random(5) }, some);

async function callExport(): Promise<void> {
  const [name, call] = one(exported);
  const given = args();
  say(2, `${name}(${given.map(shown)})`);
  const isClass = /^class/.test(Function.prototype.toString.call(call));
  if (!isClass) return await take(name, call(...given));
  const made = "open" in call ? call.open : undefined;
  if (typeof made === "function" && random(2) === 0) await take(name, made.apply(call, given));
  else keep(Reflect.construct(call, given));
}

async function useMember(): Promise<void> {
  const object = one(objects) as object;
  const members = membersOf(object);
  if (members.length === 0) return;
  const [key, { get, set, value }] = one(members);
  const what = `${object.constructor?.name}.${String(key)}`;
  if (set !== undefined && random(3) === 0) {
    const given = some();
    say(2, `${what} = ${shown(given)}`);
    set.call(object, given);
  } else if (get !== undefined) {
    say(2, what);
    keep(get.call(object));
  } else if (typeof value === "function") {
    const given = args();
    say(2, `${what}(${given.map(shown)})`);
    await take(what, value.apply(object, given));
  }
}

const build = new URL("../../build/", import.meta.url).pathname;
const files = [
  ...[
    "minimal",
    "bootstrap",
    "examples/xdp",
    "examples/task_iter",
    "tests/prog_run",
    "tests/types",
  ],
  ...["tests/maps", "tests/maps_kinds", "tests/lengths", "tests/maps_perf", "tests/maps_user_ring"],
  ...["tests/maps_storage", "tests/maps_arena", "tests/maps_network", "tests/maps_pinned"],
];

/** An object, most times loaded, with its programs and sections. */
function openObject(): void {
  const file = one(files);
  say(2, `open ${file}`);
  const object = api.BpfObject.open(`${build}${file}.bpf.o`);
  keep(object);
  for (const { name, internal } of object.describeMaps()) if (internal) keep(object.section(name));
  if (random(4) > 0) object.load();
  for (const program of object.programs) keep(program);
}

/** The maps of a skeleton, each of its kind, with events in the rings and views on them. */
async function openSkeleton(): Promise<void> {
  const name = one([
    "maps",
    "maps_kinds",
    "lengths",
    "maps_perf",
    "maps_user_ring",
    "ring",
    "types",
  ]);
  say(2, `skeleton ${name}`);
  const module = await import(new URL(`../../build/tests/skel/${name}.ts`, import.meta.url).href);
  const Skeleton = Object.values<{ open?: () => unknown }>(module)
    .find((value) => typeof value?.open === "function")!;
  // deno-lint-ignore no-explicit-any -- any skeleton
  const opened = Skeleton.open!() as any;
  keep(opened);
  for (const map of Object.values(opened.maps)) keep(map);
  if (random(4) === 0) return;
  opened.load();
  if (random(2) === 0) opened.attach();
  for (const program of Object.values(opened.progs)) keep(program);
  for (const map of Object.values(opened.maps)) {
    if (map instanceof api.RingBuffer || map instanceof api.PerfBuffer) {
      map.consume((view: RecordView) => keep(view), 3);
    }
  }
}

/** A map of this process, opened a second time: the maps of others are left alone. */
function openOwnMap(): void {
  const map = api.createMap({ type: "hash", key: api.u32, value: api.u64, maxEntries: 100 });
  keep(map);
  const { id } = map.info();
  say(2, `openMap(${id})`);
  keep(api.openMap(id));
  keep(new api.BpfMap(map, api.u32, api.u64));
}

const steps: [chance: number, step: () => void | Promise<void>][] = [
  [1, openObject],
  [1, openSkeleton],
  [1, openOwnMap],
  [12, callExport],
  [30, useMember],
];
const chosen = steps.flatMap(([chance, step]) => Array<typeof step>(chance).fill(step));

/** What this process holds of BPF and perf: `anon_inode:bpf-map`. */
function held(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    const file = readLink(`/proc/self/fd/${name}`) ?? "";
    return /bpf|btf|perf/.test(file) ? [file] : [];
  });
}

addEventListener("unhandledrejection", (event) => {
  say(1, `a promise was rejected that nobody has: ${Deno.inspect(event.reason)}`);
  event.preventDefault();
});

// What a listener of libbpf's messages throws: only callers' functions do.
addEventListener("error", (event) => event.preventDefault());

api.possibleCpus();
api.attachKinds();
keep(api.Btf.kernel());
keep(new api.Symbolizer());
for (const codec of [api.u8, api.u16, api.u32, api.u64, api.s8, api.s64, api.bool, api.raw]) {
  keep(codec);
}
const before = held();
for (let call = 0; call < calls; call++) {
  try {
    await one(chosen)();
  } catch (error) {
    judge(`call ${call}`, error);
  }
  if (call % 200 === 199) await later(1);
}
say(2, "dispose of all");
for (const object of closable) {
  try {
    object[Symbol.dispose]();
  } catch (error) {
    judge("dispose", error);
  }
}
await later(10); // links may be destroyed on other threads
const left = held();
if (left.length > before.length) say(1, `still open: ${left}; at the start: ${before}`);
say(1, `end of seed ${seed}`);
Deno.exit(0);
