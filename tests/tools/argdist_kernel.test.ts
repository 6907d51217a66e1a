/** argdist at functions of the kernel, against what traced.c does. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ExitError } from "#lib/tool/mod.ts";
import { argdist } from "../../tools/argdist.ts";
import { hasFeature, kernelTest } from "../kernel/harness.ts";
import { countsOf, tableOf } from "./argdist_rows.ts";
import { traced, upTo } from "./trace_events.ts";

const kprobe = { needs: ["kprobe"] } as const;
const fentry = { needs: ["kprobe", "fentry"] } as const;

/** Of 29 reads, 7 at the end of the file, and 5 that fail. */
const READ = "(count == 1009)";
const MADE = "(file->f_flags & O_CREAT && (file->f_flags & 3) == O_WRONLY)";

kernelTest("arguments of a function are counted by the kernel's types", kprobe, async () => {
  assertEquals(await countsOf(`vfs_read count ${READ}`), [[1009, 29 + 7 + 5]]);
  const mode = `file->f_mode & 3 ${READ}`;
  assertEquals(await countsOf(`vfs_read ${mode}`), [[2, 5], [3, 29 + 7]]);
  // As the Python tool has it, with names of the user's own.
  const python =
    "p::vfs_read(struct file *f, char *b, size_t n, ...):size_t,int:n,f->f_mode&1:n==1009";
  assertEquals(await countsOf(python), [[1009, 0, 5], [1009, 1, 29 + 7]]);
  const rest = "p::vfs_read(struct file *file, ...):size_t:count:count==1009";
  assertEquals(await countsOf(rest), [[1009, 29 + 7 + 5]]);
  const names = await countsOf(`vfs_open path->dentry->d_name.name ${MADE}`);
  assertEquals(names.map(String).sort(), upTo(23).map((i) => `made-${i},1`).sort());
});

kernelTest("the end of a function has arguments and result without kprobes", fentry, async () => {
  const ends = [[-9, 5], [0, 7], [1009, 29]];
  assertEquals(await countsOf(`r:vfs_read retval ${READ}`), ends);
  assertEquals(
    await countsOf(`r::vfs_read(struct file *f, char *b, size_t n):int:$retval:n==1009`),
    [
      ...ends,
    ],
  );
  const names = "file->f_path.dentry->d_name.name, retval";
  const rows = await countsOf(`r:vfs_read ${names} (count == 1009 && retval < 0)`);
  assertEquals(rows, [["file", -9, 5]]);
});

kernelTest("latency, results and arguments of one call are in one row", kprobe, async () => {
  const took = "$latency > 0 && $latency < 1 << 40";
  assertEquals(await countsOf(`r:vfs_read retval, count, ${took} ${READ}`), [
    [-9, 1009, 1, 5],
    [0, 1009, 1, 7],
    [1009, 1009, 1, 29],
  ]);
  // The place in the file moves between the beginning and the end.
  const moved = "$entry(*pos), *pos";
  const places = await countsOf(`r:vfs_read ${moved} (count == 1009 && retval > 0)`);
  assertEquals(places, upTo(29).map((i) => [i * 1009, (i + 1) * 1009, 1]));
  const { rows: [row], returns, map } = await tableOf({
    hist: [`r:vfs_read $latency / 1000 (count == 1009 && retval > 0)`],
  });
  assertEquals([row.count, row.unread, returns, map], [29, 0, 0n, 0n]);
});

kernelTest("what a function returns is counted where nothing is named", kprobe, async () => {
  const [[nothing, count]] = await countsOf("r:from_kuid_munged");
  assertEquals(nothing, 0);
  assert(Number(count) > 0);
  const { rows: [row] } = await tableOf({ hist: ["r:from_kuid_munged"] });
  assertEquals([row.expression, row.count > 0], ["retval", true]);
});

kernelTest(
  "functions of kernel and program are counted together, unless calls are",
  kprobe,
  async () => {
    const counts = [`vfs_read count ${READ}`, `${traced}:taken`];
    const { rows } = await tableOf({ counts });
    assertEquals(rows.map(({ count }) => count), [29 + 7 + 5, 23]);
    const both = { hist: ["r:vfs_read $latency", `r:${traced}:taken $latency`] };
    const error = assertThrows(() => argdist(both), ExitError);
    assertEquals(error.exitCode, 64);
    assertMatch(error.message, /cannot be had of functions of the kernel and of programs together/);
  },
);

kernelTest("an error about a function of the kernel lists what it has", kprobe, () => {
  for (
    const [spec, message] of [
      ["vfs_reed", /no function "vfs_reed".*did you mean vfs_read\?/],
      ["vfs_read cuont", /character 10: nothing is called cuont: did you mean count\?/],
      ["vfs_read $latency", /character 10: \$latency is for the end of a function: r:NAME/],
      ["p::vfs_read:size_t:count", /\(\) must be between the name and the colon behind it/],
      ["vfs_read retval", /vfs_read has not returned yet: r:vfs_read shows what it returns/],
      ["r:vfs_read $entry($latency)", /\$latency is known at the end alone/],
    ] as const
  ) {
    const error = assertThrows(() => argdist({ counts: [spec] }), ExitError);
    assertEquals(error.exitCode, 64, error.message);
    assertMatch(`${error.message} ${error.hint}`, message);
  }
});

kernelTest("without kprobes a function of the kernel ends with 69", {}, () => {
  if (hasFeature("kprobe")) return;
  const error = assertThrows(() => argdist({ counts: ["vfs_read count"] }), ExitError);
  assertEquals(error.exitCode, 69);
  assertMatch(error.message, /^Cannot trace functions of the kernel: .* no kprobes/);
});
