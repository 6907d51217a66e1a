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
  runBeside,
  runConnects,
  runTcp,
  shownOf,
} from "./tcp_workload.ts";

const connects = new URL("../../build/tests/connects", import.meta.url).pathname;

/** How many rows there are of each value of a field. */
function tally(rows: readonly Readonly<Record<string, string>>[], field: string) {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[row[field]] = (counts[row[field]] ?? 0) + 1;
  return counts;
}

kernelTest(
  "13 good, 7 refused and 3 unanswered attempts have their process and end",
  {},
  async () => {
    const { rows, made } = await shownOf("tcpconnect", [], 24, (tool) => ({
      good: runTcp(tool, "server", 13),
      refused: runTcp(tool, "refused", 7),
      timeout: runConnects(tool, "timeout", 3),
      retransmits: networkCounter(tool, "TcpExt", "TCPSynRetrans"),
    }));
    const good = rowsOf(rows, made.good.client);
    const refused = rowsOf(rows, made.refused.client);
    const [first, ...timeouts] = rowsOf(rows, made.timeout.client);
    assertEquals([good.length, refused.length, timeouts.length], [13, 7, 3]);
    assertEquals(first.result, "established");
    const fields = ["comm", "result", "error", "ip", "uid", "rport", "fastopen", "mptcp"];
    const rest = (port: number) => ["4", "0", `${port}`, "false", "false"];
    assertEquals(common(good, ...fields), ["tcp", "established", "", ...rest(made.good.port)]);
    assertEquals(
      common(refused, ...fields),
      ["tcp", "refused", "ECONNREFUSED", ...rest(made.refused.port)],
    );
    assertEquals(
      common(timeouts, ...fields),
      ["connects", "timeout", "ETIMEDOUT", ...rest(made.timeout.port)],
    );
    for (const { tid, pid, latency_ns, lport } of rows) {
      assertEquals(tid, pid);
      assert(Number(lport) > 0 && BigInt(latency_ns) > 0n);
    }
    const retransmits = rows.reduce((sum, row) => sum + Number(row.syn_retransmits), 0);
    assertEquals(retransmits, made.retransmits);
    for (const { latency_ns, syn_retransmits } of timeouts) {
      assert(BigInt(latency_ns) > 1_000_000_000n && Number(syn_retransmits) > 0);
    }
  },
);

for (
  const [kind, result, error] of [
    ["closed", "closed", ""],
    ["dropped", "closed", ""],
    ["no-port", "failed", "EADDRNOTAVAIL"],
    ["asked", "refused", "ECONNREFUSED"],
  ] as const
) {
  kernelTest(`each of 7 attempts has one row: ${kind}`, {}, async () => {
    const good = { closed: 1, dropped: 1, "no-port": 2, asked: 0 }[kind];
    const { rows, made } = await shownOf(
      "tcpconnect",
      [],
      good + 7,
      (tool) => runConnects(tool, kind, 7),
    );
    assertEquals(common(rows, "pid", "rport"), [`${made.client}`, `${made.port}`]);
    const failed = rows.filter((row) => row.result !== "established");
    assertEquals([failed.length, ...common(failed, "result", "error")], [7, result, error]);
  });
}

kernelTest("attempts without a route are shown with their address and errno", {}, async () => {
  const { rows, made } = await shownOf(
    "tcpconnect",
    ["--result"],
    8,
    (tool) => runConnects(tool, "no-route", 7),
  );
  const failed = rows.filter((row) => row.result !== "established");
  assertEquals(
    common(failed, "pid", "result", "error", "latency_ns", "lport", "rport"),
    [`${made.client}`, "unreachable", "ENETUNREACH", "", "", "1009"],
  );
  assertEquals(tally(failed, "raddr"), { "192.0.2.23": 5, "2001:db8::17": 2 });
  assertEquals(tally(failed, "ip"), { 4: 5, 6: 2 });
});

kernelTest("a mapped address of an IPv6 socket is IPv4, and is shown once", {}, async () => {
  const { rows } = await shownOf("tcpconnect", ["-4"], 7, (tool) => {
    runTcp(tool, "client", 3, { address: "::1" });
    return runTcp(tool, "client", 7, { address: "::ffff:127.0.0.1" });
  });
  assertEquals(common(rows, "ip", "laddr", "raddr"), ["4", "127.0.0.1", "127.0.0.1"]);
});

const ephemeral = Array.from({ length: 101 }, (_, at) => 40_000 + at).join(",");
for (
  const [title, options, expected] of [
    ["-P", ["-P", "7007,7008"], ["v4"]],
    ["-L", ["-L", ephemeral], ["v4", "v6"]],
    ["-6", ["-6"], ["v6"]],
    ["--comm", ["--comm", "tcp"], ["v4", "v6"]],
  ] as const
) {
  kernelTest(`tcpconnect ${title} shows these attempts and no others`, {}, async () => {
    const { rows, made } = await shownOf("tcpconnect", options, 7 * expected.length, (tool) => {
      const range = "/proc/sys/net/ipv4/ip_local_port_range";
      const narrow = (ports: string) => runBeside(tool, "sh", "-c", `echo "${ports}" > ${range}`);
      narrow("50000 50100");
      runConnects(tool, "closed", 3);
      narrow("40000 40100");
      const v6 = runTcp(tool, "client", 7, { address: "::1", port: 7009 });
      return { v6, v4: runTcp(tool, "client", 7, { port: 7007 }) };
    });
    for (const who of expected) assertEquals(rowsOf(rows, made[who].client).length, 7, who);
  });
}

