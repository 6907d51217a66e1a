/** The binary on a host that has nothing but glibc. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { execUntilShown, runExecs, startCommand } from "../kernel/harness.ts";
import { EmptyRoot, glibcOf } from "./empty_root.ts";
import { binary, binaryTest, root } from "./making.ts";

/** What the binary asks of glibc, and docs/binary.md says. */
const OLDEST_GLIBC = "2.27";

const workload = `${root}build/tests/syscalls`;

async function emptyRoot(): Promise<EmptyRoot> {
  const denobpf = await binary();
  const files = { ...await glibcOf(denobpf), ...await glibcOf(workload) };
  return new EmptyRoot({ "/denobpf": denobpf, "/syscalls": workload, ...files });
}

/** Starts execsnoop in a root, runs 23 execs and asserts that exactly these are in its JSON. */
async function countExecs(place: EmptyRoot): Promise<void> {
  await using tool = place.start("/denobpf", "execsnoop", "-o", "json", "--comm", "true");
  await execUntilShown(tool, "/bin/true", "\n");
  const pids = await runExecs();
  await tool.until(`"pid":${pids[22]},`);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const seen = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(seen.map(({ pid }) => pid).filter((pid) => pids.includes(pid)), pids);
  assertEquals(seen.at(-1).args, ["/bin/true", "22"]);
}

binaryTest("in an empty root execsnoop shows 23 execs as JSON", async () => {
  using place = await emptyRoot();
  await countExecs(place);
});

binaryTest("in an empty root syscount counts a command's calls exactly", async () => {
  using place = await emptyRoot();
  const command = ["syscount", "-o", "json", "--", "/syscalls", "count"];
  const { stdout, stderr, code } = await place.start("/denobpf", ...command).finish(30_000);
  assertEquals([stderr, code], ["", 0]);
  const rows = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const count = (name: string) => rows.find(({ syscall }) => syscall === name)?.count;
  assertEquals([count("getppid"), count("getuid")], [1013, 499]);
});

binaryTest("in an empty root bootstrap shows 23 ends", async () => {
  using place = await emptyRoot();
  await using tool = place.start("/denobpf", "bootstrap", "--comm", "true");
  await tool.until("FILENAME/EXIT CODE", 30_000);
  const pids = await runExecs();
  await tool.until(new RegExp(`^\\S+ EXIT +true +${pids[22]} `, "m"));
  const { stdout } = await tool.stop();
  const ends = [...stdout.matchAll(/^\S+ EXIT +true +(\d+) .* \[0\] \(\d+ms\)$/gm)];
  assertEquals(ends.map(([, pid]) => Number(pid)).filter((pid) => pids.includes(pid)), pids);
});

binaryTest("a binary that is killed leaves no file behind", async () => {
  using place = await emptyRoot();
  const before = place.list();
  await using tool = place.start("/denobpf", "execsnoop", "-x");
  await tool.until("PCOMM", 30_000);
  const maps = Deno.readTextFileSync(`/proc/${tool.pid}/maps`);
  assertStringIncludes(maps, "/memfd:libbpf.so");
  assert(!/\/libbpf\.so/.test(maps.replaceAll("/memfd:libbpf.so", "")), maps);
  const { signal } = await tool.stop("SIGKILL");
  assertEquals([signal, place.list()], ["SIGKILL", before]);
});

binaryTest("the binary makes no file, in /tmp or elsewhere", async () => {
  // The first one of an object makes one on purpose: the types that it needs, in /run/denobpf.
  const first = await startCommand([await binary(), "bootstrap", "--seconds", "0"]).finish(60_000);
  assertEquals(first.code, 0);
  const calls = "trace=open,openat,creat,mkdir,mkdirat,link,linkat,symlink,symlinkat,mknod,mknodat";
  const log = await Deno.makeTempFile();
  try {
    const strace = ["strace", "-f", "-qq", "-e", calls, "-o", log];
    const { code } = await startCommand(
      [...strace, await binary(), "bootstrap", "--seconds", "1"],
      {
        env: { PATH: Deno.env.get("PATH")! },
      },
    ).finish(60_000);
    assertEquals(code, 0);
    const made = (await Deno.readTextFile(log)).split("\n").filter((line) =>
      /O_CREAT|O_TMPFILE|(creat|mkdir|mkdirat|link|linkat|symlink|symlinkat|mknod|mknodat)\(/
        .test(line)
    );
    assertEquals(made, []);
  } finally {
    await Deno.remove(log);
  }
});

binaryTest(`the binary and its libbpf ask for no glibc later than ${OLDEST_GLIBC}`, async () => {
  for (const file of [await binary(), `${root}build/libbpf.so`]) {
    const { stdout } = await startCommand(["readelf", "--wide", "--version-info", file]).finish();
    const versions = [...stdout.matchAll(/Name: GLIBC_([\d.]+) /g)].map(([, version]) => version);
    assert(versions.length > 0);
    const later = versions.filter((version) => isLater(version, OLDEST_GLIBC));
    assertEquals(later, [], file);
  }
});

binaryTest("the binary runs on the glibc of Debian 11", async () => {
  const packages = [
    "g/glibc/libc6_2.31-13+deb11u11_amd64.deb",
    "g/gcc-10/libgcc-s1_10.2.1-6_amd64.deb",
  ];
  const fetched = await startCommand(["scripts/fetch", ...packages]).finish(60_000);
  assertEquals(fetched.code, 0, fetched.stderr);
  using place = new EmptyRoot({ "/denobpf": await binary() });
  for (const path of packages) {
    const deb = `build/sources/${path.split("/").at(-1)}`;
    assertEquals((await startCommand(["dpkg", "-x", deb, place.folder]).finish()).code, 0);
  }
  await countExecs(place);
});
function isLater(version: string, than: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  const [thanMajor, thanMinor] = than.split(".").map(Number);
  return major > thanMajor || major === thanMajor && minor > thanMinor;
}
