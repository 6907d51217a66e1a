import { assertEquals } from "@std/assert";
import { HeadersTaskTargets } from "../../build/tests/skel/headers_task_targets.ts";
import { loadTargeted, targetOptions, type Targets, withDefaults } from "#lib/tool/mod.ts";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { call, TARGETS_CALL } from "./call.ts";
import { delay, kernelTest, patient } from "./harness.ts";

const ANY_LEVEL = 0xffff_ffff;

function load(targets: Partial<Targets>) {
  const opened = HeadersTaskTargets.open();
  opened.rodata.owner = Deno.pid;
  const skel = loadTargeted(opened, withDefaults(targetOptions, targets), ({ progs }) => {
    progs.on_sample.autoattach = false;
  });
  return skel.attach();
}

/** The inode of a namespace, as the kernel names it: `mnt:[4026531832]`. */
function namespaceOf(pid: number, kind: string): number {
  return Number(/\d+/.exec(Deno.readLinkSync(`/proc/${pid}/ns/${kind}`))![0]);
}

const nameOf = (pid: number) => Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
const childrenOf = (pid: number) =>
  Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);

/** A process like no other: a user, namespaces, a cgroup and a name of its own. */
class Special implements AsyncDisposable {
  readonly #parent: Deno.ChildProcess;
  readonly cgroup = `${cgroupMount()}/denobpf-test-${Deno.pid}`;

  constructor() {
    Deno.mkdirSync(`${this.cgroup}/inner`, { recursive: true });
    const own = ["--mount", "--pid", "--fork"];
    const user = ["setpriv", "--reuid", "65534", "--clear-groups"];
    const args = [...own, ...user, "sleep", "600"];
    this.#parent = new Deno.Command("unshare", { args, stderr: "null" }).spawn();
  }

  get parent(): number {
    return this.#parent.pid;
  }

  /** Its pid, once it is what it will be. */
  async ready(): Promise<number> {
    for (let i = 0; i < 1000; i++, await delay(patient(10))) {
      const [pid] = childrenOf(this.parent);
      if (pid === undefined || nameOf(pid) !== "sleep") continue;
      Deno.writeTextFileSync(`${this.cgroup}/inner/cgroup.procs`, String(pid));
      return pid;
    }
    throw new Error("it did not start");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of childrenOf(this.parent)) Deno.kill(pid, "SIGKILL");
    await this.#parent.status;
    for (const folder of [`${this.cgroup}/inner`, this.cgroup]) {
      // Its last process leaves a cgroup a little after its end.
      for (let i = 0; i < 1000; i++, await delay(patient(10))) {
        try {
          Deno.removeSync(folder);
          break;
        } catch { /* busy */ }
      }
    }
  }
}

kernelTest("is_target_task() knows the task that is sent a signal, 23 of 34", {}, async () => {
  await using special = new Special();
  const pid = await special.ready();
  const { cgroup } = special;
  const other = new Deno.Command("tail", { args: ["-f", "/dev/null"] }).spawn();
  const level = cgroup.slice(cgroupMount()!.length).split("/").length - 1;
  const wanted: [Partial<Targets>][] = [
    [{ pid: [pid] }],
    [{ ppid: special.parent }],
    [{ uid: 65534 }],
    [{ comm: "sleep" }],
    [{ mntns: namespaceOf(pid, "mnt") }],
    [{ pidns: namespaceOf(pid, "pid") }],
    [{ cgroup }],
    [{ cgroup: `${cgroup}/inner` }],
    [{ cgroup, pid: [pid], uid: 65534, comm: "sleep" }],
  ];
  for (const [targets] of wanted) {
    using skel = load(targets);
    if (targets.cgroup === cgroup) assertEquals(skel.rodata.targ_cgroup_level, level);
    for (let i = 0; i < 23; i++) Deno.kill(pid, "SIGURG");
    for (let i = 0; i < 11; i++) Deno.kill(other.pid, "SIGURG");
    assertEquals(skel.bss.signals, 23n, Deno.inspect(targets));
  }
  other.kill("SIGKILL");
  await other.status;
});

kernelTest("a cgroup is found where its level is not known", {}, async () => {
  await using special = new Special();
  const pid = await special.ready();
  const opened = HeadersTaskTargets.open();
  opened.rodata.owner = Deno.pid;
  // A path that does not begin at the mount.
  const cgroup = `/proc/self/root${special.cgroup}`;
  using skel = loadTargeted(opened, withDefaults(targetOptions, { cgroup }));
  assertEquals(skel.rodata.targ_cgroup_level, ANY_LEVEL);
  skel.progs.on_signal.attach();
  for (let i = 0; i < 23; i++) Deno.kill(pid, "SIGURG");
  for (let i = 0; i < 11; i++) Deno.kill(Deno.pid, "SIGURG");
  assertEquals(skel.bss.signals, 23n);
});

kernelTest("is_target_task() and is_target() agree on the current task", {}, () => {
  const own = Deno.readTextFileSync("/proc/thread-self/comm").trim();
  for (
    const [targets, is] of [
      [{}, true],
      [{ pid: [Deno.pid] }, true],
      [{ pid: [1] }, false],
      [{ ppid: Deno.ppid }, true],
      [{ ppid: Deno.pid }, false],
      [{ uid: 0 }, true],
      [{ uid: 65534 }, false],
      [{ comm: own }, true],
      [{ comm: "sleep" }, false],
      [{ mntns: namespaceOf(Deno.pid, "mnt") }, true],
      [{ mntns: 1 }, false],
      [{ pidns: namespaceOf(Deno.pid, "pid") }, true],
      [{ pidns: 1 }, false],
      [{ cgroup: cgroupMount()! }, true],
    ] as [Partial<Targets>, boolean][]
  ) {
    using skel = load(targets);
    for (let i = 0; i < 23; i++) call(TARGETS_CALL);
    const { calls, calls_of_targets, differing } = skel.bss;
    assertEquals(
      [calls, calls_of_targets, differing],
      [23n, is ? 23n : 0n, 0n],
      Deno.inspect(targets),
    );
  }
});
