import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { type record_view, Ring } from "../../build/tests/skel/ring.ts";
import { PhaseError, type Program } from "#lib/mod.ts";
import { Waiter } from "#lib/sys/waiter.ts";
import { call, callElsewhere, HOLD_CALL, RING_CALL } from "./call.ts";
import { delay, hasFeature, kernelTest, patient } from "./harness.ts";

const FILL = 0x5a;
const SIZE_IN_RING = 312; // 301 bytes and a header of 8, rounded up to 8

function openedRing() {
  const opened = Ring.open();
  opened.rodata.owner = Deno.pid;
  opened.bss.fill = FILL;
  opened.progs.on_hold.autoload = hasFeature("bpf_loop");
  return opened;
}

function loadedRing(settings: { discard_every?: number } = {}) {
  const opened = openedRing();
  opened.bss.discard_every = settings.discard_every ?? 0;
  return opened.load().attach();
}

/** Whether a record is whole: its number squared, and the payload to the last byte. */
function isWhole(record: record_view): boolean {
  return record.check === record.number * record.number &&
    record.payload.every((byte) => byte === FILL);
}

/** Calls that are neither seen nor lost never got to the program: other processes missed some as well. */
function assertMissed(calls: bigint, program: Pick<Program, "misses">): void {
  assert(calls >= 0n && calls <= program.misses, `${calls} calls are gone without a word`);
}

kernelTest("consume() reads every record of a ring, whole", {}, () => {
  using ring = loadedRing();
  call(RING_CALL | 23);
  const numbers: bigint[] = [];
  const count = ring.maps.records.consume((record) => {
    assert(isWhole(record));
    assertEquals(record.$$length, 301);
    numbers.push(record.number);
  });
  assertEquals(count, 23);
  assertEquals(numbers, Array.from({ length: 23 }, (_, i) => BigInt(i)));
  assertEquals(ring.maps.records.consume(() => {}), 0);
});

kernelTest("a ring that wraps loses nothing and repeats nothing", {}, () => {
  using ring = loadedRing();
  const rounds = 9973; // some 22 million bytes through a ring of 64 KiB
  let next = 0n;
  for (let i = 0; i < rounds; i++) {
    call(RING_CALL | 7);
    ring.maps.records.consume((record) => {
      assertEquals(record.number, next++);
      assertEquals(record.check, record.number * record.number);
    });
  }
  assertEquals(next % 7n, 0n);
  assertMissed(BigInt(rounds) - next / 7n, ring.progs.on_call);
  assertEquals(ring.bss.lost, 0n);
});

kernelTest("records that did not fit are counted, the others are read", {}, () => {
  using ring = loadedRing();
  call(RING_CALL | 509);
  const fit = Math.floor(64 * 1024 / SIZE_IN_RING);
  assertEquals(ring.bss.lost, BigInt(509 - fit));
  let read = 0;
  ring.maps.records.consume((record) => {
    assert(isWhole(record));
    read++;
  });
  assertEquals(read, fit);
  call(RING_CALL | 11);
  assertEquals(ring.maps.records.consume(() => {}), 11, "there is room again");
});

kernelTest("records discarded by the kernel half are skipped", {}, () => {
  using ring = loadedRing({ discard_every: 3 });
  call(RING_CALL | 101);
  const numbers: bigint[] = [];
  ring.maps.records.consume((record) => void numbers.push(record.number));
  assertEquals(ring.bss.discarded, 34n);
  assertEquals(numbers.length, 67);
  assert(numbers.every((number) => number % 3n !== 0n));
});

kernelTest("a record that is being written is waited for, and order is kept", {
  needs: ["bpf_loop"],
}, async () => {
  using ring = loadedRing();
  const stop = new AbortController();
  // 0x2000 << 10 looks at the clock take long enough to be met here
  const child = callElsewhere(RING_CALL | 1, HOLD_CALL | 0x2000, RING_CALL | 1);
  let looks = 0;
  const numbers: bigint[] = [];
  const reading = (async () => {
    for await (const batch of ring.maps.records.batches({ signal: stop.signal })) {
      looks++;
      batch.forEach((record) => void numbers.push(record.number));
      if (numbers.length >= 3) stop.abort();
    }
  })();
  await reading;
  assert((await child.status).success);
  assertEquals(numbers, [0n, 1n, 2n]);
  assertGreater(looks, 1, "the first record was not kept back for the unfinished one");
});

