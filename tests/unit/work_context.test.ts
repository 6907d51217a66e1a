import { assertEquals, assertThrows } from "@std/assert";
import { Btf } from "@denobpf/denobpf";
import { ExitError } from "#lib/tool/mod.ts";
import { workContext } from "#lib/tool/work_context.ts";
import { BtfBuilder } from "./btf_builder.ts";

/** The types of a kernel with these variables of each CPU, in bytes from the first one. */
function kernelWith(places: Readonly<Record<string, number>>, count: "cpu" | "task" = "cpu"): Btf {
  const builder = new BtfBuilder();
  const long = builder.int("long", 8);
  const counts = builder.struct("", 16, [["current_task", long, 0], ["preempt_count", long, 64]]);
  const either = builder.union("", 64, [["", counts, 0]]);
  builder.struct("pcpu_hot", 64, [["", either, 0]]);
  builder.struct("sched_entity", 16, [["load", long, 0], ["cfs_rq", long, 64]]);
  builder.struct("thread_info", 128, [
    ["flags", long, 0],
    ...count === "task" ? [["", either, 64] as [string, number, number]] : [],
  ]);
  const variables = Object.entries(places).map(([name, offset]): [number, number, number] => [
    builder.variable(name, long),
    offset,
    8,
  ]);
  builder.section(".data..percpu", 1 << 20, variables);
  return Btf.lazily(builder.bytes());
}

Deno.test("the count of a CPU lies where its variable does, by the run queue", () => {
  const { preempt_count_from_rq, irqs_count_higher } = workContext(
    "tool",
    kernelWith({ __preempt_count: 98_352, runqueues: 202_048 }),
  );
  assertEquals([preempt_count_from_rq, irqs_count_higher], [98_352n - 202_048n, false]);
});

Deno.test("the count of a CPU may lie in a struct with others", () => {
  const { preempt_count_from_rq } = workContext(
    "tool",
    kernelWith({ pcpu_hot: 217_088, runqueues: 220_800 }),
  );
  assertEquals(preempt_count_from_rq, 217_088n + 8n - 220_800n);
});

Deno.test("interrupts count higher where those that are disabled count as well", () => {
  const btf = kernelWith({
    __preempt_count: 0,
    runqueues: 4096,
    local_interrupt_disable_state: 8,
  });
  assertEquals(workContext("tool", btf), {
    preempt_count_from_rq: -4096n,
    irqs_count_higher: true,
  });
});

Deno.test("the count of a task is found by the kernel half", () => {
  const btf = kernelWith({}, "task");
  assertEquals(workContext("tool", btf), { preempt_count_from_rq: 0n, irqs_count_higher: false });
});

Deno.test("a kernel that does not show where it counts is refused", () => {
  const error = assertThrows(() => workContext("tool", kernelWith({ runqueues: 0 })), ExitError);
  assertEquals(
    error.message,
    "Cannot start tool like this: the kernel does not show where it counts interrupts",
  );
});
