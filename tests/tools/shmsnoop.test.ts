/** shmsnoop against a workload that knows its calls, and against strace. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Shm, shmsnoop } from "../../tools/shmsnoop.ts";
import { atFlagNames, commandName, getFlagNames } from "../../tools/shmsnoop/words.ts";
import { counted } from "./counted.ts";
import { kernelTest, startCommand, startTool } from "../kernel/harness.ts";
import { straced } from "./straced.ts";

const workload = new URL("../../build/tests/shm", import.meta.url).pathname;
const isX86 = Deno.build.arch === "x86_64";

/** Bytes of a segment of tests/workloads/shm.c. */
const SIZE = 8193n;

type Options = NonNullable<Parameters<typeof shmsnoop>[0]>;

/** Starts kinds of tests/workloads/shm.c, which wait for the end of their input. */
function startShm(...kinds: string[]): Deno.ChildProcess {
  return new Deno.Command(workload, { args: kinds, stdin: "piped", stdout: "piped" }).spawn();
}

/** What is shown of these kinds. */
async function shmOf(options: Options, ...kinds: string[]): Promise<{ calls: Shm[]; pid: number }> {
  const child = startShm(...kinds);
  using trace = shmsnoop(options);
  await child.stdin.close();
  const { success } = await child.output();
  assert(success);
  trace.stop();
  const calls = (await Array.fromAsync(trace)).filter(({ comm }) => comm === "shm");
  const { ring = 0n, map = 0n } = trace.losses;
  assertEquals([ring, map], [0n, 0n]);
  return { calls, pid: child.pid };
}

const what = ({ call, cmd, error }: Shm) => [call, cmd, error];

kernelTest("each call is shown once, with its error and its command", {}, async () => {
  const { calls, pid } = await shmOf({}, "cycle", "fails", "control");
  assertEquals(counted(calls.filter((call) => call.pid === pid), what), {
    "shmget - -": 23 + 1 + 1,
    "shmat - -": 23,
    "shmdt - -": 23,
    "shmctl IPC_RMID -": 23 + 1 + 1,
    "shmget - EEXIST": 2,
    "shmget - ENOENT": 3,
    "shmat - EINVAL": 2,
    "shmctl IPC_STAT -": 1,
    "shmctl IPC_SET -": 1,
    "shmctl SHM_LOCK -": 1,
    "shmctl SHM_UNLOCK -": 1,
    "shmctl SHM_INFO -": 1,
    "shmctl IPC_INFO -": 1,
    "shmctl 99 EINVAL": 1,
  });
});

kernelTest("a call has what it was passed, and what is to be said of its segment", {}, async () => {
  const { calls: [get, attach, detach, remove], pid } = await shmOf({}, "cycle");
  for (const { pid: of, tid, uid, compat } of [get, attach, detach, remove]) {
    assertEquals([of, tid, uid, compat], [pid, pid, 0, false]);
  }
  assertEquals(
    [get.size_bytes, get.mode, get.flags, get.key, get.ret],
    [SIZE, 0o600, ["IPC_CREAT"], 0, BigInt(get.shmid!)],
  );
  const segment = ({ shmid, shm_size_bytes, nattch, owner, creator_pid }: Shm) => [
    shmid,
    shm_size_bytes,
    nattch,
    owner,
    creator_pid,
  ];
  assertEquals(segment(get), [get.shmid, SIZE, 0n, 0, pid]);
  assertEquals(segment(attach), [get.shmid, SIZE, 1n, 0, pid]);
  const none = undefined;
  assertEquals(segment(detach), [none, none, none, none, none]);
  assertEquals(segment(remove), [get.shmid, none, none, none, none]);
  assertEquals([attach.address, attach.requested_address], [attach.ret, 0n]);
  assertEquals([detach.address, detach.requested_address], [attach.ret, none]);
});

kernelTest("a key of 32 bits is no longer than that, and is the segment's, too", {}, async () => {
  const { calls } = await shmOf({}, "fails");
  const own = calls.filter(({ call }) => call === "shmget");
  assertEquals(calls.filter(({ call }) => call === "shmat").map(({ key }) => key), [
    undefined,
    undefined,
  ]);
  const key = own[0].key!;
  assertEquals(key, (0x90000000 | own[0].pid) >>> 0);
  assertEquals(counted(own, (call) => [call.key, call.error]), {
    [`${key} -`]: 1,
    [`${key} EEXIST`]: 2,
    [`${key + 0x10000000} ENOENT`]: 3,
  });
});

kernelTest("what a segment has is that of its own namespace, among 131 of them", {}, async () => {
  const { calls } = await shmOf({}, "apart", "many");
  const sizes = Array.from({ length: 131 }, (_, at) => BigInt(at + 1));
  for (const [call, cmd] of [["shmget", undefined], ["shmctl", "IPC_STAT"]]) {
    const those = calls.filter((one) => one.call === call && one.cmd === cmd);
    assertEquals(those.map(({ shm_size_bytes }) => shm_size_bytes), sizes);
    assertEquals(those.map(({ shmid }) => shmid), those.map((_, at) => at));
  }
});

