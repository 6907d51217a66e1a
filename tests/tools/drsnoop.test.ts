/** drsnoop against what tracefs records of the same events. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { pageSize } from "#lib/sys/memory.ts";
import { drsnoop, type Reclaim } from "../../tools/drsnoop.ts";
import { gfpNames, parseGfpFlags } from "#lib/tool/gfp_flags.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { exists } from "../exists.ts";
import { blockedIn, READ } from "./asked.ts";
import { MemoryCgroup } from "./memory_cgroup.ts";
import { RecordedReclaims } from "./reclaims.ts";

const LIMIT_MIB = 24;

/** A row as tracefs has the same. */
const recorded = ({ order, gfp, reclaimed_pages }: Reclaim) => ({
  order,
  gfp: gfp.join("|"),
  reclaimed: reclaimed_pages,
});

/** A process that lowers the limit of a cgroup, when it is asked to, by more than there is free. */
async function lowering(cgroup: MemoryCgroup) {
  const file = exists(`${cgroup.path}/memory.max`) ? "memory.max" : "memory.limit_in_bytes";
  // the kernel refuses, or kills; either way it has reclaimed
  const script = `read line; echo ${2 << 20} > ${cgroup.path}/${file} || true`;
  const child = new Deno.Command("sh", { args: ["-c", script], stdin: "piped", stderr: "null" })
    .spawn();
  await blockedIn(child.pid, READ);
  return {
    pid: child.pid,
    async lower() {
      const stdin = child.stdin.getWriter();
      await stdin.write(Uint8Array.of(10));
      await child.status;
      await stdin.close().catch(() => {});
    },
  };
}

kernelTest("what is reclaimed for a cgroup is shown, as tracefs records it", {}, async () => {
  await using cgroup = new MemoryCgroup(LIMIT_MIB);
  await using _hog = await cgroup.eaten(LIMIT_MIB / 2);
  const asker = await lowering(cgroup);
  await using other = new MemoryCgroup(LIMIT_MIB);
  using records = new RecordedReclaims();
  using all = drsnoop();
  using thread = drsnoop({ tid: asker.pid, kernel_stack: true });
  using direct = drsnoop({ kind: ["direct", "softlimit", "node"] });
  using sums = drsnoop({ hist: true, by: "comm", kind: ["memcg"] });

  await asker.lower();
  const eater = await other.eatTooMuch();
  for (const trace of [all, thread, direct, sums]) trace.stop();

  const rows = await Array.fromAsync(all);
  for (const pid of [asker.pid, eater]) {
    const own = rows.filter((row) => row.tid === pid);
    assert(own.length > 0);
    assertEquals(own.map(recorded), records.of(pid));
    for (const row of own) {
      assertEquals([row.kind, row.pid, row.uid], ["memcg", pid, 0]);
      assertEquals(row.reclaimed_bytes, row.reclaimed_pages * BigInt(pageSize()));
      assert(row.duration_ns > 0n && row.throttled_ns >= 0n && row.free_kb! > 0n);
    }
  }
  const { ring = 0n, map = 0n } = all.losses;
  assertEquals([ring, map], [0n, 0n]);

  const stacks = await Array.fromAsync(thread);
  assertEquals(stacks.map(recorded), records.of(asker.pid));
  for (const { kstack, comm } of stacks) {
    assertEquals(comm, "sh");
    assert(kstack!.includes("try_to_free_mem_cgroup_pages"), kstack!.join("\n"));
  }
  const others = await Array.fromAsync(direct);
  assertEquals(others.filter(({ tid }) => tid === asker.pid || tid === eater), []);
  const eaten = (await Array.fromAsync(sums)).find(({ comm }) => comm === "eat")!;
  const own = records.of(eater);
  assert(eaten.reclaims! >= own.length);
  assertEquals(eaten.reclaims, eaten.histogram!.reduce((sum, count) => sum + count));
});

kernelTest("the columns are those of the C tool, with -e, and the kind", {}, async () => {
  await using cgroup = new MemoryCgroup(LIMIT_MIB);
  await using tool = startTool("drsnoop", ["-e", "--comm", "eat"]);
  await tool.until("\n");
  const pid = await cgroup.eatTooMuch();
  await tool.until(new RegExp(` ${pid} .*memcg.*\n`));
  const { stdout } = await tool.stop();
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertMatch(header, /^TIME {5}COMM {13}TID {5}LAT\(ms\) PAGES FREE\(KB\) KIND *$/);
  for (const row of rows) {
    assertMatch(row, /^\d\d:\d\d:\d\d eat {14}\d+ +\d+\.\d{3} +\d+ +\d+ (memcg|direct) *$/);
  }
});

kernelTest("-d ends the trace, and --kind takes the kinds that there are", {}, async () => {
  await using tool = startTool("drsnoop", ["-d", "0", "-t", "1", "--kind", "memcg"]);
  assertEquals((await tool.finish()).code, 0);
  await using wrong = startTool("drsnoop", ["--kind", "disk"]);
  const { code, stderr } = await wrong.finish();
  assertEquals(code, 64);
  assertMatch(stderr, /disk/);
});

Deno.test("flags have the bits that the running kernel says, and what is left is a number", () => {
  const flags = parseGfpFlags(
    'print fmt: "%s", __print_flags(REC->gfp_flags, "|", ' +
      '{(unsigned long)((( gfp_t)(0x400u|0x800u)) | (( gfp_t)(1UL << (6)))), "GFP_NOFS"}, ' +
      '{( unsigned long)(( gfp_t)0), "NOTHING"}, {(unsigned long)(UNKNOWN_BIT), "WHAT"}, ' +
      '{( unsigned long)(((( gfp_t)0xc40u)) & ~(( gfp_t)0x800u)), "SOME"}, {0x1u, "__GFP_DMA"})',
  );
  assertEquals(flags, [[0xc40n, "GFP_NOFS"], [0x440n, "SOME"], [1n, "__GFP_DMA"]]);
  assertEquals(gfpNames(flags, 0xc41n), ["GFP_NOFS", "__GFP_DMA"]);
  assertEquals(gfpNames(flags, 0x8440n), ["SOME", "0x8000"]);
});
