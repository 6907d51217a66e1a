import { assertEquals, assertThrows } from "@std/assert";
import { AttachIter } from "../../build/tests/skel/attach_iter.ts";
import { AttachIterElem } from "../../build/tests/skel/attach_iter_elem.ts";
import { attachIter, BpfError, type CgroupOrder, linkInfo, PhaseError } from "#lib/mod.ts";
import { Cgroup } from "./cgroup.ts";
import { kernelTest } from "./harness.ts";

const ENTRIES = 23;

kernelTest("an iterator over tasks is read again and again", {}, () => {
  using skel = AttachIter.open().load();
  using tasks = attachIter(skel.progs.dump_task);
  for (let time = 0; time < 2; time++) {
    const pids = tasks.readText().trimEnd().split("\n").map((line) => line.split(" ")[0]);
    assertEquals(pids.includes(String(Deno.pid)), true);
    assertEquals(pids.includes(String(Deno.ppid)), true);
  }
  const info = linkInfo(tasks);
  assertEquals(info.type === "iter" && info.target, "task");
  tasks.destroy();
  assertThrows(() => tasks.read(), PhaseError, "it is destroyed");
});

kernelTest("an iterator walks one process alone", { needs: ["iter_task_pid"] }, () => {
  using skel = AttachIter.open().load();
  using tasks = attachIter(skel.progs.dump_task, { pid: Deno.pid });
  const rows = tasks.readText().trimEnd().split("\n").map((line) => line.split(" ").map(Number));
  const threads = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => Number(name)).sort();
  assertEquals(rows.map(([pid]) => pid).every((pid) => pid === Deno.pid), true);
  assertEquals(rows.map(([, tid]) => tid).sort(), threads);
});

kernelTest(
  "an iterator walks the elements of the map it is given",
  { needs: ["iter_elem"] },
  () => {
    using skel = AttachIterElem.open().load();
    const { walked } = skel.maps;
    for (let key = 0; key < ENTRIES; key++) walked.update(key, BigInt(key * key));
    using elements = attachIter(skel.progs.dump_element, { map: walked });
    const lines = elements.readText().trimEnd().split("\n");
    const found = lines.map((line) => line.split(" ").map(Number)).sort(([a], [b]) => a - b);
    assertEquals(found, Array.from({ length: ENTRIES }, (_, key) => [key, key * key]));
    const info = linkInfo(elements);
    assertEquals(info.type === "iter" && info.mapId > 0, true);
    const error = assertThrows(() => attachIter(skel.progs.dump_element), BpfError);
    assertEquals(error.code, "EBADF");
  },
);

kernelTest("an iterator walks cgroups, from one on", { needs: ["cgroup_iter"] }, async () => {
  await using parent = new Cgroup();
  const child = `${parent.path}/child`;
  Deno.mkdirSync(child);
  using opened = AttachIter.open();
  opened.progs.dump_cgroup.autoload = true;
  using skel = opened.load();
  const idOf = (path: string) => String(Deno.statSync(path).ino);
  const walk = (cgroup: string, order?: CgroupOrder) => {
    using cgroups = attachIter(skel.progs.dump_cgroup, { cgroup, order });
    return cgroups.readText().trimEnd().split("\n");
  };
  const [above, below] = [idOf(parent.path), idOf(child)];
  assertEquals(walk(parent.path), [above, below]);
  assertEquals(walk(parent.path, "descendants_post"), [below, above]);
  assertEquals(walk(parent.path, "self_only"), [above]);
  assertEquals(walk(child, "ancestors_up").slice(0, 2), [below, above]);
  Deno.removeSync(child);
});
