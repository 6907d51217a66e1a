import { assert, assertEquals, assertThrows } from "@std/assert";
import { MapsUserRing } from "../../build/tests/skel/maps_user_ring.ts";
import { PhaseError } from "#lib/mod.ts";
import { call, USER_RING_CALL } from "./call.ts";
import { kernelTest } from "./harness.ts";

const payload = new Uint8Array(101).fill(0x5a);
const SIZE_IN_RING = 128; // 117 bytes and a header of 8, rounded up to 8

function loadedRing() {
  const opened = MapsUserRing.open();
  opened.rodata.owner = Deno.pid;
  return opened.load().attach();
}

const needs = ["user_ringbuf"] as const;

kernelTest("a program takes what was pushed, in order and whole", { needs }, () => {
  using ring = loadedRing();
  let number = 0n;
  for (let round = 0; round < 101; round++) { // three times through the ring
    for (let i = 0; i < 23; i++, number++) {
      assert(ring.maps.commands.push({ number, square: number * number, payload }));
    }
    call(USER_RING_CALL);
    assertEquals([ring.bss.taken, ring.bss.wrong], [number, 0n]);
  }
});

kernelTest("a full ring takes nothing until it is drained", { needs }, () => {
  using ring = loadedRing();
  let pushed = 0n;
  while (ring.maps.commands.push({ number: pushed, square: pushed * pushed, payload })) pushed++;
  assertEquals(pushed, BigInt(4096 / SIZE_IN_RING));
  call(USER_RING_CALL);
  assertEquals([ring.bss.taken, ring.bss.wrong], [pushed, 0n]);
  assert(ring.maps.commands.push({ number: pushed, square: pushed * pushed, payload }));
  call(USER_RING_CALL);
  assertEquals([ring.bss.taken, ring.bss.wrong], [pushed + 1n, 0n]);
});

kernelTest("a value that does not fit its type is never seen", { needs }, () => {
  using ring = loadedRing();
  const { commands } = ring.maps;
  assertThrows(() => commands.push({ number: 0n, square: -1n, payload }), RangeError, "square");
  assertThrows(() => commands.push({ number: 0n, square: 0n, payload: payload.slice(1) }));
  assert(commands.push({ number: 0n, square: 0n, payload }));
  call(USER_RING_CALL);
  assertEquals([ring.bss.taken, ring.bss.wrong], [1n, 0n]);
});

kernelTest("a ring without a type takes bytes", { needs }, () => {
  using ring = loadedRing();
  assert(ring.maps.untyped.push(new Uint8Array(4000)));
  assertEquals(ring.maps.untyped.push(new Uint8Array(4000)), false);
  assertThrows(() => ring.maps.untyped.push(new Uint8Array(4089)), RangeError, "more than");
});

kernelTest("nothing is pushed before load or after close", { needs }, () => {
  const opened = MapsUserRing.open();
  const early = opened as unknown as ReturnType<typeof loadedRing>;
  const value = { number: 0n, square: 0n, payload };
  assertThrows(() => early.maps.commands.push(value), PhaseError, "not loaded yet");
  const ring = opened.load();
  ring.maps.commands.push(value);
  ring[Symbol.dispose]();
  assertThrows(() => ring.maps.commands.push(value), PhaseError, "is closed");
});
