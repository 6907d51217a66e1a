import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ValueError } from "#lib/tool/mod.ts";
import { filelife, type ShortLivedFile, tool } from "../../tools/filelife.ts";
import { counted } from "./counted.ts";
import { ext4 } from "./file_calls.ts";
import { run } from "./loop_device.ts";
import { overlay, runRemoves } from "./removes.ts";
import { delay, hasFeature, kernelTest, runTool } from "../kernel/harness.ts";

type Options = NonNullable<Parameters<typeof filelife>[0]>;

const needs = ["fentry"] as const;

/** What is shown while `work` runs. */
async function filesOf(options: Options, work: () => Promise<unknown>): Promise<ShortLivedFile[]> {
  using trace = filelife(options);
  await work();
  trace.stop();
  const files: ShortLivedFile[] = [];
  for await (const file of trace) files.push(file);
  const { ring = 0n, map = 0n, missed = 0n } = trace.losses;
  assertEquals(ring + map + missed, 0n);
  return files;
}

const brief = ({ name, action, type }: ShortLivedFile) => [name, action, type];

const KINDS = ["short", "links", "moved", "replaced", "nodes", "dirs", "long", "exchange", "fail"];

/** What these kinds do, on any file system. */
const PLAIN = {
  "short unlink regular": 23,
  "second unlink regular": 5,
  "new unlink regular": 3,
  "target rename regular": 11,
  "target unlink regular": 11,
  "fifo unlink fifo": 13,
  "socket unlink socket": 1,
  "symlink unlink symlink": 17,
  [`${"x".repeat(255)} unlink regular`]: 1,
};

kernelTest("each file that is made and removed is shown, exactly", { needs }, async () => {
  using disk = ext4();
  let pid = 0;
  const files = await filesOf({ comm: "removes" }, async () => {
    pid = await runRemoves(disk.path, ...KINDS, "tmpfile");
  });
  assertEquals(counted(files, brief), { ...PLAIN, "linked unlink regular": 2 });
  for (const { name, path, fs, age_ns, size_bytes, type, ...file } of files) {
    assertEquals([path, fs], [`${disk.path}/${name}`, "ext4"]);
    assertEquals([file.pid, file.tid, file.creator_pid], [pid, pid, pid]);
    assertEquals([file.comm, file.creator_comm, file.uid], ["removes", "removes", Deno.uid()]);
    assert(age_ns > 0n && file.ino > 0n);
    if (type === "regular" && name !== "linked") assertEquals(size_bytes, 100n);
  }
});

kernelTest("a file of overlayfs is one file, and not that of a layer too", { needs }, async () => {
  using folder = overlay();
  const files = await filesOf({ comm: "removes" }, () => runRemoves(folder.path, ...KINDS));
  assertEquals(counted(files, brief), PLAIN);
  assertEquals(new Set(files.map(({ fs }) => fs)), new Set(["overlay"]));
  assertEquals(files[0].path, `${folder.path}/short`);
});

kernelTest("thousands of files that stay leave room for those that do not", { needs }, async () => {
  const folder = Deno.makeTempDirSync();
  const pids: number[] = [];
  const files = await filesOf({ comm: "removes" }, async () => {
    for (const kind of ["make", "keep", "remove"]) pids.push(await runRemoves(folder, kind));
  });
  Deno.removeSync(folder, { recursive: true });
  const [creator, , remover] = pids;
  assertEquals(counted(files, (file) => [file.creator_pid, file.pid]), {
    [`${creator} ${remover}`]: 29,
  });
});

kernelTest("a file is known when the kernel has forgotten its name", {
  needs: ["fentry", "disposable"],
}, async () => {
  using disk = ext4();
  const files = await filesOf({ comm: "removes" }, async () => {
    await runRemoves(disk.path, "make");
    run("sync");
    Deno.writeTextFileSync("/proc/sys/vm/drop_caches", "3");
    await runRemoves(disk.path, "remove");
  });
  assertEquals(files.length, 29);
});

kernelTest("a target is who makes a file, or who removes it", { needs }, async () => {
  using disk = ext4();
  const names = Array.from({ length: 29 }, (_, i) => `${disk.path}/make${i}`);
  for (const [comm, count] of [["removes", 29], ["rm", 29], ["nobody", 0]] as const) {
    const files = await filesOf({ comm }, async () => {
      await runRemoves(disk.path, "make");
      await new Deno.Command("rm", { args: names, cwd: "/" }).output();
    });
    const seen = files.filter(({ path }) => String(path).startsWith(disk.path));
    assertEquals(counted(seen, (file) => [file.creator_comm, file.comm]), {
      ...count && { "removes rm": count },
    });
    assertEquals(seen.map(({ path }) => path), names.slice(0, count));
  }
});

kernelTest("--directory is the folder that a file is removed from", { needs }, async () => {
  using disk = ext4();
  const below = `${disk.path}/below`;
  Deno.mkdirSync(below);
  const directory = (tool.options.directory as { parse: (path: string) => Options["directory"] })
    .parse(disk.path);
  const files = await filesOf({ comm: "removes", directory }, async () => {
    await runRemoves(below, "short");
    await runRemoves(disk.path, "moved", "replaced");
  });
  assertEquals(counted(files, ({ path, action }) => [path, action]), {
    [`${disk.path}/new unlink`]: 3,
    [`${disk.path}/target rename`]: 11,
    [`${disk.path}/target unlink`]: 11,
  });
});

kernelTest("files that were there for less than --min-age are left out", { needs }, async () => {
  using disk = ext4();
  const work = async () => {
    await runRemoves(disk.path, "make");
    await delay(60);
    await runRemoves(disk.path, "remove");
  };
  const old = await filesOf({ comm: "removes", min_age: 0.05 }, work);
  assertEquals(old.length, 29);
  for (const { age_ns } of old) assert(age_ns > 50_000_000n);
  assertEquals(await filesOf({ comm: "removes", min_age: 1e6 }, work), []);
});

kernelTest("the table is the C tool's; -F shows paths", { needs }, async () => {
  using disk = ext4();
  const table = async (...args: string[]) => {
    const { stdout, stderr, code } = await runTool("filelife", ["--comm", "removes", ...args], {
      workload: () => runRemoves(disk.path, "long", "replaced"),
      until: /(target\n.*){22}/,
    });
    assertEquals([stderr, code], ["", 0]);
    return stdout.trimEnd().split("\n");
  };
  const [header, ...rows] = await table("--min-age", "0");
  assertEquals(header, "TIME     PID    COMM             AGE(s)  FILE");
  assertEquals(rows.length, 1 + 22);
  assertMatch(rows[0], /^\d\d:\d\d:\d\d \d+ +removes {10}\d+\.\d\d +x{255}$/);
  assertMatch(rows[1], /^\d\d:\d\d:\d\d \d+ +removes {10}\d+\.\d\d +target$/);
  const paths = await table("-F");
  assert(paths[2].endsWith(` ${disk.path}/target`), paths[2]);
});

kernelTest("a kernel that lets no function be traced is named in one line", {}, async () => {
  if (hasFeature("fentry") || hasFeature("kprobe")) return;
  const { code, stderr } = await runTool("filelife", ["--seconds", "0"]);
  assertMatch(stderr, /^filelife: Cannot attach filelife: .* neither fentry nor kprobes.*\n$/);
  assertEquals(code, 69);
});

kernelTest("an age that is none is refused", {}, () => {
  const { parse } = tool.options.min_age as { parse: (text: string) => unknown };
  assertMatch(assertThrows(() => parse("-1"), ValueError).message, /"-1" is not a number/);
});