kernelTest("processes that attach one segment are counted", {}, async () => {
  const { calls, pid } = await shmOf({}, "attach");
  const those = calls.filter(({ call }) => call === "shmat" || call === "shmctl");
  const first = calls[0].shmid;
  assertEquals(those.map(({ call, nattch, shmid }) => [call, nattch, shmid]), [
    ["shmat", 1n, first],
    ["shmat", 2n, first],
    ["shmat", 3n, first],
    ["shmctl", 1n, first],
  ]);
  const pids = those.map(({ pid }) => pid);
  assertEquals([pids[0], pids[3], new Set(pids).size], [pid, pid, 3]);
  assertEquals(new Set(those.map(({ creator_pid }) => creator_pid)), new Set([pid]));
});

kernelTest("a change of the owner is seen", {}, async () => {
  const { calls } = await shmOf({}, "control");
  const owners = calls.filter(({ cmd }) => cmd === "IPC_STAT" || cmd === "IPC_SET");
  assertEquals(owners.map(({ owner }) => owner), [0, 65534]);
  const { shmid } = calls[0];
  assertEquals(
    calls.map((call) => [call.cmd, call.shmid]).filter(([cmd]) => String(cmd).includes("INFO")),
    [["SHM_INFO", undefined], ["IPC_INFO", undefined]],
  );
  assertEquals(calls.at(-1)!.shmid, shmid);
});

kernelTest("shmsnoop shows what strace shows", {}, async () => {
  const kinds = ["cycle", "fails", "control", "flags"];
  const { calls } = await shmOf({}, ...kinds);
  const args = ["strace", "-f", "-qq", "-e", "trace=/shm", workload, ...kinds];
  const { stderr } = await startCommand(["sh", "-c", 'exec "$@" </dev/null', "sh", ...args])
    .finish(60_000);
  const theirs: Record<string, number> = {};
  for (const line of straced(stderr)) {
    const [, name, given, error = "-"] = /^(\w+)\((.*)\) += (?:0x[\da-f]+|\d+|-1 (\w+))/.exec(
      line,
    )!;
    const words = given.match(/\b(IPC|SHM)_(?!PRIVATE|HUGE_)\w+|0x63/g) ?? [];
    // it has a number for the size of huge pages, and for the command 99
    const key = `${name} ${words.map((word) => word === "0x63" ? "99" : word).join("|")} ${error}`;
    theirs[key] = (theirs[key] ?? 0) + 1;
  }
  const ours = counted(
    calls,
    ({ call, flags, cmd, error }) => [
      call,
      cmd ?? flags.filter((flag) => !flag.startsWith("SHM_HUGE_")).join("|"),
      error,
    ],
  );
  assertEquals(ours, theirs);
});

kernelTest("a size of huge pages is one flag", {}, async () => {
  const { calls } = await shmOf({ failed: true }, "flags");
  assertEquals(calls.length, 5);
  for (const { flags, mode, size_bytes, error } of calls) {
    assertEquals(flags, ["IPC_CREAT", "SHM_HUGETLB", "SHM_NORESERVE", "SHM_HUGE_1GB"]);
    assertEquals([mode, size_bytes, error], [0o600, 0n, "EINVAL"]);
  }
});

kernelTest("-x shows what fails, -n and -p whose calls they are", {}, async () => {
  const { calls: failing } = await shmOf({ failed: true }, "fails", "cycle");
  assertEquals(failing.length, 7);
  const { calls: named } = await shmOf({ name: "hm" }, "cycle");
  assertEquals(named.length, 4 * 23);
  const { calls: others } = await shmOf({ name: "smh" }, "cycle");
  assertEquals(others, []);
  const child = startShm("cycle");
  using trace = shmsnoop({ pid: [child.pid] });
  await Promise.all([shmOf({}, "fails"), child.stdin.close(), child.output()]);
  trace.stop();
  assertEquals((await Array.fromAsync(trace)).length, 4 * 23);
});

kernelTest("-t shows the calls of one thread, and its number", {}, async () => {
  const child = startShm("thread");
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode("\n"));
  const tid = Number((await lines.read()).value);
  await using tool = startTool("shmsnoop", ["-t", String(tid), "-T"]);
  await tool.until("\n");
  await stdin.write(new TextEncoder().encode("\n"));
  await tool.until(/(.*EINVAL.*\n){3}/);
  await child.status;
  await stdin.close().catch(() => {});
  await lines.cancel();
  const { stdout } = await tool.stop();
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertMatch(header, /^TIME\(s\) {7}TID {4}COMM {16}SYS {14}RET ARGs *$/);
  assertEquals(rows.length, 3);
  assertMatch(rows[0], /^0\.0{9} {3}\d/);
  for (const row of rows) {
    assertMatch(
      row,
      /^\d\.\d{9} {3}\d+ +shm {15}SHMAT {11}EINVAL shmid: 0xffffffff, shmaddr: 0x0,/,
    );
    assertEquals(Number(row.split(/ +/)[1]), tid);
  }
});

