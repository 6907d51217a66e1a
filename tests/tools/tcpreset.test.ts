import { assert, assertEquals, assertMatch } from "@std/assert";
import { Btf } from "@denobpf/denobpf";
import { hasAttachKind } from "#lib/objects/features/attach_kinds.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import type { RunningTool } from "../kernel/running_tool.ts";
import {
  ANSWER,
  common,
  type CsvRow,
  netnsOf,
  networkCounter,
  runDrops,
  runTcp,
  shownOf,
} from "./tcp_workload.ts";

/** Whether the kernel says why it sends a reset, and comes to the tracepoint for those without a socket. */
const saysWhy = Btf.kernel().find("enum", "sk_rst_reason") !== undefined;

/** Whether resets without a socket are seen. */
const seesAnswers = saysWhy || hasAttachKind("fentry") || hasAttachKind("kprobe");

const why = (reason: string) => saysWhy ? reason : "";

const sentOf = (rows: readonly CsvRow[]) => rows.filter(({ direction }) => direction === "sent");
const receivedOf = (rows: readonly CsvRow[]) =>
  rows.filter(({ direction }) => direction === "received");

const shown = <T>(args: readonly string[], count: number, workload: (tool: RunningTool) => T) =>
  shownOf("tcpreset", args, count, workload);

for (const [address, ip] of [["127.0.0.1", "4"], ["::1", "6"]]) {
  kernelTest(`11 connections to a closed port of ${address} are reset 11 times`, {}, async () => {
    const count = seesAnswers ? 22 : 11;
    const { rows, made } = await shown([], count, (tool) => ({
      ...runTcp(tool, "refused", 11, { address }),
      resets: networkCounter(tool, "Tcp", "OutRsts"),
    }));
    assertEquals([made.resets, receivedOf(rows).length], [11, 11]);
    assertEquals(
      common(
        receivedOf(rows),
        ...["pid", "comm", "owner_by", "state", "error", "reason", "answered"],
        ...["ip", "laddr", "raddr", "rport", "uid", "duration_ns", "unread_bytes", "unacked_bytes"],
      ),
      [
        ...[`${made.client}`, "tcp", "connect", "SYN_SENT", "ECONNREFUSED", "", ""],
        ...[ip, address, address, `${made.port}`, "0", "", "0", "0"],
      ],
    );
    if (!seesAnswers) return;
    assertEquals(
      common(
        sentOf(rows),
        ...["pid", "comm", "owner_by", "state", "error", "reason", "answered"],
        ...["ip", "laddr", "lport", "raddr", "uid", "unread_bytes", "mptcp"],
      ),
      [
        ...["", "", "", "", "", why("NO_SOCKET"), "SYN"],
        ...[ip, address, `${made.port}`, address, "", "", "false"],
      ],
    );
    const ports = (rows: readonly CsvRow[], end: "lport" | "rport") =>
      rows.map((row) => row[end]).sort();
    assertEquals(ports(sentOf(rows), "rport"), ports(receivedOf(rows), "lport"));
  });
}

kernelTest("a connection that is closed before all is read is reset", {}, async () => {
  const { rows, made } = await shown([], 14, (tool) => runTcp(tool, "unread", 7));
  assertEquals(
    common(
      sentOf(rows),
      ...["pid", "comm", "owner_by", "state", "reason", "answered", "error"],
      ...["rport", "unread_bytes", "unacked_bytes"],
    ),
    [
      ...[`${made.client}`, "tcp", "connect", "ESTABLISHED", why("TCP_ABORT_ON_CLOSE"), "", ""],
      ...[`${made.port}`, `${ANSWER}`, "0"],
    ],
  );
  assertEquals(
    common(receivedOf(rows), "pid", "comm", "state", "error", "lport", "reason", "unread_bytes"),
    [`${made.server}`, "tcp-server", "ESTABLISHED", "ECONNRESET", `${made.port}`, "", "0"],
  );
  assertEquals([sentOf(rows).length, receivedOf(rows).length], [7, 7]);
  for (const { duration_ns } of rows) assert(Number(duration_ns) > 0);
});

kernelTest("a process that does not linger resets, and what it has sent is lost", {}, async () => {
  const { rows, made } = await shown(["--direction", "sent"], 14, (tool) => ({
    ...runDrops(tool, "unsent", 7),
    resets: networkCounter(tool, "Tcp", "OutRsts"),
  }));
  assertEquals(made.resets, 14);
  for (const [pid, comm, unacked] of [[made.sender, "sender", 1009], [made.listener, "drops", 0]]) {
    const own = rows.filter((row) => row.pid === `${pid}`);
    assertEquals(own.length, 7);
    assertEquals(
      common(own, "comm", "state", "reason", "unacked_bytes", "unread_bytes", "direction"),
      [`${comm}`, "ESTABLISHED", why("TCP_STATE"), `${unacked}`, "0", "sent"],
    );
  }
});

