/** dcsnoop against processes that look for a known number of names, on a file system that nobody has looked at. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { dcsnoop, type NameLookup } from "../../tools/dcsnoop.ts";
import { counted } from "./counted.ts";
import { run } from "./loop_device.ts";
import { coldFiles, MANY, runNames, THREADS } from "./names.ts";
import { hasFeature, kernelTest, runTool } from "../kernel/harness.ts";
import { countingTest, LeftOut } from "../kernel/left_out.ts";
import { withoutLosses } from "../kernel/running_tool.ts";

type Options = NonNullable<Parameters<typeof dcsnoop>[0]>;

const needs = ["fentry"] as const;

/** What the workload has looked for in these folders while `work` runs. */
async function lookupsOf(
  options: Options,
  folder: string,
  work: () => Promise<unknown>,
): Promise<NameLookup[]> {
  using trace = dcsnoop({ ppid: Deno.pid, comm: "names", ...options });
  await work();
  trace.stop();
  const lookups = await Array.fromAsync(trace);
  const { ring = 0n, map = 0n, missed = 0n } = trace.losses;
  assertEquals(ring + map, 0n);
  if (missed > 0n) throw new LeftOut();
  // the loader looks for its libraries elsewhere
  const dev = Deno.statSync(folder).dev;
  return lookups.filter((lookup) => deviceOf(lookup) === dev);
}

/** The number as stat(2) has it. */
const deviceOf = ({ dev }: NameLookup) => {
  const [major, minor] = String(dev).split(":").map(Number);
  return major << 8 | minor & 0xff | (minor & ~0xff) << 12;
};

