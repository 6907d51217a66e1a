import { assert, assertEquals, assertMatch } from "@std/assert";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import {
  common,
  csvRows,
  netnsOf,
  networkCounter,
  rowsOf,
  runRetransmits,
  runTcp,
  shownOf,
} from "./tcp_workload.ts";
import type { RunningTool } from "../kernel/running_tool.ts";

/** What the kernel has counted in the tool's network. */
function counters(tool: RunningTool) {
  return {
    all: networkCounter(tool, "Tcp", "RetransSegs"),
    probes: networkCounter(tool, "TcpExt", "TCPLossProbes"),
    timeouts: networkCounter(tool, "TcpExt", "TCPTimeouts"),
    fast: networkCounter(tool, "TcpExt", "TCPFastRetrans"),
  };
}

/**
 * Whatever a tool shows of a workload in its network, as CSV. Rows for a remote address are of all networks, so
 * a tool that counts is to leave out the others.
 */
async function shown<T>(args: readonly string[], workload: (tool: RunningTool) => T) {
  await using tool = startIsolated("tcpretrans", ["-o", "csv", ...args], args.includes("-c"));
  await tool.until("\n");
  const netns = netnsOf(tool);
  const made = workload(tool);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  return { made, rows: csvRows(stdout).filter((row) => row.netns === netns) };
}

const kinds = (rows: readonly Readonly<Record<string, string>>[], kind: string) =>
  rows.filter((row) => row.kind === kind);

kernelTest(
  "7 connections have as many retransmissions as the kernel counts, of their process",
  {},
  async () => {
    const { rows, made } = await shown([], (tool) => {
      const lost = runRetransmits(tool, "lost", 7);
      return { ...lost, counted: counters(tool) };
    });
    assertEquals([rows.length, made.sent], [made.counted.all, made.counted.all]);
    assertEquals(kinds(rows, "tlp").length, made.counted.probes);
    assertEquals(kinds(rows, "rto").length, made.counted.timeouts);
    assert(made.counted.timeouts >= 14 && rows.length >= 21);
    assertEquals(
      common(
        rows,
        "pid",
        "comm",
        "owner_by",
        "rport",
        "state",
        "bytes",
        "segments",
        "error",
        "uid",
      ),
      [
        `${made.client}`,
        "retransmits",
        "connect",
        `${made.port}`,
        "ESTABLISHED",
        "1009",
        "1",
        "",
        "0",
      ],
    );
    const connections = Map.groupBy(rows, ({ lport }) => lport);
    assertEquals(connections.size, 7);
    for (const sent of connections.values()) {
      assertEquals(new Set(sent.map(({ seq }) => seq)).size, 1);
      assertEquals(sent.map(({ retransmits }) => Number(retransmits)), sent.map((_, at) => at + 1));
      const timeouts = kinds(sent, "rto");
      assertEquals(timeouts.map(({ attempt }) => Number(attempt)), timeouts.map((_, at) => at + 1));
      assert(sent.every(({ flags, cwnd }) => flags === "PSH ACK" && Number(cwnd) > 0));
    }
  },
);

kernelTest("a gap is filled fast, or by a probe, as the kernel counts", {}, async () => {
  const { rows, made } = await shown([], (tool) => {
    const gap = runRetransmits(tool, "gap", 23);
    return { ...gap, counted: counters(tool) };
  });
  assertEquals([rows.length, made.sent], [made.counted.all, made.counted.all]);
  assertEquals(kinds(rows, "fast").length, made.counted.fast);
  assert(rows.length >= 23);
  assertEquals(common(rows, "pid"), [`${made.client}`]);
});

