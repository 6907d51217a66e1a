import { assertEquals, assertThrows } from "@std/assert";
import {
  attachSocket,
  attachTracepoint,
  BpfObject,
  createMap,
  mapKinds,
  PacketSocket,
  PhaseError,
  s32,
  u64,
  UserRingBuffer,
} from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

const root = new URL("../../", import.meta.url);
const path = (name: string) => new URL(`build/${name}.bpf.o`, root).pathname;

kernelTest("nothing can be attached while an object is being closed", {}, async () => {
  const object = BpfObject.open(path("minimal"));
  object.load();
  const program = object.program("handle_tp");
  program.attach();
  const closing = object[Symbol.asyncDispose]();
  assertEquals(object.phase, "closing");
  const attempts = [
    () => program.attach(),
    () => object.attach(),
    () => attachTracepoint(program, "sched", "sched_process_exec"),
  ];
  for (const attempt of attempts) assertThrows(attempt, PhaseError, "minimal is being closed");
  object.section(".bss").read(16, s32); // what is there can still be read
  await closing;
  assertEquals(object.phase, "closed");
  assertThrows(() => program.attach(), PhaseError, "minimal is closed");
});

kernelTest(
  "what is attached without a link is taken back while the object is closing",
  {},
  async () => {
    const object = BpfObject.open(path("examples/sockfilter"));
    object.load();
    const program = object.program("socket_handler");
    using socket = new PacketSocket("lo");
    const closing = object[Symbol.asyncDispose]();
    assertThrows(() => attachSocket(program, socket), PhaseError, "is being closed");
    await closing;
  },
);

kernelTest("an object that is closing can be closed at once", {}, async () => {
  for (const name of ["minimal", "examples/usdt", "bootstrap"]) {
    const object = BpfObject.open(path(name));
    object.load();
    if (name !== "examples/usdt") object.attach();
    const closing = object[Symbol.asyncDispose]();
    object[Symbol.dispose]();
    assertEquals(object.phase, "closed");
    await closing;
    await object[Symbol.asyncDispose]();
  }
});

kernelTest("an object outlives links that are being destroyed on other threads", {}, async () => {
  const object = BpfObject.open(path("minimal"));
  object.load();
  const link = object.program("handle_tp").attach();
  const ending = link.destroyLater();
  object[Symbol.dispose]();
  assertEquals(object.phase, "closed");
  await ending;
});

kernelTest("a section's variables are copied in and out", {}, () => {
  using object = BpfObject.open(path("tests/maps"));
  const data = object.section(".data");
  let seen: ArrayBuffer | undefined;
  const nosy = {
    ...u64,
    decode(...[from, at]: Parameters<typeof u64.decode>) {
      seen = from.u8.buffer;
      return u64.decode(from, at);
    },
  };
  data.write(0, u64, 7n);
  assertEquals(data.read(0, nosy), 7n);
  seen?.transfer();
  assertEquals(data.read(0, u64), 7n, "it is the section's no more");
  for (const offset of [-1, 0.5, NaN, data.size - 7, data.size, 2 ** 53]) {
    assertThrows(() => data.read(offset, u64), RangeError, "lies beyond");
    assertThrows(() => data.write(offset, u64, 1n), RangeError, "lies beyond");
  }
});

/** In a process of its own: reading unmapped memory would end it. */
kernelTest("a buffer that a caller's codec gives away stays readable after close", {}, async () => {
  const has = mapKinds().some(({ name, supported }) => name === "user_ringbuf" && supported);
  if (has) {
    using map = createMap({ type: "user_ringbuf", maxEntries: 65536 });
    using ring = new UserRingBuffer(map, u64);
    assertEquals(ring.push(7n), true);
  }
  const program = `
    import { BpfObject, createMap, raw, u64, UserRingBuffer } from "${new URL("lib/mod.ts", root)}";
    const kept = [];
    const keep = (bytes) => kept.push(bytes.u8.buffer.transfer());
    const object = BpfObject.open("${path("bootstrap")}");
    object.load();
    object.attach();
    await new Deno.Command("/bin/true").output();
    const decode = (from) => void keep(from);
    try {
      for await (const _ of object.ringBuffer("events", { ...raw, decode }).read()) break;
    } catch {}
    object[Symbol.dispose]();
    if (${has}) {
      const map = createMap({ type: "user_ringbuf", maxEntries: 65536 });
      const ring = new UserRingBuffer(map, { ...u64, encode: keep });
      try { ring.push(7n); } catch {}
      ring[Symbol.dispose]();
      map[Symbol.dispose]();
    }
    for (const buffer of kept) new Uint8Array(buffer).slice();
    console.log(kept.length);`;
  const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", program],
    cwd: root,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([code, signal, text(stdout)], [0, null, `${has ? 2 : 1}\n`], text(stderr));
});
