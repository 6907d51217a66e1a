/**
 * What the kernel halves send and keep is what they wrote there, to the last byte: a pattern is put into
 * the memory that they use (ring, per-CPU maps, stack), and looked for in what comes out.
 */
import { assert, assertEquals } from "@std/assert";
import { Bootstrap } from "#skel/bootstrap.ts";
import { Execsnoop } from "#skel/execsnoop.ts";
import { Syscount } from "#skel/syscount.ts";
import type { Bytes } from "#lib/btf/bytes.ts";
import type { RecordView } from "#lib/btf/codec.ts";
import { Btf } from "#lib/btf/layout.ts";
import type { TypeId } from "#lib/btf/types.ts";
import { BpfObject } from "#lib/objects/check_object.ts";
import { bytes as bytesOf } from "#lib/btf/composites.ts";
import type { RingBuffer } from "#lib/objects/ring_buffer.ts";
import { loadHooks, loadTargeted, targetOptions, withDefaults } from "#lib/tool/mod.ts";
import { Poison } from "../../build/tests/skel/poison.ts";
import { call } from "./call.ts";
import { kernelTest, runExecs } from "./harness.ts";

/** As in tests/fixtures/poison.bpf.c. */
const POISON_CALL = 0x4be00000;
const PATTERN = 0xa5;

/** This many in a row are no coincidence. */
const RUN = 4;

const nobody = withDefaults(targetOptions, {});
const objectPath = (name: string) => new URL(`../../build/${name}.bpf.o`, import.meta.url).pathname;

function hasPattern(bytes: Uint8Array): boolean {
  let run = 0;
  return bytes.some((byte) => (run = byte === PATTERN ? run + 1 : 0) === RUN);
}

/** The bytes of a struct that no member has. */
function padding(btf: Btf, id: TypeId): number[] {
  const used = new Set<number>();
  const mark = (of: TypeId, at: number) => {
    const type = btf.resolved(of);
    if (type.kind === "struct" || type.kind === "union") {
      for (const member of type.members) mark(member.type, at + member.bitOffset / 8);
    } else if (type.kind === "array") {
      const size = btf.sizeOf(type.element);
      for (let i = 0; i < type.length; i++) mark(type.element, at + i * size);
    } else {
      for (let i = 0; i < btf.sizeOf(of); i++) used.add(at + i);
    }
  };
  mark(id, 0);
  return Array.from({ length: btf.sizeOf(id) }, (_, at) => at).filter((at) => !used.has(at));
}

function paddingOf(tool: string, struct: string): number[] {
  using object = BpfObject.open(objectPath(tool));
  const btf = new Btf(object.btf());
  return padding(btf, btf.find("struct", struct)!);
}

/** What generated getters read. */
interface ViewMembers {
  readonly $$bytes: Bytes;
  readonly $$at: number;
  readonly $$end: number;
}

/** A view's bytes, all of them. */
function rawBytes(view: RecordView): Uint8Array {
  const { $$bytes, $$at, $$end } = view as unknown as ViewMembers;
  return $$bytes.u8.slice($$at, $$end);
}

/** Fills the ring of a tool with the pattern, and leaves the stack fillers attached, before its own. */
function poison(ring: RingBuffer<unknown>) {
  const opened = Poison.open();
  opened.rodata.owner = Deno.pid;
  const { events } = (opened as unknown as ReturnType<typeof opened.load>).maps;
  events.maxEntries = ring.maxEntries;
  events.reuse(ring);
  const loaded = opened.load().attach();
  let filled = 0;
  // From Linux 7.0 on a program may be left out now and then.
  for (let calls = 0; filled < 2 * ring.maxEntries && calls < 10_000; calls++) {
    call(POISON_CALL | 1);
    ring.consume((view) => {
      const bytes = rawBytes(view);
      assert(bytes.every((byte) => byte === PATTERN));
      filled += bytes.length;
    });
  }
  assert(filled >= 2 * ring.maxEntries, "the pattern goes through the tool's own ring");
  return loaded;
}

/** Every record of a ring, as bytes, after some processes have come and gone. */
async function recordsOf(ring: RingBuffer<unknown>): Promise<Uint8Array[]> {
  const records: Uint8Array[] = [];
  await runExecs();
  ring.consume((view) => void records.push(rawBytes(view)));
  return records;
}

