import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { Targets } from "../../build/tests/skel/targets.ts";
import { loadTargeted, type OptionsOf, targetOptions, withDefaults } from "#lib/tool/mod.ts";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { bootstrap } from "../../tools/bootstrap.ts";
import { execsnoop } from "../../tools/execsnoop.ts";
import { kernelTest, runExecs, runTool, startCommand } from "./harness.ts";

type Wanted = Parameters<typeof execsnoop>[0];

/** The execs of targets during `workload`, as `[pid, path]`. */
async function traced(
  wanted: Wanted,
  workload: () => Promise<unknown>,
): Promise<[pid: number, path?: string][]> {
  using trace = execsnoop(wanted);
  await workload();
  trace.stop();
  return (await Array.fromAsync(trace)).map(({ pid, path }) => [pid, path]);
}

/** A process that waits for {@link go} before it executes anything. */
class Waiting {
  readonly #child: Deno.ChildProcess;

  /**
   * @param script what it runs, as sh(1) does: `$true N` executes /bin/true N times, each in a child
   * @param before a command that starts the shell: `unshare --mount`
   */
  constructor(script: string, before: readonly string[] = []) {
    const all = [...before, "/bin/sh", "-c", `${FUNCTIONS}\necho $$; read line; ${script}`];
    this.#child = new Deno.Command(all[0], {
      args: all.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The shell's pid as itself sees it: once it is known, the shell waits. */
  async ready(): Promise<number> {
    const reader = this.#child.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return Number(new TextDecoder().decode(value));
  }

  async go(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new Uint8Array([10]));
    await writer.close();
    const { success } = await this.#child.output();
    assert(success);
  }
}

/** `children N` executes /bin/true in N children; `chain N` N times in this process, which ends so. */
const FUNCTIONS = `
children() { i=$1; while [ $i -gt 0 ]; do /bin/true $i; i=$((i - 1)); done; }
chain() { all=/bin/true; i=$1; while [ $i -gt 1 ]; do all="/usr/bin/env $all"; i=$((i - 1)); done; exec $all; }
`;

async function waiting(script: string, before?: readonly string[]): Promise<Waiting> {
  const process = new Waiting(script, before);
  await process.ready();
  return process;
}

/** The inode of a namespace, as the kernel names it: `mnt:[4026531832]`. */
function namespaceOf(pid: number, kind: string): number {
  return Number(/\d+/.exec(Deno.readLinkSync(`/proc/${pid}/ns/${kind}`))![0]);
}

/** A cgroup of this test's own, gone when disposed of. */
class Cgroup implements Disposable {
  readonly directory: string;

  constructor(readonly path: string) {
    this.directory = `${cgroupMount()}/${path}`;
    Deno.mkdirSync(this.directory, { recursive: true });
  }

  /** Runs a script in it. */
  async run(script: string): Promise<void> {
    await (await waiting(`echo $$ >${this.directory}/cgroup.procs && ${script}`)).go();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory);
  }
}

const OWN = `denobpf-test-${Deno.pid}`;

kernelTest("--pid traces the execs of one process alone, 23 of 34", {}, async () => {
  const [one, other] = [await waiting("chain 23"), await waiting("chain 11")];
  const execs = await traced({ pid: [one.pid] }, async () => {
    await Promise.all([one.go(), other.go()]);
  });
  assertEquals(execs.length, 23);
  assert(execs.every(([pid]) => pid === one.pid));
});

kernelTest("--pid may be given several times", {}, async () => {
  const processes = await Promise.all([7, 11, 13].map((count) => waiting(`chain ${count}`)));
  const wanted = [processes[0].pid, processes[2].pid];
  const execs = await traced({ pid: wanted }, async () => {
    await Promise.all(processes.map((process) => process.go()));
  });
  const counts = wanted.map((wanted) => execs.filter(([pid]) => pid === wanted).length);
  assertEquals([execs.length, ...counts], [20, 7, 13]);
});

kernelTest("--ppid traces children, not grandchildren", {}, async () => {
  const execs = await traced({ ppid: Deno.pid }, async () => {
    await runExecs();
    await (await waiting("children 11")).go();
  });
  assertEquals(execs.filter(([, path]) => path === "/bin/true").length, 23);
  assertEquals(execs.filter(([, path]) => path === "/bin/sh").length, 1);
});

kernelTest("--uid traces the processes of one user", {}, async () => {
  const uid = 40_000 + Deno.pid % 20_000;
  const process = await waiting("children 23", ["setpriv", "--reuid", String(uid)]);
  const execs = await traced({ uid }, async () => {
    await runExecs({ count: 7 });
    await process.go();
  });
  assertEquals(execs.map(([, path]) => path), Array(23).fill("/bin/true"));
});

