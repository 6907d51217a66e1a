import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Mount, mountsnoop } from "../../tools/mountsnoop.ts";
import { attributeNames, flagNamesOf, mountFlagNames } from "../../tools/mountsnoop/flags.ts";
import { mount_op } from "#skel/mountsnoop.ts";
import { blockedIn, READ } from "./asked.ts";
import { kernelTest, runTool, startCommand } from "../kernel/harness.ts";
import { counted } from "./counted.ts";
import { straced } from "./straced.ts";

const workload = new URL("../../build/tests/mounts", import.meta.url).pathname;
const isX86 = Deno.build.arch === "x86_64";

type Options = NonNullable<Parameters<typeof mountsnoop>[0]>;

/** What the tool shows while these kinds of tests/workloads/mounts.c run in a folder of their own. */
async function mountsOf(options: Options, ...kinds: string[]) {
  const folder = Deno.makeTempDirSync();
  const child = new Deno.Command(workload, { args: kinds, cwd: folder, stdin: "piped" }).spawn();
  await blockedIn(child.pid, READ);
  using trace = mountsnoop({ pid: [child.pid], ...options });
  await child.stdin.close();
  assert((await child.status).success);
  trace.stop();
  const mounts: Mount[] = [];
  for await (const mount of trace) mounts.push(mount);
  const { ring = 0n, map = 0n } = trace.losses;
  assertEquals(ring + map, 0n);
  Deno.removeSync(folder, { recursive: true });
  // The first one makes all mounts private.
  return { mounts: mounts.slice(1), first: mounts[0], pid: child.pid, folder };
}

const flagged = ({ op, flags, data, error }: Mount) => [op, flags.join("|") || 0, data, error];

kernelTest("each call is shown with its flags and data, exactly", {}, async () => {
  const { mounts, first, pid } = await mountsOf({}, "classic", "fails");
  assertEquals(flagged(first), ["mount", "MS_REC|MS_PRIVATE", undefined, undefined]);
  assertEquals(counted(mounts, flagged), {
    "mount MS_NOSUID|MS_NODEV size=1m -": 3,
    "mount MS_BIND - -": 3,
    "mount MS_RDONLY|MS_REMOUNT|MS_NOATIME|MS_BIND - -": 3,
    "mount MS_MOVE - -": 3,
    "umount 0 - -": 3 + 1,
    "umount MNT_DETACH - -": 3,
    "mount MS_BIND|MS_REC - -": 1,
    "mount MS_NOEXEC|MS_NODIRATIME|MS_SILENT errors=remount-ro ENOENT": 7,
    "umount 0 - ENOENT": 2,
  });
  const ours = (name: string) => Number(/\d+/.exec(Deno.readLinkSync(`/proc/self/ns/${name}`)));
  for (const mount of mounts) {
    assertEquals([mount.pid, mount.tid, mount.ppid, mount.uid], [pid, pid, Deno.pid, 0]);
    assertEquals([mount.comm, mount.truncated, mount.fd], ["mounts", false, undefined]);
    assert(mount.latency_ns! > 0n && mount.mntns !== ours("mnt"));
  }
});

kernelTest("names have whole paths where they are paths", {}, async () => {
  const { mounts, folder } = await mountsOf({}, "classic");
  const paths = ({ source, source_path, target_path }: Mount) => [source, source_path, target_path];
  assertEquals(counted(mounts, paths), {
    [`first - ${folder}/a`]: 3,
    [`a ${folder}/a ${folder}/b`]: 3 + 1,
    [`none - ${folder}/b`]: 3,
    [`- - ${folder}/b`]: 1,
    [`b ${folder}/b ${folder}/c`]: 3,
    [`- - ${folder}/c`]: 3,
    [`- - ${folder}/a`]: 3,
  });
});

kernelTest("a descriptor that stands for the target has its path", {}, async () => {
  const { mounts, folder } = await mountsOf({}, "fds");
  const bound = mounts.filter(({ op }) => op === "mount");
  assertEquals(counted(bound, ({ target, target_path }) => [target, target_path]), {
    [`/proc/self/fd/3 ${folder}/b`]: 5,
  });
  assertEquals(mounts.length, 2 * 5);
});

