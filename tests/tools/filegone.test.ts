import { assert, assertEquals, assertMatch } from "@std/assert";
import { filegone, type GoneFile } from "../../tools/filegone.ts";
import { counted } from "./counted.ts";
import { ext4 } from "./file_calls.ts";
import { overlay, runRemoves, workload } from "./removes.ts";
import { hasFeature, kernelTest, runTool } from "../kernel/harness.ts";
import { straced } from "./straced.ts";

type Options = NonNullable<Parameters<typeof filegone>[0]>;

const needs = ["fentry"] as const;

/** What is shown while the workload runs. */
async function goneOf(options: Options, folder: string, ...kinds: string[]): Promise<GoneFile[]> {
  using trace = filegone({ comm: "removes", ...options });
  const pid = await runRemoves(folder, ...kinds);
  trace.stop();
  const gone: GoneFile[] = [];
  for await (const event of trace) gone.push(event);
  const { ring = 0n, map = 0n, missed = 0n } = trace.losses;
  assertEquals(ring + map + missed, 0n);
  for (const event of gone) {
    assertEquals([event.pid, event.tid, event.uid], [pid, pid, Deno.uid()]);
    assertEquals(event.path, `${folder}/${event.name}`);
    assertEquals(event.new_path, event.new_name && `${folder}/${event.new_name}`);
  }
  return gone;
}

const brief = (e: GoneFile) => [e.action, e.type, e.name, e.new_name, e.replaced, e.nlink];

const KINDS = ["short", "links", "moved", "replaced", "nodes", "dirs", "long", "exchange", "fail"];

/** What these kinds do, on any file system. */
const PLAIN = {
  "unlink regular short - false 0": 23,
  "unlink regular first - false 1": 5,
  "unlink regular second - false 0": 5,
  "rename regular old new false 1": 3,
  "unlink regular new - false 0": 3,
  "rename regular source target true 0": 11,
  "unlink regular target - false 0": 11,
  "unlink fifo fifo - false 0": 13,
  "unlink socket socket - false 0": 1,
  "unlink symlink symlink - false 0": 17,
  "rmdir directory dir - false 0": 5,
  [`unlink regular ${"x".repeat(255)} - false 0`]: 1,
  "exchange regular one two false 1": 3,
};

kernelTest("each name that is taken away is shown, exactly", { needs }, async () => {
  using disk = ext4();
  const gone = await goneOf({}, disk.path, ...KINDS);
  assertEquals(counted(gone, brief), PLAIN);
  for (const { fs, type, size_bytes, ino } of gone) {
    assertEquals(fs, "ext4");
    assert(ino > 0n);
    if (type === "regular") assertEquals(size_bytes, 100n);
  }
});

kernelTest("a name on overlayfs is one name, and not that of a layer too", { needs }, async () => {
  using folder = overlay();
  const gone = await goneOf({}, folder.path, ...KINDS);
  assertEquals(counted(gone, brief), PLAIN);
  assertEquals(new Set(gone.map(({ fs }) => fs)), new Set(["overlay"]));
});

kernelTest("--replaced leaves out renames that replace nothing", { needs }, async () => {
  using disk = ext4();
  const gone = await goneOf({ replaced: true }, disk.path, "moved", "replaced", "exchange");
  assertEquals(counted(gone, ({ action, name }) => [action, name]), {
    "unlink new": 3,
    "rename source": 11,
    "unlink target": 11,
  });
});

kernelTest("filegone counts what strace counts", { needs }, async () => {
  using disk = ext4();
  const gone = await goneOf({}, disk.path, ...KINDS);
  Deno.removeSync(`${disk.path}/folder`, { recursive: true });
  for (const name of ["one", "two"]) Deno.removeSync(`${disk.path}/${name}`);
  const calls = "unlink,unlinkat,rmdir,rename,renameat,renameat2";
  const { stderr, success } = await new Deno.Command("strace", {
    args: ["-e", `trace=?${calls.replaceAll(",", ",?")}`, workload, ...KINDS],
    cwd: disk.path,
    stderr: "piped",
  }).output();
  const lines = straced(new TextDecoder().decode(stderr));
  assert(success);
  assertEquals(gone.length, lines.filter((line) => / = 0$/.test(line)).length);
  assertEquals(lines.filter((line) => / = -1 E/.test(line)).length, 7 + 3 + 2);
});

kernelTest("the table is the Python tool's; -F shows paths", { needs }, async () => {
  using disk = ext4();
  const table = async (...args: string[]) => {
    const { stdout, stderr, code } = await runTool("filegone", ["--comm", "removes", ...args], {
      workload: () => runRemoves(disk.path, "moved", "replaced"),
      until: /(target\n.*){22}/,
    });
    assertEquals([stderr, code], ["", 0]);
    return stdout.trimEnd().split("\n");
  };
  const [header, ...rows] = await table();
  assertEquals(header, "TIME     PID     COMM             ACTION FILE");
  assertEquals(rows.length, 6 + 22);
  assertMatch(rows[0], /^\d\d:\d\d:\d\d \d+ +removes {10}RENAME old > new$/);
  assertMatch(rows[1], /^\d\d:\d\d:\d\d \d+ +removes {10}DELETE new$/);
  const paths = await table("-F", "--replaced");
  assertEquals(paths.length, 1 + 3 + 22);
  const { path } = disk;
  assert(paths[4].endsWith(` RENAME ${path}/source > ${path}/target`), paths[4]);
});

kernelTest("a kernel that lets no function be traced is named in one line", {}, async () => {
  if (hasFeature("fentry") || hasFeature("kprobe")) return;
  const { code, stderr } = await runTool("filegone", ["--seconds", "0"]);
  assertMatch(stderr, /^filegone: Cannot attach filegone: .* neither fentry nor kprobes.*\n$/);
  assertEquals(code, 69);
});