kernelTest("a SYN belongs to who connects, a SYN-ACK to who listens", {}, async () => {
  const { rows, made } = await shown([], (tool) => {
    const answers = runRetransmits(tool, "syn-ack", 7);
    return { ...answers, counted: counters(tool) };
  });
  assertEquals(rows.length, made.counted.all);
  const syns = kinds(rows, "syn");
  const answers = kinds(rows, "syn-ack");
  assertEquals([syns.length, syns.length + answers.length], [made.sent, rows.length]);
  assertEquals(
    common(syns, "pid", "comm", "owner_by", "state", "rport", "flags", "bytes"),
    [`${made.client}`, "retransmits", "connect", "SYN_SENT", `${made.port}`, "SYN", "1"],
  );
  assertEquals(
    common(answers, "pid", "comm", "owner_by", "state", "lport", "flags", "laddr", "raddr", "ip"),
    [
      `${made.listener}`,
      "listener",
      "listener",
      "NEW_SYN_RECV",
      `${made.port}`,
      "SYN ACK",
      "127.0.0.1",
      "127.0.0.1",
      "4",
    ],
  );
});

kernelTest("-c counts by connection, by process and by remote address", {}, async () => {
  for (const by of ["flow", "process", "remote"] as const) {
    const { rows, made } = await shown(["-c", "--by", by], (tool) => {
      const answers = runRetransmits(tool, "syn-ack", 7);
      return { ...answers, counted: counters(tool) };
    });
    const sum = rows.reduce((sum, { retransmits }) => sum + Number(retransmits), 0);
    assertEquals(sum, made.counted.all);
    assertEquals(rows.length, { flow: 14, process: 2, remote: 1 }[by]);
    if (by === "process") {
      assertEquals(Number(rowsOf(rows, made.client)[0].retransmits), made.sent);
      assert(Number(rows[0].retransmits) >= Number(rows[1].retransmits));
    }
  }
});

kernelTest("options for sockets and targets leave out what is not theirs", {}, async () => {
  await using cgroup = new Cgroup();
  const workload = (tool: RunningTool) => runRetransmits(tool, "syn-ack", 3);
  for (
    const args of [
      ["-6"],
      ["--netns", "1"],
      ["-L", "1"],
      ["-D", "1"],
      ["--cgroup", cgroup.path],
      ["--comm", "nobody"],
    ]
  ) {
    assertEquals((await shown(args, workload)).rows, [], args.join(" "));
  }
  const { rows, made } = await shown(["-4", "--failed", "--comm", "listener"], workload);
  assert(rows.length >= 3);
  assertEquals(common(rows, "pid", "kind", "error"), [`${made.listener}`, "syn-ack", ""]);
});

kernelTest("nothing is shown of connections that lose nothing", {}, async () => {
  const { rows } = await shownOf("tcpretrans", ["--failed"], 0, (tool) => {
    runTcp(tool, "server", 23);
    runTcp(tool, "refused", 7);
  });
  assertEquals(rows, []);
});

/** The table of a tool in a network where the workload is the only one. */
async function tableOf(...args: string[]): Promise<string[]> {
  await using tool = startIsolated("tcpretrans", ["--comm", "retransmits", ...args], true);
  await tool.until("\n");
  runRetransmits(tool, "lost", 1);
  const { stdout } = await tool.stop();
  return stdout.trimEnd().split("\n");
}

kernelTest("the columns are those of the Python tool", {}, async () => {
  const [header, probe, ...timeouts] = await tableOf("-s", "--lossprobe");
  assertEquals(
    header.trimEnd(),
    "TIME     PID     IP LADDR:LPORT          T> RADDR:RPORT          STATE        SEQ",
  );
  const row = (letter: string) =>
    new RegExp(
      `^\\d\\d:\\d\\d:\\d\\d \\d+ +4 {2}127\\.0\\.0\\.1:\\d+ +${letter}> 127\\.0\\.0\\.1:\\d+ +ESTABLISHED {2}\\d+ *$`,
    );
  assertMatch(probe, row("[LR]"));
  assert(timeouts.length >= 2);
  for (const timeout of timeouts) assertMatch(timeout, row("R"));
  const [, ...unmarked] = await tableOf("--sequence");
  for (const line of unmarked) assertMatch(line, row("R"));
});

kernelTest("the columns of -c are those of the Python tool", {}, async () => {
  const [header, row, ...more] = await tableOf("--count");
  assertEquals(
    header.trimEnd(),
    `${"LADDR:LPORT".padEnd(25)} ${"RADDR:RPORT".padEnd(25)} RETRANSMITS`,
  );
  assertMatch(row, /^127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +\d+ *$/);
  assertEquals(more, []);
});