kernelTest("mounts that are prepared by descriptors are shown step by step", {}, async () => {
  const { mounts, folder } = await mountsOf({}, "new");
  const settable = mounts.find(({ op }) => op === "mount_setattr")!;
  assertEquals(settable.attr_flags, ["MOUNT_ATTR_RDONLY", "MOUNT_ATTR_NOEXEC"]);
  assertEquals(settable.attr_clear, ["MOUNT_ATTR_NODEV"]);
  assertEquals(settable.propagation, ["MS_PRIVATE"]);
  const by = (m: Mount) => [m.op, m.fs, m.flags.join("|") || 0, m.key, m.value, m.fd, m.new_fd];
  assertEquals(mounts.map((mount) => by(mount).map((value) => value ?? "-").join(" ")), [
    "fsopen tmpfs FSOPEN_CLOEXEC - - - 3",
    "fsconfig tmpfs 0 source second 3 -",
    "fsconfig tmpfs 0 size 2m 3 -",
    "fsconfig tmpfs 0 ro - 3 -",
    "fsconfig tmpfs 0 - - 3 -",
    "fsmount tmpfs FSMOUNT_CLOEXEC - - 3 4",
    "move_mount - MOVE_MOUNT_F_EMPTY_PATH - - - -",
    "open_tree - OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC - - - 5",
    "fspick tmpfs FSPICK_CLOEXEC - - - 6",
    "mount_setattr - AT_EMPTY_PATH - - - -",
    "umount - 0 - - - -",
  ]);
  const of = (op: string) => mounts.find((mount) => mount.op === op)!;
  assertEquals(of("fsmount").attr_flags, ["MOUNT_ATTR_NOSUID"]);
  assertEquals([of("move_mount").source_fd, of("move_mount").target_fd], [4, undefined]);
  assertEquals(of("move_mount").target_path, `${folder}/a`);
  assertEquals(of("open_tree").source_path, `${folder}/a`);
  assert(of("fsmount").mnt_id! > 0 && of("open_tree").mnt_id! > of("fsmount").mnt_id!);
});

kernelTest("values of fsconfig are shown by their kind", {}, async () => {
  const { mounts, folder } = await mountsOf({}, "paths");
  assertEquals(mounts.map(({ cmd, fs, key, value }) => [cmd, fs, key, value]), [
    [undefined, "tmpfs", undefined, undefined],
    ["FSCONFIG_SET_BINARY", "tmpfs", "binary", undefined],
    ["FSCONFIG_SET_PATH", "tmpfs", "path", "a"],
    ["FSCONFIG_SET_PATH_EMPTY", "tmpfs", "empty", ""],
    ["FSCONFIG_SET_FD", "tmpfs", "fd", `${folder}/b`],
    ["FSCONFIG_SET_FLAG", undefined, "ro", undefined],
  ]);
  const [opened, ...configured] = mounts.map(({ error }) => error);
  assertEquals(opened, undefined);
  // Kernels differ in what is wrong with a descriptor.
  for (const error of configured) assertMatch(error!, /^(EBADF|EINVAL)$/);
});

kernelTest("calls of 32-bit programs are shown", {}, async () => {
  if (!isX86) return;
  const { mounts } = await mountsOf({}, "compat");
  assertEquals(counted(mounts, ({ op, fs, target, flags }) => [op, fs, target, ...flags]), {
    "mount tmpfs absent MS_NOSYMFOLLOW": 3,
    "umount - absent": 2,
  });
});

kernelTest("pivot_root is shown", {}, async () => {
  const { mounts } = await mountsOf({}, "pivot");
  assertEquals(counted(mounts, ({ op, source, target, error }) => [op, source, target, error]), {
    "mount a a -": 1,
    "pivot_root . . -": 1,
  });
});

kernelTest("-x shows what fails, --fs types, --mntns one namespace", {}, async () => {
  const all = await mountsOf({ failed: true }, "classic", "fails");
  assertEquals(counted([all.first, ...all.mounts], ({ op, error }) => [op, error]), {
    "mount ENOENT": 7,
    "umount ENOENT": 2,
  });
  const tmpfs = await mountsOf({ fs: ["tmpfs", "ext4"] }, "classic", "new");
  const kinds = counted([tmpfs.first, ...tmpfs.mounts], ({ op, fs }) => [op, fs]);
  assertEquals(kinds["mount tmpfs"], 3);
  assert(Object.keys(kinds).every((kind) => kind.endsWith(" tmpfs")));
  const inode = Number(/\d+/.exec(Deno.readLinkSync("/proc/self/ns/mnt")));
  const here = await mountsOf({ mntns: inode }, "classic");
  assertEquals([here.first, here.mounts], [undefined, []]);
});

