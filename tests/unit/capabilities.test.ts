import { assertEquals } from "@std/assert";
import { capabilitiesIn } from "#lib/sys/capabilities.ts";

const status = (effective: string) =>
  `Name:\tdeno\nCapPrm:\t000001ffffffffff\nCapEff:\t${effective}\nCapBnd:\t000001ffffffffff\n`;

Deno.test("capabilitiesIn() reads the effective set alone", () => {
  assertEquals([...capabilitiesIn(status("0000000000000000"))], []);
  assertEquals([...capabilitiesIn(status("0000000000200000"))], ["CAP_SYS_ADMIN"]);
  assertEquals([...capabilitiesIn(status("000000c000000000"))], ["CAP_PERFMON", "CAP_BPF"]);
  assertEquals(capabilitiesIn(status("000001ffffffffff")).size, 6);
});

Deno.test("capabilitiesIn() finds none where the kernel shows none", () => {
  assertEquals([...capabilitiesIn("")], []);
});
