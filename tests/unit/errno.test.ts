import { assertEquals } from "@std/assert";
import { errnoName, errnoNumber, errorName } from "#lib/sys/errno.ts";
import { errno } from "#lib/tool/mod.ts";

Deno.test("second names of an errno are understood", () => {
  const pairs = { EWOULDBLOCK: 11, EDEADLOCK: 35, ENOTSUP: 95, EAGAIN: 11 };
  for (const [name, number] of Object.entries(pairs)) {
    assertEquals([errnoNumber(name), errno(name.toLowerCase())], [number, number], name);
  }
  assertEquals([errnoNumber("toString"), errnoNumber("EWOULDNOTBLOCK")], [undefined, undefined]);
  assertEquals(errnoName(11), "EAGAIN");
});

Deno.test("errorName() has a name for results below 0 only", () => {
  assertEquals([-2, 0, 2].map(errorName), ["ENOENT", undefined, undefined]);
});
