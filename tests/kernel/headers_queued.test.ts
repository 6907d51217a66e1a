/** What the kernel halves read of run queues, of some that are made up. */
import { assertEquals } from "@std/assert";
import { HeadersQueued } from "../../build/tests/skel/headers_queued.ts";
import { testRun } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

type Wanted = Parameters<typeof look>[1];

/** What is seen of a queue with these tasks: how many wait, of each class as well, and whether the CPU is idle. */
function look(
  skel: ReturnType<ReturnType<typeof HeadersQueued.open>["load"]>,
  wanted: Partial<typeof skel.bss.wanted>,
) {
  skel.bss.wanted = { ...skel.bss.wanted, ...IDLE, ...wanted };
  testRun(skel.progs.look, { context: new Uint8Array(8) });
  const { waiting, of_class, idle } = skel.bss.seen;
  return [waiting, of_class, idle];
}

const IDLE = {
  all: 0,
  fair: 0,
  delayed: 0,
  rt: 0,
  ext: 0,
  pid: 0,
  prio: 120,
  is_fair: 0,
  is_stop: 0,
};
const BUSY = { pid: 23, is_fair: 1 };

/** Loads one of the programs: Linux 5.10 lacks what the other one needs. */
function load(wanted: "look" | "place") {
  const opened = HeadersQueued.open();
  opened.progs.look.autoload = wanted === "look";
  opened.progs.place.autoload = wanted === "place";
  opened.rodata.nr_cpus = 64;
  return opened.load();
}

kernelTest("the length of a queue is what waits, without the task that runs", {}, () => {
  using skel = load("look");
  const seen: [Wanted, unknown][] = [
    [{}, [0, [0, 0, 0, 0], true]],
    [{ all: 1, fair: 1 }, [1, [1, 0, 0, 0], false]], // it is about to get the CPU
    [{ ...BUSY, all: 1, fair: 1 }, [0, [0, 0, 0, 0], false]],
    [{ ...BUSY, all: 7, fair: 7 }, [6, [6, 0, 0, 0], false]],
    [{ ...BUSY, all: 257, fair: 257 }, [256, [256, 0, 0, 0], false]],
    [{ ...BUSY, all: 70_001, fair: 70_001 }, [70_000, [70_000, 0, 0, 0], false]],
    // it has just left the queue, and the CPU is not another's yet
    [{ ...BUSY }, [0, [0, 0, 0, 0], false]],
  ];
  for (const [wanted, lengths] of seen) assertEquals(look(skel, wanted), lengths);
});

kernelTest("tasks wait in the class that they are of, as does not the one that runs", {}, () => {
  using skel = load("look");
  const tasks = { all: 18, fair: 7, rt: 3 }; // and 8 of others
  const seen: [Wanted, unknown][] = [
    [tasks, [18, [7, 3, 8, 0], false]],
    [{ ...tasks, ...BUSY }, [17, [6, 3, 8, 0], false]],
    [{ ...tasks, pid: 23, prio: 99 }, [17, [7, 2, 8, 0], false]],
    [{ ...tasks, pid: 23, prio: 0 }, [17, [7, 2, 8, 0], false]],
    [{ ...tasks, pid: 23, prio: -1 }, [17, [7, 3, 7, 0], false]],
    [{ ...tasks, pid: 23, prio: 99, is_stop: 1 }, [17, [7, 3, 7, 0], false]],
  ];
  for (const [wanted, lengths] of seen) assertEquals(look(skel, wanted), lengths);
  if (!skel.bss.has_ext) return;
  assertEquals(look(skel, { ...tasks, pid: 23, ext: 5 }), [17, [7, 3, 3, 4], false]);
  assertEquals(look(skel, { ...tasks, ...BUSY, ext: 5 }), [17, [6, 3, 3, 5], false]);
});

kernelTest("tasks that sleep and are still in the queue do not wait", {}, () => {
  using skel = load("look");
  look(skel, {});
  if (!skel.bss.has_delayed) return;
  const tasks = { all: 5, fair: 5, delayed: 3 };
  assertEquals(look(skel, tasks), [2, [2, 0, 0, 0], false]);
  assertEquals(look(skel, { ...tasks, ...BUSY }), [1, [1, 0, 0, 0], false]);
  assertEquals(look(skel, { all: 3, fair: 3, delayed: 3 }), [0, [0, 0, 0, 0], true]);
});

kernelTest("an idle CPU is one task's, which may run there", { needs: ["bpf_loop"] }, () => {
  using skel = load("place");
  const may = (allowed: bigint, more = {}) => ({ allowed, delayed: 0, throttled: 0, ...more });
  const NOWHERE = may(0n);
  const [A, B] = [may(0b001n), may(0b110n)];
  const placed = (idle: bigint, ...tasks: typeof A[]) => {
    skel.bss.idle_cpus = [idle, ...new Array(127).fill(0n)];
    skel.bss.wanted_tasks = [0, 1, 2, 3].map((at) => tasks[at] ?? NOWHERE);
    return testRun(skel.progs.place, { context: new Uint8Array(8) }).retval;
  };
  assertEquals(placed(0b111n), 0);
  assertEquals(placed(0b110n, A, A, A, A), 0, "bound to a CPU that is not idle");
  assertEquals(placed(0b001n, A, A, A, A), 1);
  assertEquals(placed(0b111n, B, A, B, B), 3);
  assertEquals(placed(0b110n, may(0b100n), B), 2);
  assertEquals(placed(0b100n, B, B), 1);
  assertEquals(placed(1n << 63n, B, may(1n << 63n)), 1);
  assertEquals(placed(0b001n, may(1n, { throttled: 1 })), 0, "its cgroup has used up its time");
  if (!hasDelayed()) return;
  assertEquals(placed(0b001n, may(1n, { delayed: 1 })), 0, "it sleeps");
});

function hasDelayed(): boolean {
  using skel = load("look");
  look(skel, {});
  return skel.bss.has_delayed;
}
