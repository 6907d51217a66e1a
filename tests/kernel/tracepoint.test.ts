import { assertEquals } from "@std/assert";
import { tracepointArguments } from "#lib/btf/tracepoint.ts";
import { kernelIsAtLeast } from "#lib/sys/kernel.ts";
import { kernelTest } from "./harness.ts";

const count = (name: string) => tracepointArguments(name)?.length;

kernelTest("tracepointArguments() has what a tracepoint passes", {}, () => {
  assertEquals(count("sched_wakeup"), 1);
  assertEquals(count("sched_process_exec"), 3);
  assertEquals(count("sched_switch"), kernelIsAtLeast(5, 18) ? 4 : 3);
  assertEquals(count("no_such_tracepoint"), undefined);
});