kernelTest("--comm takes the whole name, of up to 15 bytes", {}, async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const [name, longer, shorter] = ["t23456789abcdef", "t23456789abcdefg", "t23456789abcde"];
    for (const path of [name, longer, shorter]) {
      Deno.copyFileSync("/bin/true", `${directory}/${path}`);
    }
    const run = (name: string, count: number) => runExecs({ count, path: `${directory}/${name}` });
    const execs = async (comm: string) =>
      (await traced({ comm }, async () => {
        await run(name, 7);
        await run(longer, 11);
        await run(shorter, 13);
      })).length;
    assertEquals(await execs(shorter), 13);
    assertEquals(await execs(name), 7 + 11, "the kernel cuts the longer one to the same name");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

kernelTest("--cgroup traces a cgroup and those below it, not its neighbours", {}, async () => {
  using cgroup = new Cgroup(OWN);
  using below = new Cgroup(`${OWN}/below`);
  using neighbour = new Cgroup(`${OWN}-2`);
  const workload = async () => {
    await cgroup.run("children 23");
    await below.run("children 11");
    await neighbour.run("children 7");
    await runExecs({ count: 5 });
  };
  assertEquals((await traced({ cgroup: cgroup.directory }, workload)).length, 23 + 11);
  assertEquals((await traced({ cgroup: below.directory }, workload)).length, 11);
  assertEquals((await traced({ cgroup: `/${OWN}-2` }, workload)).length, 7, "as /proc has it");
});

kernelTest("--container finds the cgroup by the id and its beginning", {}, async () => {
  const [id, other] = ["a", "b"].map((digit) => `abc${digit}`.padEnd(64, "0123456789"));
  using slice = new Cgroup(`${OWN}.slice`);
  using container = new Cgroup(`${slice.path}/docker-${id}.scope`);
  using inside = new Cgroup(`${container.path}/inside`);
  using neighbour = new Cgroup(`${slice.path}/docker-${other}.scope`);
  const workload = async () => {
    await container.run("children 13");
    await inside.run("children 3");
    await neighbour.run("children 7");
  };
  for (const container of [id, "abca", id.slice(0, 12)]) {
    assertEquals((await traced({ container }, workload)).length, 16);
  }
  const { code, stderr } = await runTool("execsnoop", ["--container", "abc"]);
  assertEquals(code, 64);
  assertEquals(
    stderr,
    `execsnoop: --container: "abc" may be any of "abca01234567", "abcb01234567"\n`,
  );
});

kernelTest("--container is not misled by a cgroup that a user named", {}, async () => {
  const id = "c".padEnd(64, "0123456789");
  using slice = new Cgroup(`${OWN}.slice`);
  using deep = new Cgroup(`${slice.path}/deep.slice`);
  using container = new Cgroup(`${deep.path}/docker-${id}.scope`);
  using delegated = new Cgroup(`${OWN}-delegated`);
  Deno.chownSync(delegated.directory, 65534, 65534);
  using claimed = new Cgroup(`${delegated.path}/docker-${id}.scope`);
  const workload = async () => {
    await claimed.run("children 7");
    await container.run("children 13");
  };
  assertEquals((await traced({ container: id }, workload)).length, 13);

  const digits = id.slice(0, 12);
  using shadow = new Cgroup(`${delegated.path}/lxc.payload.${digits}`);
  assertEquals(
    (await runTool("execsnoop", ["--container", digits])).stderr,
    `execsnoop: --container: "${digits}" may be any of ` +
      `"${digits}" in "/${shadow.path}", "${digits}"\n`,
  );

  using another = new Cgroup(`${slice.path}/docker-${id}.scope`);
  const { code, stderr } = await runTool("execsnoop", ["--container", id]);
  assertEquals(code, 64);
  const short = `"${id.slice(0, 12)}"`;
  const both = [another, container].map(({ path }) => `${short} in "/${path}"`).join(", ");
  assertEquals(stderr, `execsnoop: --container: "${id}" may be any of ${both}\n`);
});

kernelTest("--container takes the name that Docker keeps", {}, async () => {
  const id = "d".padEnd(64, "0123456789");
  using container = new Cgroup(`docker-${id}.scope`);
  // In a mount namespace of its own: this host may have a Docker.
  const file = `/var/lib/docker/containers/${id}/config.v2.json`;
  await using tool = startCommand([
    "unshare",
    "--mount",
    "sh",
    "-c",
    `mount -t tmpfs none /var/lib; mkdir -p $(dirname ${file}); echo '{"Name":"/web"}' >${file}
     exec ${Deno.execPath()} run --allow-ffi --allow-read tools/execsnoop.ts --container web`,
  ]);
  await tool.until("PCOMM");
  await runExecs({ count: 3 });
  await container.run("children 11");
  await tool.until("/bin/true 1\n");
  const { stdout } = await tool.stop();
  assertEquals(stdout.match(/\/bin\/true \d+\n/g)?.length, 11);
});

kernelTest("--mntns and --pidns trace one namespace", {}, async () => {
  const inMount = await waiting("children 23", ["unshare", "--mount"]);
  const mntns = namespaceOf(inMount.pid, "mnt");
  assertEquals((await traced({ mntns }, () => Promise.all([inMount.go(), runExecs()]))).length, 23);

  // The shell is not execve'd into the new pid namespace but forked: its inode is its child's.
  const inPid = await waiting("children 23", ["unshare", "--pid", "--fork"]);
  const pidns = namespaceOf(inPid.pid, "pid_for_children");
  assertEquals((await traced({ pidns }, () => Promise.all([inPid.go(), runExecs()]))).length, 23);
});

kernelTest("several targets are and-ed", {}, async () => {
  using cgroup = new Cgroup(OWN);
  const wanted = { cgroup: cgroup.directory, comm: "env", uid: 0 };
  const execs = await traced(wanted, async () => {
    await cgroup.run("chain 8");
    await (await waiting("chain 11")).go();
  });
  assertEquals(execs.map(([, path]) => path), Array(7).fill("/usr/bin/env"));
});

kernelTest("bootstrap traces targets too, when they start and when they end", {}, async () => {
  const process = await waiting("chain 5");
  using trace = bootstrap({ pid: [process.pid] });
  await process.go();
  trace.stop();
  const events = await Array.fromAsync(trace);
  assertEquals(events.map(({ event }) => event), [...Array(5).fill("EXEC"), "EXIT"]);
});

kernelTest("a pid is that of the namespace where the tool runs", {}, async () => {
  const tool = `${Deno.execPath()} run --allow-ffi --allow-read tools/execsnoop.ts`;
  const gate = Deno.makeTempFileSync();
  const target = `until [ -s ${gate} ]; do sleep 0.01; done; exec /usr/bin/env /bin/true chained`;
  await using inside = startCommand([
    ..."unshare --pid --fork --kill-child --mount-proc sh -c".split(" "),
    `(${target}) & ${tool} --events 2 -p $!`,
  ]);
  await inside.until("PCOMM");
  Deno.writeTextFileSync(gate, "open");
  const { stdout } = await inside.finish();
  Deno.removeSync(gate);
  assertMatch(stdout, /^PCOMM.*\n(env|sh) .* chained\ntrue .* chained\n$/);
});

kernelTest("targets.h knows pids and namespaces of a task", {}, async () => {
  const process = await waiting("children 7", ["unshare", "--pid", "--fork", "--mount"]);
  const [pidns, mntns] = ["pid_for_children", "mnt"].map((kind) => namespaceOf(process.pid, kind));
  const opened = Targets.open();
  opened.rodata.above = namespaceOf(Deno.pid, "pid");
  using targets = loadTargeted(opened, withDefaults(targetOptions, { pidns }));
  targets.attach();
  await process.go();
  const ns_pids: number[] = [];
  targets.maps.events.consume((event) => {
    ns_pids.push(event.ns_pid);
    assertEquals([event.pidns, event.mntns, event.pid_above], [pidns, mntns, event.pid]);
  });
  assertEquals(ns_pids, [2, 3, 4, 5, 6, 7, 8]);
});

kernelTest("a tool without targets carries no code for them", {}, async () => {
  const code = async (given: Partial<OptionsOf<typeof targetOptions>>) => {
    using targets = loadTargeted(Targets.open(), withDefaults(targetOptions, given));
    const { fd } = targets.progs.handle_exec;
    const id = /^prog_id:\t(\d+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))![1];
    const { stdout } = await new Deno.Command("/usr/sbin/bpftool", {
      args: ["prog", "dump", "xlated", "id", id],
    }).output();
    // The other lines are the source.
    return new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(" call "));
  };
  const all = await code({ cgroup: "/", comm: "sh", uid: 0, pid: [1] });
  const none = await code({});
  for (
    const helper of [
      "task_under_cgroup",
      "get_current_comm",
      "get_current_uid",
      "lookup_elem",
      "get_current_pid",
    ]
  ) {
    const calls = [all, none].map((code) => code.filter((line) => line.includes(helper)).length);
    assertEquals(calls, [1, 0], helper);
  }
});

