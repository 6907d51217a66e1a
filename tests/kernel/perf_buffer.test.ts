import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import {
  MapsPerf,
  type perf_record,
  type perf_record_view,
} from "../../build/tests/skel/maps_perf.ts";
import { BpfMap, type EventBuffer, PhaseError, possibleCpus, u32 } from "#lib/mod.ts";
import { call, callElsewhere, PERF_CALL } from "./call.ts";
import { delay, kernelTest, patient } from "./harness.ts";

function openedPerf() {
  const opened = MapsPerf.open();
  opened.rodata.owner = Deno.pid;
  opened.maps.ring.autocreate = false;
  return opened;
}

function loadedPerf() {
  return openedPerf().load().attach();
}

/** Whether a record is whole: the payload to the last byte. */
function isWhole(record: perf_record_view): boolean {
  return record.payload.length === 281 && record.payload.every((byte) => byte === 0x5a);
}

kernelTest("consume() reads every event of a perf buffer, whole", {}, () => {
  using perf = loadedPerf();
  call(PERF_CALL | 23);
  const numbers: bigint[] = [];
  const count = perf.maps.records.consume((record) => {
    assert(isWhole(record));
    numbers.push(record.number);
  });
  assertEquals(count, 23);
  assertEquals(numbers, Array.from({ length: 23 }, (_, i) => BigInt(i)));
  assertEquals(perf.maps.records.consume(() => {}), 0);
  assertEquals([perf.maps.records.lost, perf.bss.refused], [0, 0n]);
});

kernelTest("a perf ring that wraps loses nothing and repeats nothing", {}, () => {
  using perf = loadedPerf();
  let next = 0n;
  for (let i = 0; i < 997; i++) { // some 2 million bytes through a ring of 256 KiB
    call(PERF_CALL | 7);
    perf.maps.records.consume((record) => {
      assert(isWhole(record));
      assertEquals(record.number, next++);
    });
  }
  assertEquals(next, perf.bss.sent);
  assertGreater(next, 6000n);
});

kernelTest("events that found no room are counted, the others are read", {}, () => {
  using opened = openedPerf();
  opened.maps.records.bytesPerCpu = 65536;
  const perf = opened.load().attach();
  const { records } = perf.maps;
  assertEquals(records.bytesPerCpu, 65536);
  for (let i = 0; i < 3; i++) call(PERF_CALL | 251);
  let read = 0;
  records.consume((record) => {
    assert(isWhole(record));
    read++;
  });
  call(PERF_CALL | 1); // there is room again: kernels before 6.0 report the loss now
  read += records.consume(() => {});
  assertGreater(read, 100);
  assertEquals(BigInt(read + records.lost), perf.bss.sent);
  assertEquals(perf.bss.sent, 754n);
  assertEquals(perf.bss.refused, BigInt(records.lost));
});

kernelTest("events of several CPUs come in the order of their time", {}, async () => {
  using perf = loadedPerf();
  using _ = onFirstCpu(); // the other is on the last one
  const child = callElsewhere(...Array(97).fill(PERF_CALL | 1));
  for (let i = 0; i < 97; i++) call(PERF_CALL | 1);
  assert((await child.status).success);
  const times: bigint[] = [];
  const cpus = new Set<number>();
  perf.maps.records.consume((record) => {
    times.push(record.time);
    cpus.add(record.cpu);
  });
  assertEquals(BigInt(times.length), perf.bss.sent);
  // The kernel's time of a record is a little later than the program's own: an interrupt between them
  // lets events of the other CPU go before.
  const sorted = times.toSorted((a, b) => a < b ? -1 : a > b ? 1 : 0);
  const late = times.filter((time, at) => Math.abs(sorted.indexOf(time) - at) > 5);
  assert(late.length <= 5, `${late.length} of ${times.length} in other places`);
  assertEquals(cpus.size, Math.min(2, navigator.hardwareConcurrency));
});

/** Keeps this thread on the first CPU until it is disposed of. */
function onFirstCpu(): Disposable {
  const libc = Deno.dlopen("libc.so.6", {
    // int sched_{get,set}affinity(pid_t pid, size_t cpusetsize, cpu_set_t *mask)
    sched_getaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
    sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  });
  const before = new Uint8Array(128);
  const first = new Uint8Array(128);
  libc.symbols.sched_getaffinity(0, 128n, before);
  const byte = before.findIndex((bits) => bits !== 0);
  first[byte] = before[byte] & -before[byte];
  libc.symbols.sched_setaffinity(0, 128n, first);
  return {
    [Symbol.dispose]() {
      libc.symbols.sched_setaffinity(0, 128n, before);
      libc.close();
    },
  };
}

kernelTest("read() of a perf buffer gives decoded events until the signal aborts", {}, async () => {
  using perf = loadedPerf();
  const stop = new AbortController();
  call(PERF_CALL | 10); // before anybody reads
  const timer = setTimeout(() => call(PERF_CALL | 13), 20);
  const numbers: number[] = [];
  for await (const event of perf.maps.records.read({ signal: stop.signal })) {
    numbers.push(Number(event.number));
    if (numbers.length === 23) stop.abort();
  }
  clearTimeout(timer);
  assertEquals(numbers, Array.from({ length: 23 }, (_, i) => i));
});