kernelTest("a reset after the end of the other side is a broken pipe", {}, async () => {
  const { rows, made } = await shown([], 14, (tool) => runTcp(tool, "half", 7));
  assertEquals(common(sentOf(rows), "pid", "unread_bytes", "unacked_bytes"), [
    `${made.client}`,
    "0",
    "0",
  ]);
  for (const { state } of sentOf(rows)) assertMatch(state, /^FIN_WAIT[12]$/);
  assertEquals(common(receivedOf(rows), "pid", "state", "error", "unread_bytes"), [
    `${made.server}`,
    "CLOSE_WAIT",
    "EPIPE",
    "0",
  ]);
});

kernelTest("options choose by direction, version, port, network and process", {}, async () => {
  await using cgroup = new Cgroup();
  const workload = (tool: RunningTool) => runTcp(tool, "reset", 3, { port: 1009 });
  for (
    const args of [
      ["-6"],
      ["--netns", "1"],
      ["-L", "1"],
      ["-D", "1"],
      ["--cgroup", cgroup.path],
      ["--comm", "nobody"],
      ["-p", "1"],
    ]
  ) {
    assertEquals((await shown(args, 0, workload)).rows, [], args.join(" "));
  }
  for (
    const [args, count] of [
      [["-4"], 6],
      [["-L", "1009"], 3],
      [["-D", "1009"], 3],
      [["--comm", "tcp-server"], 3],
      [["--direction", "received"], 3],
      [["--direction", "sent", "--comm", "tcp-server"], 0],
    ] as const
  ) {
    assertEquals((await shown(args, count, workload)).rows.length, count, args.join(" "));
  }
});

kernelTest("connections that end as they should are not shown", {}, async () => {
  const { rows } = await shown([], 0, (tool) => {
    runTcp(tool, "server", 23);
    runTcp(tool, "client", 7);
  });
  assertEquals(rows, []);
});

/** The table of a tool in a network where the workload is the only one. */
async function tableOf(count: number, ...args: string[]) {
  await using tool = startIsolated("tcpreset", args, true);
  await tool.until("\n");
  const made = runTcp(tool, "reset", 3);
  await tool.until((stdout) => stdout.split("127.0.0.1:").length > 2 * count);
  const { stdout } = await tool.stop();
  const [header, ...lines] = stdout.trimEnd().split("\n");
  return { header, lines, made };
}

kernelTest("a row has both ends and an arrow between them", {}, async () => {
  const { header, lines, made } = await tableOf(6);
  assertEquals(
    header.trimEnd(),
    "PID     COMM         LADDR:LPORT          <> RADDR:RPORT          REASON",
  );
  const reason = saysWhy ? "TCP_STATE" : "ESTABLISHED";
  const end = "127\\.0\\.0\\.1";
  const sent = new RegExp(
    `^${made.client} +tcp +${end}:\\d+ +-> ${end}:${made.port} +${reason} *$`,
  );
  const received = new RegExp(
    `^${made.server} +tcp-server +${end}:${made.port} +<- ${end}:\\d+ +ECONNRESET *$`,
  );
  assertEquals(lines.filter((line) => sent.test(line)).length, 3, lines.join("\n"));
  assertEquals(lines.filter((line) => received.test(line)).length, 3, lines.join("\n"));
});

kernelTest("-t has the time, -K the functions that led to it", {}, async () => {
  const { header, lines } = await tableOf(3, "-t", "-K", "--direction", "sent");
  assertMatch(header, /^TIME +PID /);
  const rows = lines.flatMap((line, at) => /^\d\d:\d\d:\d\d \d+ /.test(line) ? [at] : []);
  assertEquals(rows.length, 3);
  for (const at of rows) {
    assertMatch(lines[at + 1], /tcp_send_active_reset$/);
    assertMatch(lines[at + 2], /^ {8}\w*tcp_\w+$/);
  }
  const long = await tableOf(3, "--timestamp", "--stack", "--direction", "sent");
  assertEquals(long.header, header);
});

kernelTest("a reset belongs to its network", {}, async () => {
  await using other = startIsolated("tcpreset", ["-o", "csv"], true);
  await other.until("\n");
  const { rows } = await shown(["--netns", netnsOf(other)], 0, (tool) => {
    runTcp(tool, "reset", 3);
  });
  assertEquals(rows, []);
});
