import { assertEquals } from "@std/assert";
import { parseCpuList } from "#lib/sys/cpus.ts";

Deno.test("a list of CPUs is single numbers and ranges", () => {
  assertEquals(parseCpuList("0\n"), [0]);
  assertEquals(parseCpuList("0-3,8,10-11\n"), [0, 1, 2, 3, 8, 10, 11]);
  assertEquals(parseCpuList("\n"), []);
});