kernelTest("targets that cannot be are refused with 64, in one line", {}, async () => {
  for (
    const [args, message] of [
      [["-p", "0"], `--pid: "0" is not a whole number from 1 to 4194304`],
      [["-u", "nobody-at-all"], `--uid: no user is called "nobody-at-all"`],
      [["--comm", "0123456789abcdef"], `--comm: "0123456789abcdef" is no name of a process`],
      [["--mntns", "self"], `--mntns: "self" is no inode number`],
      [["--pidns", "mnt:[4026531832]"], `--pidns: "mnt:[4026531832]" is no inode number`],
      [["-c", "/no/such"], `--cgroup: "/no/such" is not a cgroup of version 2`],
      [["-c", "/proc"], `--cgroup: "/proc" is not a cgroup of version 2`],
      [["--container", "nosuch\x1b"], `--container: no container "nosuch\\x1b"`],
      [["--container", "a", "-c", "b"], "--cgroup and --container exclude each other"],
    ] as const
  ) {
    const { code, stdout, stderr } = await runTool("execsnoop", args);
    assertEquals([code, stdout], [64, ""]);
    assertStringIncludes(stderr, `execsnoop: ${message}`);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  }
});

kernelTest("a module's bad option throws, and leaves nothing open", {}, () => {
  assertThrows(() => execsnoop({ max_args: -1 }), RangeError, "max_args");
  assertThrows(() => bootstrap({ duration: -1 }), RangeError, "min_duration_ns");
});
