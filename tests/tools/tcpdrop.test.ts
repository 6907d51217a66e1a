import { assert, assertEquals, assertMatch } from "@std/assert";
import { Btf } from "@denobpf/denobpf";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import type { RunningTool } from "../kernel/running_tool.ts";
import {
  common,
  type CsvRow,
  csvRows,
  type DropsRun,
  netnsOf,
  networkCounter,
  runDrops,
  runTcp,
} from "./tcp_workload.ts";

/** Whether the record of the tracepoint has a member: it has got more with time. */
function has(member: string): boolean {
  const btf = Btf.kernel();
  const record = btf.type(btf.find("struct", "trace_event_raw_kfree_skb")!);
  return record.kind === "struct" && record.members.some(({ name }) => name === member);
}

const saysWhy = has("reason");
const saysWhose = has("rx_sk");

/** A reason, where the kernel names one. */
const why = (reason: string) => saysWhy ? reason : "";

/**
 * What a tool shows of a workload in its network, as CSV. A softirq may be at the last packets yet when the
 * workload has ended.
 * @param count how many of the rows that are asked about there will be
 */
async function shown<T>(
  args: readonly string[],
  workload: (tool: RunningTool) => T,
  count: (made: T) => number = () => 0,
  asked: (rows: CsvRow[], made: T) => CsvRow[] = (rows) => rows,
) {
  await using tool = startIsolated("tcpdrop", ["-o", "csv", ...args]);
  await tool.until("\n");
  const netns = netnsOf(tool);
  const rowsIn = (stdout: string) => csvRows(stdout).filter((row) => row.netns === netns);
  const made = workload(tool);
  await tool.until((stdout) => asked(rowsIn(stdout), made).length >= count(made));
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  return { made, rows: rowsIn(stdout) };
}

/** The first packets of connections. */
const syns = (rows: readonly CsvRow[]) => rows.filter(({ flags }) => flags === "SYN");

/** What came to a socket with a filter: the sender's data, and its resets. */
const filtered = (rows: readonly CsvRow[], { port }: DropsRun) =>
  rows.filter(({ dport, function: at }) => dport === `${port}` && /^tcp_v[46]_rcv$/.test(at));

/** What came to a socket that is no more: the resets of the other end. */
const late = (rows: readonly CsvRow[], { port }: DropsRun) =>
  rows.filter(({ sport, flags }) => sport === `${port}` && flags === "RST ACK");

const refuse = (count: number, where: { address?: string; port?: number } = {}) =>
(
  tool: RunningTool,
) => runTcp(tool, "refused", count, where);

for (const [address, ip] of [["127.0.0.1", "4"], ["::1", "6"], ["::ffff:127.0.0.1", "4"]]) {
  kernelTest(`11 connections to a closed port of ${address} are 11 drops`, {}, async () => {
    const { rows, made } = await shown(
      [],
      (tool) => ({
        ...runTcp(tool, "refused", 11, { address }),
        resets: networkCounter(tool, "Tcp", "OutRsts"),
      }),
      () => 11,
      syns,
    );
    assertEquals([syns(rows).length, made.resets], [11, 11]);
    const plain = address.replace("::ffff:", "");
    assertEquals(
      common(syns(rows), "ip", "saddr", "daddr", "dport", "direction", "function", "reason"),
      [ip, plain, plain, `${made.port}`, "in", `tcp_v${ip}_rcv`, why("NO_SOCKET")],
    );
    const none = ["", "", "", "", "", "", "0", "1", "lo", "1", "false"];
    assertEquals(
      common(
        syns(rows),
        ...["pid", "comm", "state", "owner_by", "uid", "cgroup_id"],
        ...["bytes", "segments", "ifname", "ifindex", "mptcp"],
      ),
      none,
    );
    assertEquals(new Set(syns(rows).map(({ sport }) => sport)).size, 11);
    assertEquals(common(syns(rows), "subsystem"), [why("CORE")]);
    assertEquals(Number(syns(rows)[0].code) > 0, saysWhy);
  });

  kernelTest(`what a filter of ${address} drops is of the owner of its socket`, {}, async () => {
    const { rows, made } = await shown(
      [],
      (tool) => runDrops(tool, "filtered", 7, address),
      ({ again }) => 3 * 7 + again,
      (rows, made) => [...filtered(rows, made), ...late(rows, made)],
    );
    const drops = filtered(rows, made);
    assertEquals(drops.length, 2 * 7 + made.again);
    assertEquals(common(drops, "reason", "ip"), [why("SOCKET_FILTER"), ip]);
    assertEquals(
      common(drops, "pid", "comm", "owner_by", "state", "uid"),
      saysWhose
        ? [`${made.listener}`, "drops", "listener", "ESTABLISHED", "0"]
        : ["", "", "", "", ""],
    );
    const data = drops.filter(({ flags }) => flags === "PSH ACK");
    assertEquals(data.length, 7 + made.again);
    assertEquals(common(data, "bytes"), ["1009"]);
    const resets = drops.filter(({ flags }) => flags === "RST ACK");
    assertEquals(resets.length, 7);
    for (const { sport, seq } of resets) {
      const [sent] = data.filter((row) => row.sport === sport);
      assertEquals(Number(seq), (Number(sent.seq) + 1009) % 2 ** 32);
    }
    assertEquals(late(rows, made).length, 7);
    assertEquals(common(late(rows, made), "reason", "pid"), [why("NO_SOCKET"), ""]);
  });
}

