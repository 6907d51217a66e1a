import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Exec, execsnoop } from "../../tools/execsnoop.ts";
import { delay, kernelTest, patient, runExecs, startTool } from "../kernel/harness.ts";

const build = new URL("../../build/tests/", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof execsnoop>[0]>;

/** The execs of children of this process while `work` runs, and with them those `after` it ended. */
async function execsOf(options: Options, work: () => Promise<unknown>): Promise<Exec[]> {
  using trace = execsnoop({ ppid: Deno.pid, ...options });
  void work().finally(() => trace.stop());
  return await Array.fromAsync(trace);
}

const run = (command: string, options: Deno.CommandOptions = {}) => () =>
  new Deno.Command(command, { stdout: "null", stderr: "null", ...options }).output();

kernelTest("an exec shows its folder, its file and its parent", {}, async () => {
  const [exec] = await execsOf({}, run("/bin/sh", { args: ["-c", ":"], cwd: "/usr/share/doc" }));
  assertEquals(exec.cwd, "/usr/share/doc");
  assertEquals(exec.path, "/bin/sh");
  assertEquals(exec.exe, Deno.realPathSync("/bin/sh"));
  assertEquals(exec.parent_comm, Deno.readTextFileSync("/proc/self/comm").trim());
  assertEquals([exec.ppid, exec.uid, exec.gid], [Deno.pid, Deno.uid()!, Deno.gid()!]);
  const [, sid] = /^NSsid:\s*(\d+)/m.exec(Deno.readTextFileSync("/proc/self/status"))!;
  assertEquals(exec.sid, Number(sid));
  assertEquals(`mnt:[${exec.mntns}]`, Deno.readLinkSync("/proc/self/ns/mnt"));
  assertEquals([exec.interpreter, exec.error, exec.compat], [undefined, undefined, false]);
});

kernelTest(
  "the folder is shown across mounts, however deep, and cut beyond 1 KiB",
  {},
  async () => {
    const mount = Deno.makeTempDirSync();
    const deep = "/" + Array.from({ length: 20 }, (_, i) => `folder${i}`).join("/");
    const long = "/" + Array.from({ length: 12 }, () => "x".repeat(120)).join("/");
    const script = `mount -t tmpfs none ${mount} && mkdir -p ${mount}${deep} ${mount}${long} &&
    cd ${mount}${deep} && /bin/true deep; cd ${mount}${long} && /bin/true long; cd / && /bin/true /`;
    using trace = execsnoop();
    const child = run("unshare", { args: ["-m", "sh", "-c", script] })();
    void child.finally(() => trace.stop());
    const folders = new Map<string, string | undefined>();
    for await (const exec of trace) {
      if (exec.path === "/bin/true") folders.set(exec.args[1], exec.cwd);
    }
    Deno.removeSync(mount);
    assertEquals(folders.get("deep"), mount + deep);
    assertEquals(folders.get("/"), "/");
    const cut = folders.get("long")!;
    assert(cut.startsWith(".../x") && (mount + long).endsWith(cut.slice(3)), cut);
    assert(cut.length > 1024);
  },
);

kernelTest("a script shows its interpreter", {}, async () => {
  const script = Deno.makeTempFileSync();
  Deno.writeTextFileSync(script, "#!/bin/sh\n:\n");
  Deno.chmodSync(script, 0o755);
  const [exec] = await execsOf({}, run(script)).finally(() => Deno.removeSync(script));
  assertEquals([exec.path, exec.interpreter], [script, Deno.realPathSync("/bin/sh")]);
  assertEquals(exec.comm, script.split("/").at(-1)!.slice(0, 15));
});

kernelTest("a failed exec shows the name of its error", {}, async () => {
  const workload = `${build}execs`;
  using trace = execsnoop({ fails: true });
  const child = new Deno.Command(workload, { args: ["fail"] }).spawn();
  void child.status.finally(() => trace.stop());
  const execs = await Array.fromAsync(trace);
  const failed = execs.find((exec) => exec.ppid === child.pid)!;
  assertEquals([failed.error, failed.ret, failed.cwd], ["ENOENT", -2, Deno.cwd()]);
});

kernelTest("the terminal of an exec is shown", {}, async () => {
  using trace = execsnoop();
  const child = run("script", { args: ["-qec", "tty; /bin/true on-a-terminal", "/dev/null"] })();
  void child.finally(() => trace.stop());
  const execs = await Array.fromAsync(trace);
  assertMatch(execs.find((exec) => exec.args[1] === "on-a-terminal")!.tty!, /^pts\d+$/);
});

kernelTest("ancestors are shown from the parent to init", {}, async () => {
  const [exec] = await execsOf({}, run("/bin/true"));
  const parents: string[] = [];
  for (let pid = Deno.pid; pid !== 0;) {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    parents.push(`${/^Name:\t(.*)/m.exec(status)![1]}(${pid})`);
    pid = Number(/^PPid:\t(\d+)/m.exec(status)![1]);
  }
  assertEquals(exec.ancestors, parents);
});

kernelTest("--ancestors and --fields ancestors show the parents in a table", {}, async () => {
  for (const options of [["--ancestors"], ["--fields", "pid,ancestors"]]) {
    await using tool = startTool("execsnoop", ["--ppid", String(Deno.pid), ...options]);
    await tool.until("ANCESTORS");
    await runExecs({ count: 1 });
    await tool.until(`(${Deno.pid}) `);
    assertEquals((await tool.stop()).code, 0);
  }
});

kernelTest("the environment is shown as far as it is asked for", {}, async () => {
  const env = { ONE: "1", ONE_MORE: "2", EMPTY: "", UNASKED: "4" };
  const [exec] = await execsOf(
    { env: ["ONE", "EMPTY", "MISSING"] },
    run("/bin/true", { clearEnv: true, env }),
  );
  assertEquals([...exec.env].sort(), ["EMPTY=", "ONE=1"]);
});

kernelTest("--args-bytes limits what is read, with a true mark", {}, async () => {
  const args = ["a".repeat(30), "b".repeat(30)];
  const [cut] = await execsOf({ args_bytes: 50 }, run("/bin/true", { args }));
  assertEquals(cut.args, ["/bin/true", args[0], "b".repeat(9)]);
  assertEquals(cut.args_truncated, true);
  const exact = "/bin/true".length + 1 + 31 + 31;
  const [whole] = await execsOf({ args_bytes: exact }, run("/bin/true", { args }));
  assertEquals([whole.args, whole.args_truncated], [["/bin/true", ...args], false]);
});

kernelTest(
  "--exit gives each process once, when it ends, with code, signal and time",
  {},
  async () => {
    const script = "sleep 0.1; exit 3";
    const execs = await execsOf({ exit: true }, async () => {
      await runExecs();
      await run("/bin/sh", { args: ["-c", script] })();
      await run("/bin/sh", { args: ["-c", "kill -9 $$"] })();
      await run("/bin/sh", { args: ["-c", "exec /bin/true last"] })();
    });
    const codes = execs.map((exec) => [exec.path, exec.exit_code, exec.signal]);
    assertEquals(codes, [
      ...Array(23).fill(["/bin/true", 0, undefined]),
      ["/bin/sh", 3, undefined],
      ["/bin/sh", undefined, "SIGKILL"],
      ["/bin/sh", undefined, undefined], // replaced by its own exec of /bin/true
      ["/bin/true", 0, undefined],
    ]);
    assertEquals(execs[26].args, ["/bin/true", "last"]);
    assert(execs[23].duration_ns! >= 100_000_000n);
    assert(execs.every((exec) => exec.duration_ns! > 0n));
  },
);

kernelTest(
  "a process that still runs at the end of the trace is shown without an end",
  {},
  async () => {
    const sleeper = Promise.withResolvers<Deno.ChildProcess>();
    const execs = await execsOf({ exit: true }, async () => {
      sleeper.resolve(new Deno.Command("/bin/sleep", { args: ["60"] }).spawn());
      await delay(patient(100));
    });
    const child = await sleeper.promise;
    child.kill();
    await child.status;
    assertEquals(execs.map((exec) => [exec.pid, exec.exit_code, exec.duration_ns]), [
      [child.pid, undefined, undefined],
    ]);
  },
);

kernelTest("--forks includes processes that end without an exec", {}, async () => {
  using trace = execsnoop({ forks: true });
  const child = new Deno.Command(`${build}ends`, { args: ["code", "kill"], stdout: "null" })
    .spawn();
  void child.status.finally(() => trace.stop());
  const all = await Array.fromAsync(trace);
  const forked = all.filter((exec) => exec.ppid === child.pid);
  assertEquals(forked.map((exec) => [exec.path, exec.exit_code, exec.signal, exec.comm]), [
    [undefined, 7, undefined, "ends"],
    [undefined, undefined, "SIGKILL", "ends"],
  ]);
});

kernelTest("a table shows the ends in columns of their own", {}, async () => {
  await using tool = startTool("execsnoop", ["--exit", "--forks", "-n", "ends"]);
  await tool.until("PCOMM");
  await run(`${build}ends`, { args: ["code", "kill"] })();
  await tool.until("SIGKILL");
  await tool.until(/ends code kill/);
  const [header, ...rows] = (await tool.stop()).stdout.trimEnd().split("\n");
  assertEquals(header, "PCOMM            PID    PPID   RET    EXIT        MS ARGS");
  const own = rows.map((row) => row.slice(31).replace(/\d+\.\d/, "N").replace(/ +/g, " ").trim());
  assertEquals(own.map((row) => row.replace(/\S*\/ends/, "ends")), [
    "0 7 N -",
    "0 SIGKILL N -",
    "0 0 N ends code kill",
  ]);
});

kernelTest("a module and a command get the same of an exec", {}, async () => {
  using trace = execsnoop({ ppid: Deno.pid });
  await using tool = startTool("execsnoop", ["-o", "json", "--ppid", String(Deno.pid)]);
  while (!tool.stdout.includes("\n")) {
    await runExecs({ count: 1, path: "/bin/false", args: () => [] });
  }
  const [pid] = await runExecs({ count: 1, args: () => ["both"] });
  await tool.until(`"both"`);
  trace.stop();
  const json = (await tool.stop()).stdout.split("\n").find((line) =>
    line.includes(`"pid":${pid},`)
  );
  const row = JSON.parse(json!);
  const execs = await Array.fromAsync(trace);
  const exec: Record<string, unknown> = { ...execs.find((exec) => exec.pid === pid)! };
  for (const name of Object.keys(row).filter((name) => !["time", "user"].includes(name))) {
    assertEquals(row[name], exec[name] ?? null, name);
  }
});

/** The smallest 32-bit program: `exit(0)` by `int $0x80`, in an ELF file with one segment. */
function program32(): Uint8Array<ArrayBuffer> {
  const BASE = 0x08048000;
  const code = [0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80]; // mov $1,%eax; xor %ebx,%ebx; int $0x80
  const [header, segment] = [52, 32];
  const size = header + segment + code.length;
  const view = new DataView(new ArrayBuffer(size));
  const put16 = (at: number, value: number) => view.setUint16(at, value, true);
  const put32 = (at: number, value: number) => view.setUint32(at, value, true);
  [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1].forEach((byte, at) => view.setUint8(at, byte));
  put16(16, 2); // e_type: ET_EXEC
  put16(18, 3); // e_machine: EM_386
  put32(20, 1); // e_version
  put32(24, BASE + header + segment); // e_entry
  put32(28, header); // e_phoff
  put16(40, header); // e_ehsize
  put16(42, segment); // e_phentsize
  put16(44, 1); // e_phnum
  put32(header, 1); // p_type: PT_LOAD
  put32(header + 8, BASE); // p_vaddr
  put32(header + 16, size); // p_filesz
  put32(header + 20, size); // p_memsz
  put32(header + 24, 5); // p_flags: PF_R | PF_X
  put32(header + 28, 4096); // p_align
  const bytes = new Uint8Array(view.buffer);
  bytes.set(code, header + segment);
  return bytes;
}

kernelTest("a 32-bit program is shown, and marked as one", {}, async () => {
  if (Deno.build.arch !== "x86_64") return;
  const file = Deno.makeTempFileSync();
  Deno.writeFileSync(file, program32());
  Deno.chmodSync(file, 0o755);
  const [exec] = await execsOf({ exit: true }, run(file, { args: ["one", "two"] }))
    .finally(() => Deno.removeSync(file));
  assertEquals([exec.path, exec.args, exec.compat], [file, [file, "one", "two"], true]);
  assertEquals(exec.exit_code, 0);
});
