import { assert, assertEquals } from "@std/assert";
import { type OomKill, oomkill } from "../../tools/oomkill.ts";
import { hasFeature, kernelTest, type RunningTool } from "../kernel/harness.ts";
import { MemoryCgroup } from "./memory_cgroup.ts";

const LIMIT_MIB = 32;
const LIMIT_PAGES = BigInt(LIMIT_MIB) * 256n;

/** Where the kernel can be asked why it looks for a victim. */
const kprobes = hasFeature("kprobe");

/** What the tool shows of victims in the cgroup while `work` runs. */
async function killsIn(
  cgroup: MemoryCgroup,
  work: () => Promise<unknown>,
  options: Parameters<typeof oomkill>[0] = {},
): Promise<OomKill[]> {
  using trace = oomkill(options);
  await work();
  trace.stop();
  const kills: OomKill[] = [];
  for await (const kill of trace) if (kill.cgroup === cgroup.shown) kills.push(kill);
  return kills;
}

kernelTest("3 processes are killed, as their cgroup says", {}, async () => {
  await using cgroup = new MemoryCgroup(LIMIT_MIB);
  const pids: number[] = [];
  const kills = await killsIn(cgroup, async () => {
    for (let i = 0; i < 3; i++) pids.push(await cgroup.eatTooMuch());
  });
  assertEquals(cgroup.kills(), 3);
  assertEquals(
    kills.map(({ pid, comm, trigger_pid, trigger_comm, uid, args, args_truncated }) => [
      ...[pid, comm, trigger_pid, trigger_comm, uid],
      ...[args?.join(" "), args_truncated],
    ]),
    pids.map((pid) => [pid, "eat", pid, "eat", 0, `${cgroup.eater} 1024`, false]),
  );
  for (const kill of kills) {
    const { anon_rss_kb, total_vm_kb, pgtables_kb, oom_score_adj } = kill;
    // The kernel adds up what CPUs count after some pages.
    assert(anon_rss_kb > BigInt(LIMIT_MIB * 1024 / 2), `${anon_rss_kb} KiB`);
    assert(anon_rss_kb <= BigInt(LIMIT_MIB * 1024) && total_vm_kb >= anon_rss_kb);
    assert(pgtables_kb > 0n);
    assertEquals(oom_score_adj, Number(Deno.readTextFileSync("/proc/self/oom_score_adj")));
  }
});

kernelTest("the cause is known where there are kprobes", {}, async () => {
  await using cgroup = new MemoryCgroup(LIMIT_MIB);
  const [kill] = await killsIn(cgroup, () => cgroup.eatTooMuch());
  const { constraint, total_pages, group_kill, order } = kill;
  assertEquals(
    [constraint, total_pages, group_kill],
    kprobes ? ["memcg", LIMIT_PAGES, false] : [undefined, undefined, undefined],
  );
  assertEquals(order !== undefined && order >= 0, kprobes);
});

kernelTest("the victim counts, not who asked for memory", {}, async () => {
  await using cgroup = new MemoryCgroup(LIMIT_MIB);
  await using hog = await cgroup.eaten(LIMIT_MIB / 2);
  Deno.writeTextFileSync(`/proc/${hog.pid}/oom_score_adj`, "1000");
  let trigger = 0;
  const kills = await killsIn(cgroup, async () => {
    trigger = await cgroup.eatInstead(LIMIT_MIB * 3 / 4);
  }, { pid: [hog.pid] });
  assertEquals(
    kills.map(({ pid, oom_score_adj, trigger_pid, args, args_truncated }) => [
      ...[pid, oom_score_adj, trigger_pid, args, args_truncated],
    ]),
    [[hog.pid, 1000, trigger, undefined, undefined]],
  );
  assert(cgroup.kills() >= 1);
});

kernelTest("all victims of a group are shown", { needs: ["memory_groups"] }, async () => {
  await using cgroup = new MemoryCgroup(LIMIT_MIB);
  cgroup.write("memory.oom.group", "1");
  const sleepers: RunningTool[] = [];
  for (let i = 0; i < 4; i++) sleepers.push(await cgroup.eaten(0));
  const pids = sleepers.map(({ pid }) => pid);
  const kills = await killsIn(cgroup, async () => {
    pids.push(await cgroup.eatTooMuch());
    for (const sleeper of sleepers) await sleeper.finish();
  });
  assertEquals(kills.map(({ pid }) => pid).sort(), pids.sort());
  assertEquals(kills.filter(({ group_kill }) => group_kill).length, kprobes ? 4 : 0);
  assert(cgroup.kills() >= 5, "the kernel may count the chosen one again with its group");
});

kernelTest("a process that is let go as it ends by itself is not shown", {}, async () => {
  await using cgroup = new MemoryCgroup(LIMIT_MIB);
  await using leaving = await cgroup.eaten(LIMIT_MIB / 2, "leaving");
  const work = () => cgroup.eatInstead(LIMIT_MIB * 3 / 4);
  assertEquals(await killsIn(cgroup, work, { ppid: leaving.pid }), []);
});

kernelTest("who is killed by others is not shown", {}, async () => {
  await using cgroup = new MemoryCgroup(LIMIT_MIB);
  await using sleeper = await cgroup.eaten(1);
  assertEquals(await killsIn(cgroup, () => sleeper.stop("SIGKILL")), []);
});