kernelTest("what is sent and has no way belongs to who sends it", {}, async () => {
  const { rows, made } = await shown([], (tool) => runDrops(tool, "unsent", 7), () => 7);
  const sent = rows.filter(({ dport, state, direction }) =>
    dport === `${made.port}` && state === "ESTABLISHED" && direction === "out"
  );
  assert(sent.length >= 7);
  assertEquals(new Set(sent.map(({ sport }) => sport)).size, 7);
  assertEquals(
    common(sent, "pid", "comm", "owner_by", "saddr", "daddr", "flags", "seq", "reason"),
    [
      ...[`${made.sender}`, "sender", "connect", "127.0.0.1", "127.0.0.1", "", ""],
      why("IP_OUTNOROUTES"),
    ],
  );
});

kernelTest("what a socket has not read when it is closed is left out", {}, async () => {
  const data = (rows: CsvRow[]) => rows.filter(({ bytes }) => bytes === "1009");
  const { rows } = await shown([], (tool) => runDrops(tool, "unread", 7));
  assertEquals(data(rows), []);
  const all = await shown(["--purged"], (tool) => runDrops(tool, "unread", 7), () => 7, data);
  assertEquals(data(all.rows).length, 7);
  assertEquals(common(data(all.rows), "state", "dport"), ["CLOSE", `${all.made.port}`]);
});

/** A port that nobody has in a network where nothing else is. */
const PORT = 1009;

kernelTest("options choose packets by version, port and network", {}, async () => {
  const refused = refuse(5, { port: PORT });
  for (
    const args of [
      ["-6"],
      ["--netns", "1"],
      ["--netns-id", "1"],
      ["--pid-netns", `${Deno.pid}`],
      ["-L", "1"],
      ["-D", `${PORT}`],
    ]
  ) {
    assertEquals(syns((await shown(args, refused)).rows), [], args.join(" "));
  }
  for (const args of [["-4", "-L", `${PORT}`], ["--ipv4", "--ipv6"]]) {
    const { rows } = await shown(args, refused, () => 5, syns);
    assertEquals(syns(rows).length, 5, args.join(" "));
  }
});

kernelTest("--pid-netns traces the network of a process", {}, async () => {
  await using inside = startIsolated("tcpdrop", ["-o", "csv"]);
  await inside.until("\n");
  await using tool = startTool("tcpdrop", ["-o", "csv", "--pid-netns", `${inside.pid}`]);
  await tool.until("\n");
  runTcp(inside, "refused", 5);
  await tool.until((stdout) => syns(csvRows(stdout)).length >= 5);
  const rows = csvRows((await tool.stop()).stdout);
  assertEquals([syns(rows).length, common(rows, "netns")], [5, [netnsOf(inside)]]);
  const { stderr, code } = await runTool("tcpdrop", ["--pid-netns", "4194304"]);
  assertMatch(stderr, /stat \/proc\/4194304\/ns\/net: /);
  assertEquals(code, 1);
});

