/** trace at functions of the kernel, against what traced.c does. */
import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { ExitError } from "#lib/tool/mod.ts";
import { trace } from "../../tools/trace.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { eventsOf, runTraced, times, upTo, valuesOf } from "./trace_events.ts";

const kprobe = { needs: ["kprobe"] } as const;

const MADE = "(file->f_flags & O_CREAT && (file->f_flags & 3) == O_WRONLY)";

kernelTest("members of arguments are followed by the kernel's types", kprobe, async () => {
  const made = upTo(23).map((i) => [`made-${i}`, 0o101]);
  const values = "path->dentry->d_name.name, file->f_flags & 0777";
  assertEquals(await valuesOf(`vfs_open ${values} ${MADE}`), made);
  assertEquals(await valuesOf(`p::vfs_open ${values.replaceAll("->", ".")} ${MADE}`), made);
  const python = `vfs_open ${MADE} "%s", arg1->dentry->d_name.name`;
  const events = await eventsOf(python);
  assertEquals(events.map(({ message }) => message), upTo(23).map((i) => `made-${i}`));
});

kernelTest("the end of a function has arguments and result", { needs: ["fentry"] }, async () => {
  const READ = "r:vfs_read file->f_path.dentry->d_name.name, count, retval";
  assertEquals(await valuesOf(`${READ} (retval == 1009)`), times(29, ["file", 1009, 1009]));
  assertEquals(
    await valuesOf(`${READ} (retval < 0 && count == 1009)`),
    times(5, ["file", 1009, -9]),
  );
  const ends = `${READ} (retval == 0 && count == 1009)`;
  assertEquals(await valuesOf(ends), times(7, ["file", 1009, 0]));
  const divided = "r:vfs_read retval * 2 / 3 (retval == 1009 || retval == -9)";
  assertEquals((await valuesOf(divided)).length, 34);
});

kernelTest("what a kretprobe sees is what a function returns", kprobe, async () => {
  // An argument that is a struct keeps fexit from it.
  const events = await eventsOf("r:from_kuid_munged retval (retval == 0)");
  assert(events.length > 0);
  const error = assertThrows(() => trace({ probe: "r:from_kuid_munged targ" }), ExitError);
  assert(error.message.includes("its arguments are gone"), error.message);
});

kernelTest("registers are shown where the kernel's types say nothing", kprobe, async () => {
  const READ = "(count == 1009 && file->f_mode & 1)";
  const typed = await valuesOf(`vfs_read count, file->f_mode & 1 ${READ}`);
  assertEquals(typed, times(29 + 7, [1009, 1]));
  const numbered = await valuesOf(
    "vfs_read arg3, arg1->f_mode & 1 (arg3 == 1009 && arg1->f_mode & 1)",
  );
  assertEquals(numbered, typed);
  const [[name]] = await valuesOf(
    `vfs_read ((struct file *)arg1)->f_path.dentry->d_name.name ${READ}`,
  );
  assertEquals(name, "file");
});

kernelTest("a place within a function of the kernel is passed", kprobe, async () => {
  // An instruction begins behind endbr64, or behind the call to ftrace where there is none; arm64 has words.
  const passed: number[] = [];
  for (const offset of [4, 5]) {
    try {
      passed.push((await eventsOf(`vfs_read+${offset} arg3 (arg3 == 1009)`)).length);
    } catch (error) {
      assertInstanceOf(error, ExitError);
    }
  }
  assertEquals(passed, [29 + 7 + 5]);
});

kernelTest("functions of the kernel lead in its stacks", kprobe, async () => {
  const [{ kstack }] = await eventsOf(`vfs_open ${MADE}`, { kernel_stack: true });
  assertEquals(kstack?.[0], "vfs_open");
  const shown = await runTool("trace", [
    "-K",
    "--comm",
    "traced",
    "-M",
    "1",
    `vfs_open "%K", arg2 ${MADE}`,
  ], {
    workload: () => runTraced(),
  });
  assertMatch(shown.stdout, /traced +vfs_open +\[unknown\] *\n +vfs_open\n +\w*open/);
});

kernelTest("an error about a function of the kernel lists what it has", kprobe, () => {
  for (
    const [probe, message] of [
      ["vfs_reed", /no function "vfs_reed".*did you mean vfs_read\?/],
      ["vfs_read cuont", /character 10: nothing is called cuont: did you mean count\?/],
      ["vfs_read file->f_pth", /struct file has no member f_pth; did you mean f_path\?/],
      [
        "vfs_read file->f_path",
        /character 16: struct path is neither a number nor a text: name one of its members, mnt, dentry/,
      ],
      ["vfs_read count->x", /is no pointer/],
      ["vfs_read retval", /vfs_read has not returned yet: r:vfs_read shows what it returns/],
      ["vfs_read+4 count", /no argument of vfs_read\+4 has a name: registers may hold anything/],
      ["vfs_read arg5", /vfs_read has 4 arguments/],
      ["from_kuid_munged kuid", /kuid of from_kuid_munged takes more than one register/],
    ] as const
  ) {
    const error = assertThrows(() => trace({ probe }), ExitError);
    assertEquals(error.exitCode, 64, error.message);
    assertMatch(`${error.message} ${error.hint}`, message);
  }
  const call = Deno.build.arch === "x86_64" ? "__x64_sys_openat" : "__arm64_sys_openat";
  const passed = assertThrows(() => trace({ probe: `${call} filename` }), ExitError);
  assertMatch(
    passed.message,
    /is passed the registers of the call: t:syscalls:sys_enter_openat has/,
  );
});
