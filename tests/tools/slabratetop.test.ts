/** slabratetop against a workload that knows what the kernel allocates for it, and against tracefs. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type CacheUsage, slabratetop } from "../../tools/slabratetop.ts";
import { Asked } from "./asked.ts";
import { RecordedSlabs } from "./slab_events.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";

type Options = NonNullable<Parameters<typeof slabratetop>[0]>;

/** A folder of a test's own, on a tmpfs. */
function ownFolder() {
  const path = Deno.makeTempDirSync({ dir: "/dev/shm" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** What is counted while a process works. */
async function working(process: Asked, options: Options): Promise<CacheUsage[]> {
  using trace = slabratetop({ interval: 0, ...options });
  await process.work();
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals(trace.losses.map ?? 0n, 0n);
  return rows;
}

/** What is counted of a process alone. */
const ofItself = (process: Asked, options: Options = {}) =>
  working(process, { pid: [process.pid], ...options });

/** A cache by the name that counts: caches of the same kind are one, with the name of the first of them. */
function cacheOf(name: string): string {
  const [folder, names] = ["/sys/kernel/slab", Deno.readTextFileSync("/proc/slabinfo")];
  const of = (name: string) => Deno.realPathSync(`${folder}/${name}`);
  const found = [...names.matchAll(/^(\S+) +\d/gm)].find(([, other]) => of(other) === of(name));
  assert(found, `${name} is in no line of /proc/slabinfo`);
  return found[1];
}

/** The size of its objects. */
const sizeOf = (name: string) =>
  BigInt(Deno.readTextFileSync(`/sys/kernel/slab/${name}/slab_size`).trim());

kernelTest("each object is counted, however it is allocated", {}, async () => {
  using folder = ownFolder();
  await using process = await Asked.start("allocs", "files", folder.path);
  const rows = await ofItself(process);
  for (const name of ["shmem_inode_cache", "dentry", "filp"]) {
    const found = rows.filter(({ cache }) => cache === cacheOf(name));
    const size = sizeOf(name);
    assertEquals(
      found.map((
        { allocs, bytes, accounted_bytes, object_size_bytes, comm, context, call_site },
      ) => [
        allocs,
        bytes,
        accounted_bytes,
        object_size_bytes,
        comm,
        context,
        call_site,
      ]),
      [[1009n, 1009n * size, 1009n * size, size, undefined, undefined, undefined]],
      name,
    );
  }
});

kernelTest("memory of any size is of the cache for its size", {}, async () => {
  await using process = await Asked.start("allocs", "polls");
  const rows = await ofItself(process);
  const row = rows.find(({ cache }) => cache === "kmalloc-2k")!;
  const { allocs, bytes, wasted_bytes, accounted_bytes, interrupt_allocs } = row;
  assertEquals([allocs, bytes, wasted_bytes, accounted_bytes, interrupt_allocs], [
    23n,
    23n * 2048n,
    23n * (2048n - 16n - 170n * 8n),
    0n,
    0n,
  ]);
  assertEquals([row.frees, row.freed_bytes, row.net_bytes], [0n, undefined, undefined]);
  const freed = rows.find(({ cache }) => cache === "(kfree)")!;
  assert(freed.frees >= 23n);
  assertEquals([freed.allocs, freed.bytes, freed.object_size_bytes], [0n, 0n, undefined]);
});

kernelTest(
  "what is given back is counted, also if nothing is allocated meanwhile",
  {},
  async () => {
    using folder = ownFolder();
    await using process = await Asked.start("allocs", "locks", `${folder.path}/file`);
    const name = cacheOf("file_lock_cache");
    const size = sizeOf(name);
    const sums = async () => {
      const { allocs, frees, bytes, freed_bytes, net_bytes } = (await ofItself(process)).find((
        { cache },
      ) => cache === name)!;
      return { allocs, frees, bytes, freed_bytes, net_bytes };
    };
    const { allocs, frees, ...taken } = await sums();
    assertEquals(allocs - frees, 29n);
    assertEquals(taken, {
      bytes: allocs * size,
      freed_bytes: frees * size,
      net_bytes: 29n * size,
    });
    assertEquals(await sums(), {
      allocs: 0n,
      frees: 29n,
      bytes: 0n,
      freed_bytes: 29n * size,
      net_bytes: -29n * size,
    });
  },
);

kernelTest("rows are of programs and of places, too", {}, async () => {
  await using process = await Asked.start("allocs", "polls");
  const polls = async (options: Options) =>
    (await ofItself(process, options)).filter(({ cache, allocs }) => {
      return cache === "kmalloc-2k" && allocs > 0n;
    });
  const programs = await polls({ by: "comm" });
  assertEquals(
    programs.map(({ comm, context, allocs }) => [comm, context, allocs]),
    [["allocs", "task", 23n]],
  );
  const [place, ...others] = await polls({ by: "call_site" });
  assertMatch(String(place.call_site), /^\w*sys_poll(\.\S+)?\+0x[0-9a-f]+$/);
  assertEquals([place.comm, place.allocs, others], [undefined, 23n, []]);
});

kernelTest("a task that only disables interrupts allocates for itself", {}, async () => {
  await using process = await Asked.start("allocs", "signals");
  const cache = cacheOf("sigqueue");
  const rows = (await ofItself(process)).filter((row) => row.cache === cache && row.allocs > 0n);
  assertEquals(
    rows.map(({ allocs, interrupt_allocs }) => [allocs, interrupt_allocs]),
    [[41n, 0n]],
  );
});

for (const kind of ["connections", "polls"]) {
  kernelTest(`the kernel records the same in tracefs: ${kind}`, {}, async () => {
    await using process = await Asked.start("allocs", kind);
    using recorded = new RecordedSlabs(process.pid);
    const rows = await ofItself(process);
    const expected = recorded.allocs();
    assert(expected.size > 0);
    const sizes = [...expected].filter(([name]) => /^\d+$/.test(name));
    const byName = sizes.length < expected.size;
    const shown = rows.filter(({ allocs }) => allocs > 0n).flatMap((row) => {
      const key = row.cache.startsWith("kmalloc-") ? String(row.object_size_bytes) : row.cache;
      return byName || key !== row.cache ? [[key, row.allocs] as const] : [];
    });
    assertEquals(new Map(shown), expected);
  });
}

/**
 * What an interrupt allocates while it is in the middle of a process, which has nothing to do with it. How much of
 * that is seen depends on the host: an interrupt that comes to a program of any tracer is not shown to others.
 */
const INTERRUPTS = [
  { kind: "alarms", name: "sigqueue", context: "irq" },
  { kind: "connections", name: "request_sock_TCP", context: "softirq" },
] as const;

for (const { kind, name, context } of INTERRUPTS) {
  kernelTest(`memory of an interrupt (${context}) is of no process`, {}, async () => {
    await using process = await Asked.start("allocs", kind);
    const cache = cacheOf(name);
    const rows = async (options: Options) =>
      (await working(process, options)).filter((row) => row.cache === cache && row.allocs > 0n);
    assertEquals(await rows({ pid: [process.pid] }), []);
    const programs = await rows({ by: "comm" });
    assertEquals(programs.filter(({ comm }) => comm === "allocs"), []);
    const [row, ...others] = programs.filter((row) => row.context === context);
    assertEquals([row.comm, row.interrupt_allocs, others], [`[${context}]`, row.allocs, []]);
    const [sum] = await rows({});
    assert(sum.interrupt_allocs > 0n && sum.allocs >= sum.interrupt_allocs);
  });
}

/** The columns to sort by, and how. */
const ORDERS: Readonly<Record<string, (a: string[], b: string[]) => boolean>> = {
  size: (a, b) => Number(a.at(-1)) >= Number(b.at(-1)),
  count: (a, b) => Number(a.at(-2)) >= Number(b.at(-2)),
  name: (a, b) => a[0] <= b[0],
};

for (const [order, isBefore] of Object.entries(ORDERS)) {
  kernelTest(`tables have the columns of the C tool, sorted by ${order}`, {}, async () => {
    using folder = ownFolder();
    await using process = await Asked.start("allocs", "files", folder.path);
    const args = ["--noclear", "--sort", order, "--rows", "3", "-p", String(process.pid)];
    await using tool = startTool("slabratetop", [...args, "600", "1"]);
    await tool.until("Hit Ctrl-C to end\n");
    await process.work();
    const { stdout, code } = await tool.stop();
    assertEquals(code, 0);
    const [title, load, header, ...lines] = stdout.trimEnd().split("\n");
    assertEquals(title, "Tracing... Output every 600 secs. Hit Ctrl-C to end");
    assertMatch(load, /^\d\d:\d\d:\d\d loadavg: /);
    assertEquals(header, "CACHE                            ALLOCS      BYTES");
    const rows = lines.map((line) => line.split(/ +/));
    assertEquals(rows.length, 3);
    for (let at = 1; at < rows.length; at++) assert(isBefore(rows[at - 1], rows[at]), stdout);
    if (order === "count") assert(rows.every(([, allocs]) => Number(allocs) >= 1009), stdout);
  });
}

kernelTest("a table comes each interval, as often as is asked for", {}, async () => {
  const { stdout, code } = await runTool("slabratetop", [
    "-C",
    "-r",
    "1",
    "-s",
    "size",
    "0.3",
    "2",
  ]);
  assertEquals(code, 0);
  assertEquals(stdout.match(/^CACHE/gm)?.length, 2);
});