const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${name}${at}`);

const brief = ({ type, negative }: NameLookup) => [type, negative ? "negative" : "positive"];

countingTest("each name is asked for once, and found from then on", { needs }, async () => {
  using disk = coldFiles();
  const look = (all: boolean) =>
    lookupsOf({ all }, disk.path, async () => pid = await runNames(disk.path, "stat"));
  let pid = 0;
  const cold = await look(false);
  assertEquals(cold.map(({ name }) => name), ["folder", ...numbered("file", 23)]);
  for (const { name, dir, latency_ns, ...lookup } of cold) {
    assertEquals(dir, name === "folder" ? disk.path : `${disk.path}/folder`);
    assertEquals([lookup.pid, lookup.tid, lookup.uid], [pid, pid, Deno.uid()]);
    assertEquals([lookup.comm, lookup.fs], ["names", "ext4"]);
    assertEquals(brief(lookup as NameLookup), ["miss", "positive"]);
    assert(latency_ns! > 0n);
  }
  const warm = await look(true);
  assertEquals(counted(warm, brief), { "hit positive": 23 + 23 });
  assertEquals(warm.map(({ name }) => name).filter((name) => name !== "folder"), [
    ...numbered("file", 23),
  ]);
  for (const { name, dir, latency_ns } of warm) {
    assertEquals(dir, name === "folder" ? disk.path : `${disk.path}/folder`);
    assertEquals(latency_ns, undefined);
  }
  assertEquals(await look(false), []);
});

countingTest("names that do not exist are told apart, and remembered", { needs }, async () => {
  using disk = coldFiles();
  const look = (options: Options, kind: string) =>
    lookupsOf(options, disk.path, () => runNames(disk.path, kind));
  const cold = await look({}, "absent");
  assertEquals(cold.map(({ name }) => name), numbered("absent", 7));
  assertEquals(counted(cold, brief), { "miss negative": 7 });
  assertEquals(await look({}, "absent"), []);
  assertEquals(counted(await look({ all: true }, "absent"), brief), { "hit negative": 7 });
  assertEquals(counted(await look({ all: true, negative: true }, "absent"), brief), {
    "hit negative": 7,
  });
  assertEquals(await look({ negative: true }, "stat"), []);
});

countingTest("names that are made and taken away are looked for, too", { needs }, async () => {
  using disk = coldFiles();
  const look = async (all: boolean, ...kinds: string[]) => {
    const lookups = await lookupsOf({ all }, disk.path, () => runNames(disk.path, ...kinds));
    return counted(lookups, ({ type, negative, name }) => [
      type,
      negative ? "negative" : "positive",
      String(name).replace(/\d+$/, ""),
    ]);
  };
  assertEquals(await look(false, "create", "mkdir", "unlink", "rename"), {
    "miss negative created": 5,
    "miss negative made": 11,
    "miss negative gone": 13,
    "miss negative renamed": 2,
  });
  // rmdir and rename have found theirs; a name that is taken away is known not to exist
  assertEquals(await look(true, "mkdir", "unlink"), {
    "hit negative made": 11,
    "hit positive made": 11,
    "hit negative gone": 13,
  });
});

countingTest("the folder of a name that nobody walks to is shown as far as it is known", {
  needs,
}, async () => {
  using disk = coldFiles();
  const lookups = await lookupsOf({}, disk.path, async () => {
    await runNames(`${disk.path}/folder`, "unlink", "absent");
  });
  const dirs = counted(lookups, ({ dir }) => [dir]);
  assertEquals(dirs, { ".../folder": 13, [`${disk.path}/folder`]: 7 });
});

countingTest("what several look for at the same time is asked for once", { needs }, async () => {
  using disk = coldFiles();
  const lookups = await lookupsOf({ all: true }, disk.path, async () => {
    await runNames(disk.path, "together");
  });
  const { miss, hit, late = 0 } = counted(lookups, ({ type }) => [type]);
  assertEquals([miss, hit + late], [1 + MANY, (THREADS - 1) * MANY + THREADS * MANY - 1]);
  const missed = lookups.filter(({ type }) => type === "miss").map(({ name }) => String(name));
  assertEquals(new Set(missed), new Set(["many", ...numbered("many", MANY)]));
});

countingTest("a layer of overlayfs is asked apart", { needs }, async () => {
  using disk = coldFiles();
  using owned = new DisposableStack();
  const layers = ["below", "upper", "work", "merged"].map((name) => `${disk.path}/${name}`);
  for (const path of layers) Deno.mkdirSync(path);
  const [below, upper, work, merged] = layers;
  Deno.renameSync(`${disk.path}/folder`, `${below}/folder`);
  const options = `lowerdir=${below},upperdir=${upper},workdir=${work}`;
  run("mount", "-t", "overlay", "-o", options, "none", merged);
  owned.defer(() => run("umount", merged));
  const outer = await lookupsOf({}, merged, () => runNames(merged, "stat"));
  assertEquals(outer.map(({ name, dir, fs }) => [name, dir, fs]), [
    ["folder", merged, "overlay"],
    ...numbered("file", 23).map((name) => [name, `${merged}/folder`, "overlay"]),
  ]);
  // by now the layer's names are known, and those of the overlay after another mount are not
  run("umount", merged);
  run("mount", "-t", "overlay", "-o", options, "none", merged);
  const inner = await lookupsOf({ all: true }, disk.path, () => runNames(merged, "stat"));
  const files = inner.filter(({ name }) => String(name).startsWith("file"));
  assert(files.length >= 23);
  for (const { type, dir } of files) assertEquals([type, dir], ["hit", ".../below/folder"]);
});

countingTest("a name is shown whole, and whatever bytes it has", { needs }, async () => {
  using disk = coldFiles();
  const [lookup] = await lookupsOf({}, disk.path, () => runNames(disk.path, "odd"));
  assertEquals(lookup.name, `\x1b[31m\n\udcff${"x".repeat(248)}`);
});

kernelTest("the table is the Python tool's; -F shows paths", { needs }, async () => {
  using disk = coldFiles();
  const table = async (until: RegExp, ...args: string[]) => {
    const { stdout, stderr, code } = await runTool("dcsnoop", ["--comm", "names", ...args], {
      workload: () => runNames(disk.path, "stat", "absent", "odd"),
      until,
    });
    assertEquals([withoutLosses(stderr), code], ["", 0]);
    return stdout.trimEnd().split("\n");
  };
  const odd = /x{248}\n/;
  const [header, ...rows] = await table(odd);
  assertEquals(header, "TIME(s)     PID     COMM             T FILE");
  const ours = rows.filter((row) => / (absent|folder|file)\d*$/.test(row));
  assertEquals(ours.length, 7 + 24);
  for (const row of ours) assertMatch(row, /^\d+\.\d{6} +\d+ +names +M \w+$/);
  assertMatch(rows.at(-1)!, /names +M \\x1b\[31m\\n\\xffx{248}$/);
  const paths = await table(odd, "-F", "-a", "600");
  assert(paths.some((row) => row.endsWith(` R ${disk.path}/folder/file22`)), paths.join("\n"));
  const negative = await table(odd, "--all", "--full-path", "--negative");
  assert(negative.some((row) => row.endsWith(` R ${disk.path}/absent6`)), negative.join("\n"));
  assert(!negative.some((row) => row.includes(`${disk.path}/folder`)), negative.join("\n"));
});

kernelTest("a kernel that lets no function be traced is named in one line", {}, async () => {
  if (hasFeature("fentry") || hasFeature("kprobe")) return;
  const { code, stderr } = await runTool("dcsnoop", ["--seconds", "0"]);
  assertMatch(stderr, /^dcsnoop: Cannot attach dcsnoop: .* neither fentry nor kprobes.*\n$/);
  assertEquals(code, 69);
});