kernelTest("what a preempted program keeps from others on its CPU is counted as missed", {
  needs: ["bpf_loop"],
}, async () => {
  using ring = loadedRing();
  // Both on the last CPU. From Linux 7.0 on one is preempted within the program, and the other's call
  // never gets there; before, one waits for the other.
  const children = [0, 1].map(() => callElsewhere(HOLD_CALL | 0x1fff));
  for (const child of children) assert((await child.status).success);
  const seen = ring.maps.records.consume(() => {});
  assert(seen > 0);
  assertMissed(2n - BigInt(seen), ring.progs.on_hold);
});

kernelTest(
  "a reader that rests sees every event, and is woken again when they are rare",
  {},
  async () => {
    using ring = loadedRing();
    const stop = new AbortController();
    const told: boolean[] = [];
    const readerRests = (yes: boolean) => {
      ring.bss.reader_rests = yes;
      told.push(yes);
    };
    const numbers: bigint[] = [];
    const reading = (async () => {
      for await (
        const batch of ring.maps.records.batches({ signal: stop.signal, readerRests })
      ) {
        batch.forEach((record) => void numbers.push(record.number));
      }
    })();
    let calls = 0;
    // Events that come often, until it rests.
    while (calls < 211 || told.length < 1) {
      call(RING_CALL | 1);
      calls++;
      await delay(1);
    }
    // Then none, until it rests no more, and one that comes alone.
    while (told.length % 2 === 1) await delay(1);
    call(RING_CALL | 1);
    calls++;
    while (numbers.length < calls) await delay(1);
    stop.abort();
    await reading;
    assertEquals(numbers, Array.from({ length: calls }, (_, i) => BigInt(i)));
    assertEquals(told, told.map((_, i) => i % 2 === 0), "it rests, then it does not");
    assertEquals(ring.bss.reader_rests, false);
  },
);

kernelTest(
  "a ring wakes a reader that rests when it is half full, and not before",
  {},
  async () => {
    using ring = loadedRing();
    using waiter = new Waiter([ring.maps.records.fd]);
    ring.bss.reader_rests = true;
    let woken = false;
    const resting = waiter.rest(-1).then(() => woken = true);
    await delay(patient(20));
    call(RING_CALL | 23);
    await delay(patient(50));
    assertEquals(woken, false);
    call(RING_CALL | 127);
    await resting;
  },
);

kernelTest(
  "a reader that rests loses nothing of bursts that fill half of the ring",
  {},
  async () => {
    using ring = loadedRing();
    const stop = new AbortController();
    let read = 0;
    const reading = (async () => {
      for await (
        const batch of ring.maps.records.batches({
          signal: stop.signal,
          readerRests: (yes) => ring.bss.reader_rests = yes,
        })
      ) {
        read += batch.forEach(() => {});
      }
    })();
    // Each burst is more than half of the ring, two of them more than all of it.
    const bursts = 101;
    let calls = 0;
    for (let i = 0; i < bursts; i++) {
      call(RING_CALL | 127);
      calls += 127;
      while (read < calls) await delay(0);
    }
    stop.abort();
    await reading;
    assertEquals(read, calls);
    assertEquals(ring.bss.lost, 0n);
  },
);

kernelTest("read() gives decoded events until the signal aborts", {}, async () => {
  using ring = loadedRing();
  const stop = new AbortController();
  const timer = setTimeout(() => call(RING_CALL | 13), 20);
  const events = [];
  call(RING_CALL | 10);
  for await (const event of ring.maps.records.read({ signal: stop.signal })) {
    assertEquals(event.check, event.number * event.number);
    events.push(event);
    if (events.length === 23) stop.abort();
  }
  clearTimeout(timer);
  assertEquals(
    events.map((event) => Number(event.number)),
    Array.from({ length: 23 }, (_, i) => i),
  );
});

kernelTest("leaving read() early leaves the events behind in the ring", {}, async () => {
  using ring = loadedRing();
  call(RING_CALL | 23);
  let seen = 0;
  for await (const _ of ring.maps.records.read()) if (++seen === 5) break;
  assertEquals(ring.maps.records.consume(() => {}), 18);
});

