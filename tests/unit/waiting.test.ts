import { assertEquals } from "@std/assert";
import { Waiting } from "#lib/tool/mod.ts";

Deno.test("what waits is bounded by number and by bytes, and the oldest goes first", () => {
  for (const [bytes, most] of [[1, 65_536], [8192, 2048]]) {
    const waiting = new Waiting<number, number>();
    const dropped: number[] = [];
    for (let key = 0; key < most + 23; key++) {
      waiting.keep(key, key, bytes, (event) => dropped.push(event));
    }
    assertEquals(dropped, Array.from({ length: 23 }, (_, key) => key));
    assertEquals([waiting.take(0), waiting.take(23), waiting.take(23)], [undefined, 23, undefined]);
    assertEquals(waiting.takeAll().length, most - 1);
    assertEquals(waiting.takeAll(), []);
  }
});

Deno.test("many small events make room for a large one", () => {
  const waiting = new Waiting<string, string>();
  const dropped: string[] = [];
  for (let i = 0; i < 16; i++) {
    waiting.keep(`small${i}`, `small${i}`, 1 << 20, (event) => dropped.push(event));
  }
  assertEquals(dropped, []);
  waiting.keep("large", "large", 3 << 20, (event) => dropped.push(event));
  assertEquals(dropped, ["small0", "small1", "small2"]);
});
