import { assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { Lengths } from "../../build/tests/skel/lengths.ts";
import { call } from "./call.ts";
import { kernelTest } from "./harness.ts";

/** As in tests/fixtures/lengths.bpf.c. */
const LENGTH_CALL = 0x4bf00000;
const SIZE = 24;

function attachLengths() {
  const opened = Lengths.open();
  opened.rodata.owner = Deno.pid;
  return opened.load().attach();
}

kernelTest("records of every length are read, and those that are too short are errors", {}, () => {
  using lengths = attachLengths();
  const { records } = lengths.maps;
  for (let length = 0; length < 100; length++) {
    call(LENGTH_CALL | length);
    if (length < SIZE) {
      const message = `a record of records has ${length} bytes, struct numbered has ${SIZE}`;
      assertThrows(() => records.consume(() => {}), RangeError, message);
    } else {
      const seen: number[][] = [];
      records.consume((record) => {
        seen.push([record.length, record.$$length, record.rest.length]);
      });
      assertEquals(seen, [[length, length, length - SIZE]]);
    }
  }
  assertEquals(lengths.bss.lost, 0n);
});

kernelTest("reading goes on behind a record that was too short", {}, async () => {
  using lengths = attachLengths();
  const { records } = lengths.maps;
  for (const length of [40, SIZE - 1, 41, 0, 4095]) call(LENGTH_CALL | length);
  const seen: number[] = [];
  let errors = 0;
  while (seen.length < 3) {
    try {
      for await (const { length } of records.read()) {
        seen.push(length);
        if (seen.length === 3) break;
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      errors++;
    }
  }
  assertEquals([seen, errors], [[40, 41, 4095], 2]);
});

kernelTest("records of any lengths come in their order, over many turns of the ring", {}, () => {
  using lengths = attachLengths();
  const { records } = lengths.maps;
  let number = 0n;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: SIZE, max: 4095 }), { maxLength: 12 }), (wanted) => {
      for (const length of wanted) call(LENGTH_CALL | length);
      const seen: number[] = [];
      records.consume((record) => {
        assertEquals(record.number, ++number);
        seen.push(record.$$length);
      });
      assertEquals(seen, wanted);
    }),
    { numRuns: 100 },
  );
});
