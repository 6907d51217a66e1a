/** What is traced goes away while it is traced: the trace goes on, and ends as it was asked to. */

import { assertEquals } from "@std/assert";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { delay, kernelTest, runExecs, startCommand, startTool } from "./harness.ts";

const HEADER = "pid,comm\n";
const FIELDS = ["-o", "csv", "--fields", "pid,comm"];

kernelTest("a process that ends", {}, async () => {
  const gate = Deno.makeTempFileSync();
  const target = startCommand([
    "sh",
    "-c",
    `while [ -e ${gate} ]; do sleep 0.05; done; exec /bin/true`,
  ]);
  await using tool = startTool("execsnoop", ["-p", String(target.pid), ...FIELDS]);
  await tool.until(HEADER);
  Deno.removeSync(gate);
  await target.finish();
  await tool.until(`${target.pid},true\n`);
  await runExecs();
  const { code, stdout, stderr } = await tool.stop();
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, `${HEADER}${target.pid},true\n`);
});

kernelTest("a cgroup that is removed", {}, async () => {
  for (const name of ["execsnoop", "bootstrap"]) {
    const cgroup = `${cgroupMount()}/denobpf-gone-${crypto.randomUUID()}`;
    Deno.mkdirSync(cgroup);
    await using tool = startTool(name, ["-c", cgroup, ...FIELDS]);
    await tool.until(HEADER);
    Deno.removeSync(cgroup);
    await runExecs();
    assertEquals(await tool.stop(), { code: 0, stderr: "", stdout: HEADER, signal: null });
  }
});

kernelTest("a pid namespace that ends", { needs: ["pid_namespace"] }, async () => {
  const target = startCommand(["unshare", "-pf", "sleep", "60"]);
  const inner = await innerPid(target.pid);
  const inode = Deno.readLinkSync(`/proc/${inner}/ns/pid`).match(/\d+/)![0];
  await using tool = startTool("execsnoop", ["--pidns", inode, ...FIELDS]);
  await tool.until(HEADER);
  Deno.kill(inner, "SIGKILL");
  await target.finish();
  await runExecs();
  assertEquals(await tool.stop(), { code: 0, stderr: "", stdout: HEADER, signal: null });
});

/** The child of unshare(1) that is the first process of its namespace. */
async function innerPid(pid: number): Promise<number> {
  for (;;) {
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
    if (children !== "") return Number(children.split(" ")[0]);
    await delay(10);
  }
}

kernelTest("a CPU that is taken away and comes back", {
  needs: ["disposable", "cpu_hotplug"],
}, async () => {
  const online = (value: 0 | 1) =>
    Deno.writeTextFileSync("/sys/devices/system/cpu/cpu1/online", String(value));
  await using execs = startTool("execsnoop", ["--ppid", String(Deno.pid), ...FIELDS]);
  await execs.until(HEADER);
  await using calls = startTool("syscount", ["-i", "0.2", "-o", "csv"]);
  await calls.until("\n");
  for (const value of [0, 1] as const) {
    online(value);
    await runExecs();
  }
  const shown = (await execs.stop()).stdout.split("\n").filter((row) => row.endsWith(",true"));
  assertEquals(shown.length, 2 * 23);
  const { code, stderr } = await calls.stop();
  assertEquals([code, stderr], [0, ""]);
});