function assertClean(records: readonly Uint8Array[], unused: readonly number[]): void {
  assert(records.length >= 46, `${records.length} records of 23 processes`);
  for (const record of records) {
    assert(!hasPattern(record), `a record holds the pattern: ${record}`);
    for (const at of unused) assertEquals(record[at], 0, `padding at ${at}`);
  }
}

Deno.test("every tool sends its events through the headers that zero what they send", () => {
  const folder = new URL("../../bpf/", import.meta.url);
  const halves = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".bpf.c"));
  assert(halves.length > 0);
  for (const { name } of halves) {
    const text = Deno.readTextFileSync(new URL(name, folder));
    assert(!/bpf_(ringbuf_(reserve|output|submit)|perf_event_output)/.test(text), name);
  }
});

kernelTest("bootstrap's events hold nothing that bootstrap did not write", {}, async () => {
  using loaded = loadTargeted(Bootstrap.open(), nobody, ({ progs }) => {
    loadHooks(progs, { exec: true, exit: true });
  });
  using fillers = poison(loaded.maps.events);
  loaded.attach();
  assertClean(await recordsOf(loaded.maps.events), paddingOf("bootstrap", "event"));
  assert(fillers.bss.stacks > 46n);
});

/** What is before the event in struct record of bpf/include/record.h. */
const MARK_SIZE = 16;

kernelTest("execsnoop's events hold nothing that execsnoop did not write", {}, async () => {
  using loaded = loadTargeted(Execsnoop.open(), nobody, ({ rodata, progs }) => {
    rodata.env_bytes = 1024;
    rodata.max_ancestors = 16;
    rodata.exits = rodata.forks = true;
    loadHooks(progs, { exec: true, exit: true, end: true });
    progs.tp_image.autoload = false;
  });
  const { records, events } = loaded.maps;
  using fillers = poison(events);
  const first = new Uint8Array(4);
  // Behind the mark of a record that is being put together.
  records.update(first, records.lookup(first)!.map((bytes) => bytes.fill(PATTERN, MARK_SIZE)));
  const filled = records.lookup(first)!.map((bytes) => bytes.subarray(MARK_SIZE));
  assert(filled.every((bytes) => bytes.every((byte) => byte === PATTERN)));
  loaded.attach();
  assertClean(await recordsOf(events), paddingOf("execsnoop", "event"));
  assert(fillers.bss.stacks > 46n);
});

kernelTest("syscount's maps hold nothing that syscount did not write", {}, async () => {
  using object = BpfObject.open(objectPath("syscount"));
  const btf = new Btf(object.btf());
  using loaded = loadTargeted(Syscount.open(), nobody, ({ rodata, progs, maps }) => {
    rodata.measure_latency =
      rodata.by_process =
      rodata.by_error =
      rodata.histogram =
        true;
    for (const map of ["groups", "durations", "names", "running"] as const) {
      maps[map].maxEntries = 10_000;
    }
    loadHooks(progs, { enter: true, exit: true, fork: false, exec: true, end: true });
  });
  using opened = Poison.open();
  using fillers = opened.load().attach();
  loaded.attach();
  await runExecs();
  await loaded.detach();
  const kept = { groups: "cell", durations: "", names: "name", running: "running" } as const;
  for (const [name, struct] of Object.entries(kept) as [keyof typeof kept, string][]) {
    const entries = rawEntries(loaded.maps[name], object, name);
    assert(entries.length > 0, name);
    const key = name === "running" ? "" : name === "names" ? "name_key" : "group";
    const unused = [key, struct].map((type) =>
      type === "" ? [] : padding(btf, btf.find("struct", type)!)
    );
    for (const entry of entries) {
      entry.forEach((bytes, side) => {
        assert(!hasPattern(bytes), `${name} holds the pattern: ${bytes}`);
        for (const at of unused[side]) assertEquals(bytes[at], 0, `${name}: padding at ${at}`);
      });
    }
  }
  assert(fillers.bss.stacks > 46n);
});

/** The entries of a map as bytes. */
function rawEntries(map: { readonly fd: number }, described: BpfObject, name: string) {
  const { keySize, valueSize } = described.describeMaps().find((map) => map.name === name)!;
  using object = BpfObject.open(objectPath("syscount"));
  const raw = object.map(name, bytesOf(keySize), bytesOf(valueSize));
  raw.maxEntries = 10_000;
  raw.reuse(map);
  for (const program of object.programs) program.autoload = false;
  object.load();
  return [...raw];
}