kernelTest("targets are those of the socket's owner", {}, async () => {
  await using cgroup = new Cgroup();
  const workload = (tool: RunningTool) => runDrops(tool, "unsent", 3);
  for (const args of [["--comm", "nobody"], ["--cgroup", cgroup.path], ["-p", "1"]]) {
    assertEquals((await shown(args, workload)).rows, [], args.join(" "));
  }
  const { rows, made } = await shown(["--comm", "sender"], workload, () => 3);
  assertEquals(common(rows, "pid", "dport"), [`${made.sender}`, `${made.port}`]);
  assertEquals(new Set(rows.map(({ sport }) => sport)).size, 3);
});

kernelTest("--reason chooses reasons by the names of this kernel", {}, async () => {
  if (!saysWhy) {
    const { stderr, code } = await runTool("tcpdrop", ["--reason", "NO_SOCKET"]);
    assertMatch(stderr, /this kernel names none/);
    assertEquals(code, 69);
    return;
  }
  const workload = (tool: RunningTool) => runDrops(tool, "filtered", 3);
  const { rows, made } = await shown(
    ["--reason", "socket_filter"],
    workload,
    ({ again }) => 2 * 3 + again,
  );
  assertEquals(rows.length, 2 * 3 + made.again);
  assertEquals(common(rows, "reason"), ["SOCKET_FILTER"]);
  const both = await shown(
    ["--reason", `SKB_DROP_REASON_NO_SOCKET,${rows[0].code}`],
    workload,
    ({ again }) => 3 * 3 + again,
  );
  const reasons = both.rows.map(({ reason }) => reason);
  assertEquals(reasons.filter((reason) => reason === "NO_SOCKET").length, 3);
  assertEquals(reasons.length, 3 * 3 + both.made.again);
  const wrong = await runTool("tcpdrop", ["--reason", "BORED"]);
  assertMatch(wrong.stderr, /BORED.* is no reason of this kernel/);
  const many = await runTool("tcpdrop", ["--reason", Array(17).fill(2).join()]);
  assertMatch(many.stderr, /no more than 16/);
  assertEquals([wrong.code, many.code], [64, 64]);
});

/** The table of a tool in a network where the workload is the only one, from the rows of SYNs on. */
async function tableOf(...args: string[]) {
  await using tool = startIsolated("tcpdrop", args, true);
  await tool.until("\n");
  const { port } = runTcp(tool, "refused", 3);
  await tool.until((stdout) => stdout.split("(SYN)").length > 3);
  const [header, ...lines] = (await tool.stop()).stdout.split("\n");
  return { header, lines, port };
}

kernelTest("the columns are those of the Python tool, with the stack below", {}, async () => {
  const { header, lines, port } = await tableOf();
  assertEquals(
    header.trimEnd(),
    "TIME     PID     IP SADDR:SPORT          > DADDR:DPORT          STATE (FLAGS)        " +
      "REASON (CODE)",
  );
  const rows = lines.flatMap((line, at) => line.includes("(SYN)") ? [at] : []);
  assertEquals(rows.length, 3);
  const reason = saysWhy ? "NO_SOCKET \\(\\d+\\)" : "tcp_v4_rcv";
  for (const at of rows) {
    assertMatch(
      lines[at],
      new RegExp(
        `^\\d\\d:\\d\\d:\\d\\d - +4 {2}127\\.0\\.0\\.1:\\d+ +> 127\\.0\\.0\\.1:${port} +- \\(SYN\\) +${reason} *$`,
      ),
    );
    const end = lines.indexOf("", at);
    const stack = lines.slice(at + 1, end);
    assertEquals(stack[0], "        tcp_v4_rcv");
    assert(stack.every((line) => /^ {8}\S+$/.test(line)), stack.join("\n"));
    assertEquals(stack.filter((line) => line.endsWith(" tcp_v4_rcv")).length, 1);
  }
});

kernelTest("--no-stack leaves the stack out", {}, async () => {
  const { lines } = await tableOf("--no-stack");
  const rows = lines.filter((line) => line !== "");
  assert(rows.length >= 3);
  assert(rows.every((line) => /^\d\d:/.test(line)), rows.join("\n"));
  const { rows: without } = await shown(["--no-stack"], refuse(3), () => 3, syns);
  assertEquals(common(without, "kstack"), [""]);
  const { rows: stacks } = await shown([], refuse(3), () => 3, syns);
  assertEquals(syns(stacks).length, 3);
  for (const { kstack } of syns(stacks)) assertMatch(kstack, /^tcp_v4_rcv ip_protocol_deliver_rcu/);
});