kernelTest("leaving read() of a perf buffer early leaves the other events behind", {}, async () => {
  using perf = loadedPerf();
  call(PERF_CALL | 7);
  for await (const event of perf.maps.records.read()) if (event.number === 3n) break;
  const rest: bigint[] = [];
  perf.maps.records.consume((record) => void rest.push(record.number));
  assertEquals(rest, [4n, 5n, 6n]);
});

kernelTest(
  "an idle reader of a perf buffer takes no CPU and ends when it is closed",
  {},
  async () => {
    const perf = loadedPerf();
    let turns = 0;
    const reading = (async () => {
      for await (const _ of perf.maps.records.batches()) turns++;
    })();
    await delay(patient(50));
    perf[Symbol.dispose]();
    await reading;
    assertEquals(turns, 0);
  },
);

/** Does something until a condition holds, for a while. */
async function until(holds: () => boolean, step: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + patient(10_000);
  while (!holds()) {
    assert(performance.now() < deadline, `not yet: ${holds}`);
    await step();
  }
}

kernelTest("CPUs that come online later are read, and those that come back", {
  needs: ["disposable", "cpu_hotplug"],
}, async () => {
  const online = (value: 0 | 1) =>
    Deno.writeTextFileSync("/sys/devices/system/cpu/cpu1/online", String(value));
  const last = async (...numbers: number[]) => void await callElsewhere(...numbers).status;
  online(0);
  using perf = loadedPerf();
  const { records } = perf.maps;
  const numbers: bigint[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    for await (const { cpu, number } of records.read({ signal: stop.signal })) {
      if (cpu === 1) numbers.push(number);
    }
  })();
  for (let time = 0; time < 2; time++) {
    online(1);
    // The kernel refuses what is sent before the reader has seen the CPU.
    const before = numbers.length;
    await until(() => numbers.length > before, () => last(PERF_CALL | 1));
    const { refused, sent } = perf.bss;
    await last(...Array(97).fill(PERF_CALL | 1));
    const end = sent + 97n;
    await until(() => numbers.at(-1) === end - 1n, () => delay(10));
    assertEquals(numbers.filter((number) => number >= sent).length, 97);
    assertEquals([perf.bss.sent, perf.bss.refused, records.lost], [end, refused, 0]);
    online(0);
  }
  online(1);
  stop.abort();
  await reading;
});

kernelTest("a perf buffer without an event type gives the bytes, padded", {}, () => {
  using perf = loadedPerf();
  call(PERF_CALL | 3);
  const events: Uint8Array[] = [];
  perf.maps.untyped.consume((event) => void events.push(event.bytes));
  assertEquals(events.map((event) => event.length), [4]);
  assertEquals(new DataView(events[0].buffer).getUint32(0, true), PERF_CALL | 3);
});

for (const kind of ["ring", "perf"] as const) {
  kernelTest(`a tool's user half reads events through a ${kind} buffer alike`, {}, async () => {
    using opened = MapsPerf.open();
    opened.rodata.owner = Deno.pid;
    opened.rodata.use_ring = kind === "ring";
    opened.maps.ring.autocreate = kind === "ring";
    opened.maps.records.autocreate = kind === "perf";
    const { maps } = opened.load().attach();
    const [events, other]: EventBuffer<perf_record, perf_record_view>[] = kind === "ring"
      ? [maps.ring, maps.records]
      : [maps.records, maps.ring];
    call(PERF_CALL | 23);
    const stop = new AbortController();
    let read = 0;
    for await (const { payload } of events.read({ signal: stop.signal })) {
      assertEquals(payload.length, 281);
      if (++read === 23) stop.abort();
    }
    assertThrows(() => other.consume(() => {}), PhaseError, "it was not made");
  });
}

kernelTest("the size of a perf buffer is set before load, and is a power of two", {}, () => {
  using opened = openedPerf();
  assertThrows(() => opened.maps.records.bytesPerCpu = 5000, RangeError, "power of two");
  assertThrows(() => opened.maps.records.bytesPerCpu = 1024, RangeError, "power of two");
  const perf = opened.load();
  assertThrows(() => perf.maps.records.bytesPerCpu = 65536, PhaseError, "mapped already");
  assertEquals(perf.maps.records.maxEntries, possibleCpus());
  assertThrows(() => new BpfMap(perf.maps.records, u32, u32).lookup(0), Error);
});

kernelTest("a view kept beyond its batch of a perf buffer throws", {}, () => {
  const perf = loadedPerf();
  call(PERF_CALL | 2);
  const kept: perf_record_view[] = [];
  perf.maps.records.consume((record) => void kept.push(record));
  assertThrows(() => kept[0].number, RangeError);
  perf[Symbol.dispose]();
  assertThrows(() => perf.maps.records.consume(() => {}), PhaseError, "is closed");
  assertThrows(() => perf.maps.records.lost, PhaseError, "is closed");
});