kernelTest("--netns and --uid leave out what is not theirs", {}, async () => {
  const others = await shownOf("tcpconnect", ["--netns", "1"], 0, (tool) => {
    runTcp(tool, "server", 3);
  });
  assertEquals(others.rows, []);
  const nobody = await shownOf("tcpconnect", ["--uid", "65534"], 0, (tool) => {
    runTcp(tool, "server", 3);
    runConnects(tool, "no-route", 3);
  });
  assertEquals(nobody.rows, []);
});

kernelTest("tcpconnect --cgroup shows the attempts of a cgroup alone", {}, async () => {
  await using cgroup = new Cgroup();
  const { rows } = await shownOf("tcpconnect", ["--cgroup", cgroup.path], 8, (tool) => {
    runTcp(tool, "refused", 3);
    runBeside(tool, ...cgroup.command(connects, "no-route", "7"));
  });
  assertEquals(tally(rows, "result"), { established: 1, unreachable: 7 });
});

kernelTest("-c counts attempts by their two ends, the most frequent first", {}, async () => {
  for (const by_port of [false, true]) {
    await using tool = startIsolated("tcpconnect", ["-o", "csv", by_port ? "-cs" : "-c"]);
    await tool.until("\n");
    const netns = netnsOf(tool);
    const refused = runTcp(tool, "refused", 7);
    const good = runTcp(tool, "server", 13);
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    const rows = csvRows(stdout).filter((row) => row.netns === netns);
    const counts = rows.map((row) => [row.rport, row.connects, row.failures, row.lport !== ""]);
    if (by_port) {
      assertEquals(rows.length, 20);
      assertEquals(new Set(rows.map(({ lport }) => lport)).size, 20);
      assertEquals(common(rows, "connects"), ["1"]);
    } else {
      assertEquals(counts, [
        [`${good.port}`, "13", "0", false],
        [`${refused.port}`, "7", "7", false],
      ]);
    }
  }
});

kernelTest("--started shows attempts at once, also those that nobody answers", {}, async () => {
  const { rows, made } = await shownOf("tcpconnect", ["--started"], 8, (tool) => {
    return runConnects(tool, "closed", 7);
  });
  assertEquals(
    common(rows, "pid", "result", "error", "latency_ns", "lport", "rport"),
    [`${made.client}`, "started", "", "", "", `${made.port}`],
  );
});

kernelTest("tcpconnect counts what strace counts", {}, async () => {
  let traced = "";
  const { rows } = await shownOf("tcpconnect", [], 7 + 8 + 5, (tool) => {
    runBeside(tool, "ip", "link", "set", "lo", "up");
    for (const [kind, count] of [["asked", 7], ["no-route", 7], ["no-port", 3]] as const) {
      const strace = `strace -f -qq -e trace=connect ${connects} ${kind} ${count}`;
      traced += runBeside(tool, "sh", "-c", `${strace} 2>&1 >/dev/null`);
    }
  });
  const calls = (error: string) => traced.match(new RegExp(`= -1 ${error}\\b`, "g"))?.length ?? 0;
  const good = traced.match(/\) += 0$/gm)?.length ?? 0;
  assertEquals(tally(rows, "error"), {
    "": good,
    ECONNREFUSED: calls("ECONNREFUSED"),
    ENETUNREACH: calls("ENETUNREACH"),
    EADDRNOTAVAIL: calls("EADDRNOTAVAIL"),
  });
});

kernelTest("the columns are those of the C tool, with -t, -U and -s", {}, async () => {
  await using tool = startIsolated("tcpconnect", ["-t", "-U", "-s", "-P", "7019"]);
  await tool.until("\n");
  runTcp(tool, "client", 2, { port: 7019 });
  await tool.until(/( 7019 *\n[^]*){2}/);
  const { stdout } = await tool.stop();
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(
    header,
    "TIME(s)   UID    PID    COMM             IP SADDR            DADDR            SPORT DPORT",
  );
  const times = rows.map((row) => {
    assertMatch(
      row,
      /^\d+\.\d{3} +0 {6}\d+ +tcp {14}4 {2}127\.0\.0\.1 {8}127\.0\.0\.1 {8}\d+ +7019 *$/,
    );
    return Number(row.split(" ")[0]);
  });
  assertEquals([times.length, times[0]], [2, 0]);
});

kernelTest("the columns of -c are those of the C tool, and the failures", {}, async () => {
  await using tool = startIsolated("tcpconnect", ["--count", "--source-port", "-P", "7021"]);
  await tool.until("\n");
  runTcp(tool, "refused", 1, { port: 7021 });
  const { stdout } = await tool.stop();
  const [header, row] = stdout.split("\n");
  assertEquals(
    header,
    `${"LADDR".padEnd(25)} ${"RADDR".padEnd(25)} ${"LPORT".padEnd(20)} ${"RPORT".padEnd(20)} ` +
      "CONNECTS   FAILURES",
  );
  assertMatch(row, /^127\.0\.0\.1 {17}127\.0\.0\.1 {17}\d+ +7021 {17}1 {10}1 *$/);
});
