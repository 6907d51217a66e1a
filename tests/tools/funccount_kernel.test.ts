/** funccount at functions of the kernel, against what call.c does: a system call for each of its arguments. */
import { assertEquals } from "@std/assert";
import { GETPGID, rowsOf, run, shown } from "./funccount_rows.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";

kernelTest("functions of the kernel are counted exactly", { needs: ["kprobe"] }, async () => {
  for (const pattern of [GETPGID, GETPGID.replace("getpgid", "get?gi*"), `p::${GETPGID}`]) {
    const rows = await rowsOf({ pattern, comm: "call" }, () => run("call", 1, 2, 3, 5, 7));
    assertEquals(shown(rows), [`${GETPGID} 5`]);
    assertEquals(rows[0].owner, undefined);
  }
  const by = ["pid", "kstack"] as const;
  const rows = await rowsOf({ pattern: GETPGID, by, comm: "call" }, async () => {
    for (let i = 0; i < 3; i++) await run("call", 1, 2, 3);
  });
  assertEquals(rows.map(({ count }) => count), [3, 3, 3]);
  assertEquals(new Set(rows.map(({ pid }) => pid)).size, 3);
  assertEquals(rows[0].kstack![0], GETPGID);
});

kernelTest("as many functions of the kernel as ftrace has are attached to", {
  needs: ["kprobe"],
}, async () => {
  const list = Deno.readTextFileSync("/sys/kernel/tracing/available_filter_functions");
  const names = list.match(/^vfs_get\w*/gm)!;
  const { stdout, stderr, code } = await runTool("funccount", ["-d", "0", "-v", "vfs_get*"]);
  const [, attached] = /^Tracing (\d+)( of \d+)? functions for "vfs_get\*"/.exec(stdout)!;
  assertEquals([Number(attached), code], [names.length, 0]);
  const refused = stderr.match(/^cannot trace \S+: /gm)?.length ?? 0;
  const [, , all = attached] = /^Tracing (\d+) of (\d+)/.exec(stdout) ?? [];
  assertEquals(Number(all) - Number(attached), refused);
});

kernelTest(
  "thousands of functions are attached to at once",
  { needs: ["kprobe_multi"] },
  async () => {
    const rows = await rowsOf({ pattern: "*_sys_*", comm: "call" }, () => run("call", 1, 2, 3));
    assertEquals(shown(rows).includes(`${GETPGID} 3`), true);
  },
);