/** Rows of the table, and of strace, for these kinds. */
async function rowsOf(args: string[], ...kinds: string[]) {
  const folder = Deno.makeTempDirSync();
  const sh = ["sh", "-c", 'cd "$0" && mkdir 1 2 && cd 1 && "$@" </dev/null', folder];
  const { stdout, stderr, code } = await runTool("mountsnoop", [...args, "--comm", "mounts"], {
    workload: () => startCommand([...sh, workload, ...kinds, "pivot"]).finish(60_000),
    until: /pivot_root\("\.", "\."\) = 0\n/,
  });
  assertEquals([stderr, code], ["", 0]);
  const calls = "mount,umount2,fsopen,fsconfig,fsmount,move_mount,open_tree,fspick,mount_setattr," +
    "pivot_root";
  const strace = await startCommand([
    ...["sh", "-c", 'cd "$0/2" && "$@" </dev/null', folder],
    ...["strace", "-f", "-qq", "-e", `trace=${calls}`, workload, ...kinds, "pivot"],
  ]).finish(60_000);
  Deno.removeSync(folder, { recursive: true });
  return { lines: stdout.trimEnd().split("\n"), strace: straced(strace.stderr) };
}

kernelTest("columns are those of the C tool, and calls what strace writes", {}, async () => {
  const kinds = ["classic", "fails", "new", "fds", "paths"];
  const { lines: [header, ...rows], strace } = await rowsOf([], ...kinds);
  assertEquals(header, "COMM             PID     TID     MNT_NS      CALL");
  for (const row of rows) assertMatch(row, /^mounts {11}\d+ +\d+ +\d+ +\w+\(.*\) = \S+$/);
  const theirs = strace.map((line) =>
    line.replace(/\) += /, ") = ").replace(/= -1 (\w+) .*/, "= -$1")
      .replace("umount2(", "umount(").replace(/"(\\x3\d)+"/, "...").replace('"12345"', "...")
  );
  assertEquals(rows.map((row) => row.replace(/^(\S+ +){4}/, "")), theirs);
});

kernelTest("-t shows the time of day, -d a line for each member", {}, async () => {
  const { lines: [header, row] } = await rowsOf(["-t"]);
  assertEquals(header, "TIME     COMM             PID     TID     MNT_NS      CALL");
  assertMatch(row, /^\d\d:\d\d:\d\d mounts {11}\d+ +\d+ +\d+ +mount\("none", "\/", NULL, /);
  const folder = Deno.makeTempDirSync();
  const { stdout } = await runTool("mountsnoop", ["-d", "--comm", "mounts"], {
    workload: () => new Deno.Command(workload, { args: ["fails"], cwd: folder }).output(),
    until: /(RET: +-ENOENT[^]*?FLAGS:.*\n[^]*){9}/,
  });
  Deno.removeSync(folder, { recursive: true });
  const details = new RegExp(
    "PID: {4}\\d+\nTID: {4}\\d+\nCOMM: {3}mounts\nOP: {5}MOUNT\nRET: {4}-ENOENT\nLAT: {4}\\d+us\n" +
      `MNT_NS: \\d+\nFS: {5}tmpfs\nSOURCE: none\nTARGET: ${folder}/absent\n` +
      "DATA: {3}errors=remount-ro\nFLAGS: {2}MS_NOEXEC \\| MS_NODIRATIME \\| MS_SILENT\n\n",
    "g",
  );
  assertEquals([...stdout.matchAll(details)].length, 7);
});

Deno.test("flags have the names of the kernel's headers", () => {
  assertEquals(mountFlagNames(1 << 12 | 0xc0ed_0000), ["MS_MGC_VAL", "MS_BIND"]);
  assertEquals(mountFlagNames(1 << 31 | 1 << 9), ["MS_NOUSER", "0x200"]);
  assertEquals(mountFlagNames(0x7d00), [
    "MS_NOSYMFOLLOW",
    "MS_NOATIME",
    "MS_NODIRATIME",
    "MS_BIND",
    "MS_MOVE",
    "MS_REC",
  ]);
  assertEquals(attributeNames(0x70 | 0x10_0000), ["MOUNT_ATTR__ATIME", "MOUNT_ATTR_IDMAP"]);
  assertEquals(attributeNames(0x20), ["MOUNT_ATTR_STRICTATIME"]);
  assertEquals(flagNamesOf(mount_op.CALL_MOVE_MOUNT, 0x204), [
    "MOVE_MOUNT_F_EMPTY_PATH",
    "MOVE_MOUNT_BENEATH",
  ]);
  assertEquals(flagNamesOf(mount_op.CALL_OPEN_TREE, 0x8001), ["OPEN_TREE_CLONE", "AT_RECURSIVE"]);
  assertEquals(flagNamesOf(mount_op.CALL_UMOUNT, 0xa), ["MNT_DETACH", "UMOUNT_NOFOLLOW"]);
});