kernelTest("columns are those of the Python tool, with names for its numbers", {}, async () => {
  const child = startShm("flags", "fails");
  await using tool = startTool("shmsnoop", ["-p", String(child.pid)]);
  await tool.until("\n");
  await child.stdin.close();
  await child.output();
  await tool.until(/IPC_RMID[^]*IPC_RMID.*\n/);
  const { stdout } = await tool.stop();
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(header, "PID    COMM                SYS              RET ARGs");
  const texts = rows.map((row) => row.replace(/^\d+ +shm +/, ""));
  assertEquals(rows.length, 5 + 4 + 2 + 7);
  assertEquals(
    texts[0],
    "SHMGET           EINVAL key: 0x0, size: 0, shmflg: 0x78001b80 " +
      "(IPC_CREAT|SHM_HUGETLB|SHM_NORESERVE|SHM_HUGE_1GB|0600)",
  );
  assertMatch(
    texts[5],
    /^SHMGET +[\da-f]+ key: 0x0, size: 8193, shmflg: 0x300 \(IPC_CREAT\|0400\)$/,
  );
  assertMatch(
    texts[6],
    /^SHMAT +[\da-f]{8,} shmid: 0x[\da-f]+, shmaddr: 0x0, shmflg: 0x3000 \(SHM_RDONLY\|SHM_RND\)$/,
  );
  assertMatch(texts[7], /^SHMDT +0 shmaddr: 0x[\da-f]{8,}$/);
  assertMatch(texts[8], /^SHMCTL +0 shmid: 0x[\da-f]+, cmd: 0 \(IPC_RMID\), buf: 0x[\da-f]+$/);
  assertMatch(
    texts[9],
    /^SHMGET +[\da-f]+ key: 0x9[\da-f]{7}, size: 8193, shmflg: 0x7b6 \(IPC_CREAT\|IPC_EXCL\|0666\)$/,
  );
  assertMatch(texts[12], /^SHMGET +ENOENT key: 0xa[\da-f]{7}, size: 8193, shmflg: 0x0$/);
});

kernelTest("--segment adds columns of the segment, -d ends the trace", {}, async () => {
  await using timed = startTool("shmsnoop", ["-d", "0"]);
  assertEquals((await timed.finish()).code, 0);
  const child = startShm("cycle");
  await using tool = startTool("shmsnoop", ["--segment", "-n", "shm"]);
  await tool.until("\n");
  await child.stdin.close();
  await child.output();
  await tool.until(new RegExp(`(${child.pid}.*\n){${4 * 23}}`));
  const { stdout } = await tool.stop();
  const [header, , row] = stdout.split("\n");
  assertMatch(header, / RET {6}BYTES NATTCH {2}OWNER ARGs$/);
  assertMatch(row, /SHMAT +[\da-f]+ {7}8193 {6}1 {6}0 shmid:/);
});

if (isX86) {
  kernelTest("--compat shows calls of 32-bit programs, those by ipc(2) too", {}, async () => {
    const { calls } = await shmOf({ compat: true }, "compat");
    assertEquals(counted(calls, (call) => [...what(call), call.compat]), {
      "shmget - - true": 5,
      "shmat - - true": 5,
      "shmdt - - true": 5,
      "shmctl IPC_RMID - true": 5,
    });
    for (let at = 0; at < calls.length; at += 4) {
      const [get, attach, detach] = calls.slice(at, at + 4);
      assertEquals([get.size_bytes, get.mode, get.flags], [SIZE, 0o600, ["IPC_CREAT"]]);
      assertEquals([attach.flags, attach.nattch, attach.shmid], [["SHM_RDONLY"], 1n, get.shmid]);
      assert(attach.address! >= 4096n && attach.address! < 1n << 32n);
      assertEquals(detach.address, attach.address);
    }
    const { calls: without } = await shmOf({}, "compat");
    assertEquals(without, []);
    const { calls: both } = await shmOf({ compat: true }, "cycle");
    assertEquals(both.length, 4 * 23);
  });
}

Deno.test("flags and commands without a name are numbers", () => {
  assertEquals(getFlagNames(0o1000 | 0o100000 | 21 << 26), [
    "IPC_CREAT",
    "0100000",
    "SHM_HUGE_2MB",
  ]);
  assertEquals(getFlagNames(0o666 | 16 << 26), ["SHM_HUGE_64KB"]);
  assertEquals(atFlagNames(0o170001), ["SHM_RDONLY", "SHM_RND", "SHM_REMAP", "SHM_EXEC", "01"]);
  assertEquals([commandName(15), commandName(4)], ["SHM_STAT_ANY", "4"]);
});