kernelTest(
  "an idle reader ends when its signal does, and not after its next look",
  {},
  async () => {
    using ring = loadedRing();
    // A busy machine may be late, a reader that has to look for it always is: it does so once a second.
    for (let took = Infinity; took > patient(100);) {
      const stop = new AbortController();
      let aborted = 0;
      setTimeout(() => {
        aborted = performance.now();
        stop.abort();
      }, 50);
      for await (const _ of ring.maps.records.read({ signal: stop.signal }));
      took = performance.now() - aborted;
    }
  },
);

kernelTest("an idle reader takes no CPU", {}, async () => {
  using ring = loadedRing();
  const stop = new AbortController();
  const reading = (async () => {
    for await (const _ of ring.maps.records.read({ signal: stop.signal }));
  })();
  await delay(100);
  const before = ownTicks();
  await delay(1000);
  const used = ownTicks() - before;
  stop.abort();
  await reading;
  assert(used <= patient(5), `${used} ticks of 10 ms in a second`);
});

/** CPU time of this process, user and system, in ticks of 10 ms: man 5 proc, /proc/PID/stat. */
function ownTicks(): number {
  const stat = Deno.readTextFileSync("/proc/self/stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

kernelTest("a reader under a storm lets timers run", {}, async () => {
  using ring = loadedRing();
  const stop = new AbortController();
  const child = callElsewhere(...Array(4000).fill(RING_CALL | 199));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  let read = 0n;
  const before = ownTicks();
  void child.status.then(() => stop.abort());
  for await (const batch of ring.maps.records.batches({ signal: stop.signal })) {
    batch.forEach(() => void read++);
  }
  const used = ownTicks() - before;
  clearInterval(timer);
  ring.maps.records.consume(() => void read++);
  assertEquals(read, ring.bss.submitted, "all that was submitted was read");
  const told = read + ring.bss.lost;
  assertEquals(told % 199n, 0n);
  assertMissed(4000n - told / 199n, ring.progs.on_call);
  assertGreater(ticks, used / 10, "a timer of 10 ms ran at least every 100 ms of CPU time");
});

kernelTest("a second reader of the same ring is refused", {}, async () => {
  using ring = loadedRing();
  const stop = new AbortController();
  const first = ring.maps.records.read({ signal: stop.signal }).next();
  await assertRejects(
    () => ring.maps.records.read().next(),
    PhaseError,
    "is being read already",
  );
  stop.abort();
  await first;
});

kernelTest("closing ends a reader that waits", {}, async () => {
  const ring = loadedRing();
  const reading = ring.maps.records.read().next();
  await delay(patient(20));
  ring[Symbol.dispose]();
  assertEquals((await reading).done, true);
});

kernelTest("a view kept beyond its batch throws instead of reading freed memory", {}, () => {
  const ring = loadedRing();
  call(RING_CALL | 2);
  const kept: record_view[] = [];
  ring.maps.records.consume((record) => void kept.push(record));
  assertThrows(() => kept[0].number, RangeError);
  ring[Symbol.dispose]();
  assertThrows(() => kept[0].number, RangeError);
});

kernelTest("a ring is read only while its object is loaded", {}, () => {
  const opened = openedRing();
  const early = opened as unknown as ReturnType<typeof loadedRing>;
  assertThrows(() => early.maps.records.consume(() => {}), PhaseError, "not loaded yet");
  opened.load();
  early[Symbol.dispose]();
  assertThrows(() => early.maps.records.consume(() => {}), PhaseError, "is closed");
});

kernelTest("the size of a ring is set before load", {}, () => {
  using opened = openedRing();
  opened.maps.records.maxEntries = 4096;
  const ring = opened.load().attach();
  call(RING_CALL | 23);
  assertEquals(ring.maps.records.consume((record) => assert(isWhole(record))), 13);
  assertEquals(ring.bss.lost, 10n);
  assertThrows(() => {
    (ring.maps.records as { maxEntries: number }).maxEntries = 8192;
  }, PhaseError);
});

kernelTest("a handler that throws leaves the ring usable", {}, () => {
  using ring = loadedRing();
  call(RING_CALL | 5);
  assertThrows(() =>
    ring.maps.records.consume((record) => {
      if (record.number === 1n) throw new Error("handler");
    })
  );
  assertEquals(ring.maps.records.consume(() => {}), 3);
});
