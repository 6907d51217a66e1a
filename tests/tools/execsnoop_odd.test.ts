/** execs that tools have shown wrongly, or silently in part. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Exec, execsnoop } from "../../tools/execsnoop.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";

const workload = new URL("../../build/tests/execs", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof execsnoop>[0]>;

/** The execs of the children of a workload: kinds of tests/workloads/execs.c. */
async function execsOf(kinds: string[], options: Options = {}): Promise<Exec[]> {
  using trace = execsnoop(options);
  const child = new Deno.Command(workload, { args: kinds, stdout: "null", stderr: "null" }).spawn();
  void child.status.finally(() => trace.stop());
  return (await Array.fromAsync(trace)).filter((exec) => exec.ppid === child.pid);
}

/** Writes an executable file and removes it afterwards. */
function file(content: string | Uint8Array<ArrayBuffer>, suffix = "") {
  const path = Deno.makeTempFileSync({ suffix });
  if (typeof content === "string") Deno.writeTextFileSync(path, content);
  else Deno.writeFileSync(path, content);
  Deno.chmodSync(path, 0o755);
  return { path, [Symbol.dispose]: () => Deno.removeSync(path) };
}

/** An ELF file for this machine with one segment, which lies beyond the memory of any process. */
function badProgram(): Uint8Array<ArrayBuffer> {
  const [header, segment] = [64, 56];
  const view = new DataView(new ArrayBuffer(header + segment));
  [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].forEach((byte, at) => view.setUint8(at, byte));
  view.setUint16(16, 2, true); // e_type: ET_EXEC
  view.setUint16(18, Deno.build.arch === "aarch64" ? 183 : 62, true); // e_machine
  view.setUint32(20, 1, true); // e_version
  view.setBigUint64(32, BigInt(header), true); // e_phoff
  view.setUint16(52, header, true); // e_ehsize
  view.setUint16(54, segment, true); // e_phentsize
  view.setUint16(56, 1, true); // e_phnum
  view.setUint32(header, 1, true); // p_type: PT_LOAD
  view.setUint32(header + 4, 5, true); // p_flags: PF_R | PF_X
  view.setBigUint64(header + 16, 0x00f0_0000_0000_0000n, true); // p_vaddr
  view.setBigUint64(header + 32, 0x1000n, true); // p_filesz
  view.setBigUint64(header + 40, 0x1000n, true); // p_memsz
  view.setBigUint64(header + 48, 0x1000n, true); // p_align
  return new Uint8Array(view.buffer);
}

kernelTest("an exec that fails when its old memory is gone is not shown as empty", {}, async () => {
  using bad = file(badProgram());
  const [exec] = await execsOf([`file=${bad.path}`], { fails: true });
  assertEquals([exec.path, exec.args, exec.args_truncated], [undefined, [], true]);
  assert(exec.ret < 0, `${exec.ret}`);
});

kernelTest(
  "what cannot be read is undefined, and what is not there is not truncated",
  {},
  async () => {
    const execs = await execsOf(["badpath", "badargv", "nullargv"], { fails: true });
    assertEquals(execs.map((exec) => [exec.path, exec.args, exec.args_truncated, exec.error]), [
      [undefined, ["true"], false, "EFAULT"],
      ["/nonexistent/badargv", [], true, "ENOENT"],
      ["/nonexistent/nullargv", [], false, "ENOENT"],
    ]);
  },
);

kernelTest("a script is shown as it was called, whatever its interpreter is", {}, async () => {
  using itself = file("");
  Deno.writeTextFileSync(itself.path, `#!/bin/sh ${itself.path}\n`);
  using inner = file("#!/bin/sh -e\n");
  using outer = file(`#!${inner.path} -x\n`);
  const execs = await execsOf([`file=${itself.path}`, `file=${outer.path}`]);
  assertEquals(execs.map((exec) => exec.args), [
    [itself.path, "one", "two"],
    [outer.path, "one", "two"],
  ]);
});

const BINFMT = "/proc/sys/fs/binfmt_misc";

kernelTest("an interpreter of binfmt_misc that keeps argv[0] hides nothing of it", {}, async () => {
  const mounted = new Deno.Command("mount", { args: ["-t", "binfmt_misc", "none", BINFMT] });
  if (!(await mounted.output()).success) return; // the kernel has none
  using odd = file("", ".denobpf");
  try {
    for (const [flags, argv0] of [["P", "argv0"], ["", odd.path]]) {
      Deno.writeTextFileSync(`${BINFMT}/register`, `:denobpf:E::denobpf::/bin/echo:${flags}`);
      try {
        const [exec] = await execsOf([`file=${odd.path}`]);
        assertEquals([exec.path, exec.args], [odd.path, [argv0, "one", "two"]], flags);
        const { stdout } = await runTool("execsnoop", ["-l", "one two"], {
          until: "one two\n",
          workload: () => new Deno.Command(workload, { args: [`file=${odd.path}`] }).output(),
        });
        assertMatch(stdout, new RegExp(` ${odd.path} one two$`, "m"));
      } finally {
        Deno.writeTextFileSync(`${BINFMT}/denobpf`, "-1");
      }
    }
  } finally {
    await new Deno.Command("umount", { args: [BINFMT] }).output();
  }
});

kernelTest("an environment that was not looked at in full says so", {}, async () => {
  const env: Record<string, string> = { FIRST: "1" };
  for (let i = 0; i < 120; i++) env[`VARIABLE${i}`] = "x".repeat(100);
  const run = () =>
    new Deno.Command("/bin/true", { args: ["environment"], clearEnv: true, env }).output();
  using trace = execsnoop({ ppid: Deno.pid, env: ["LAST"] });
  void run().finally(() => trace.stop());
  const [exec] = await Array.fromAsync(trace);
  assertEquals([exec.env, exec.env_truncated], [[], true]);
  const [failed] = await execsOf(["fail"], { fails: true, env: ["LAST"] });
  assertEquals([failed.env, failed.env_truncated], [[], true]);
  const { stdout } = await runTool("execsnoop", ["--ppid", `${Deno.pid}`, "--env", "FIRST"], {
    until: "environment\n",
    workload: run,
  });
  assertMatch(stdout, / (FIRST=1 )?\.\.\. .*environment$/m);
});

kernelTest("a path of too many folders does not look whole", {}, async () => {
  const root = Deno.makeTempDirSync();
  try {
    for (const [depth, whole] of [[23, true], [43, false]] as const) {
      const folder = root + "/d".repeat(depth);
      Deno.mkdirSync(folder, { recursive: true });
      using trace = execsnoop({ ppid: Deno.pid });
      void new Deno.Command("/bin/true", { cwd: folder }).output().finally(() => trace.stop());
      const [{ cwd }] = await Array.fromAsync(trace);
      if (whole) assertEquals(cwd, folder);
      else assertMatch(cwd!, /^\.\.\.(\/d){32}$/);
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

kernelTest("newlines in arguments make no rows", {}, async () => {
  const forged = "a\nsshd             1      1        0 /usr/sbin/sshd";
  for (const options of [[], ["-q"]]) {
    const { stdout } = await runTool("execsnoop", ["--ppid", `${Deno.pid}`, ...options], {
      until: "sbin/sshd",
      workload: () => new Deno.Command("/bin/true", { args: [forged] }).output(),
    });
    assertEquals(stdout.trimEnd().split("\n").length, 2);
    assertStringIncludes(stdout, "a\\nsshd");
  }
});
