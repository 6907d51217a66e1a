import { assertEquals } from "@std/assert";
import { capabilityName, capabilityNumber } from "#lib/sys/capability_names.ts";

Deno.test("capabilities have the names of linux/capability.h", () => {
  const header = Deno.readTextFileSync("/usr/include/linux/capability.h");
  const defined = [...header.matchAll(/^#define (CAP_\w+)\s+(\d+)$/gm)];
  assertEquals(defined.length >= 41, true);
  for (const [, name, number] of defined) {
    assertEquals([capabilityName(Number(number)), capabilityNumber(name)], [name, Number(number)]);
  }
});

Deno.test("one that has no name yet is its number, and no name is none", () => {
  assertEquals([capabilityName(63), capabilityName(-1)], ["63", "-1"]);
  assertEquals([capabilityNumber("sys_admin"), capabilityNumber("SYS_NONE")], [21, undefined]);
});
