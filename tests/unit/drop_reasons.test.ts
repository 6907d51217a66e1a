import { assertEquals } from "@std/assert";
import { Btf } from "@denobpf/denobpf";
import { DropReasons } from "#lib/tool/drop_reasons.ts";
import { BtfBuilder } from "./btf_builder.ts";

const ENUM = 6;

/** The types of a kernel with these enums. */
function kernelWith(enums: Readonly<Record<string, Readonly<Record<string, number>>>>): Btf {
  const builder = new BtfBuilder();
  for (const [name, values] of Object.entries(enums)) {
    const words = Object.entries(values).flatMap(([name, value]) => [builder.string(name), value]);
    builder.add(ENUM, { name, sizeOrType: 4, count: words.length / 2, words });
  }
  return Btf.lazily(builder.bytes());
}

Deno.test("reasons have the names and numbers of the kernel at hand", () => {
  const reasons = new DropReasons(kernelWith({
    skb_drop_reason: {
      SKB_NOT_DROPPED_YET: 0,
      SKB_CONSUMED: 1,
      SKB_DROP_REASON_NO_SOCKET: 23,
      SKB_DROP_REASON_SUBSYS_MASK: 0xffff_0000,
    },
    skb_drop_reason_subsys: {
      SKB_DROP_REASON_SUBSYS_CORE: 0,
      SKB_DROP_REASON_SUBSYS_OPENVSWITCH: 2,
    },
  }));
  assertEquals(reasons.known, true);
  assertEquals([1, 23, 0, 97].map((reason) => reasons.name(reason)), [
    "CONSUMED",
    "NO_SOCKET",
    undefined,
    "CORE_97",
  ]);
  assertEquals([0x2_0003, 0x5_0007].map((reason) => reasons.name(reason)), [
    "OPENVSWITCH_3",
    "5_7",
  ]);
  assertEquals([0, 23, 0x2_0003].map((reason) => reasons.subsystem(reason)), [
    undefined,
    "CORE",
    "OPENVSWITCH",
  ]);
  const names = ["no_socket", "SKB_DROP_REASON_NO_SOCKET", "NOT_DROPPED_YET", "SUBSYS_MASK", "x"];
  assertEquals(names.map((name) => reasons.number(name)), [
    23,
    23,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("a kernel without reasons has none", () => {
  const reasons = new DropReasons(kernelWith({}));
  assertEquals([reasons.known, reasons.name(0), reasons.number("NO_SOCKET")], [
    false,
    undefined,
    undefined,
  ]);
});
