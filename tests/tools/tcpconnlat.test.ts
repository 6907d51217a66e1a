import { assert, assertEquals, assertMatch } from "@std/assert";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import {
  common,
  type CsvRow,
  csvRows,
  netnsOf,
  rowsOf,
  runBeside,
  runConnects,
  runRetransmits,
  runTcp,
  shownOf,
} from "./tcp_workload.ts";

const latencies = (rows: readonly CsvRow[]) => rows.map((row) => BigInt(row.latency_ns));

kernelTest(
  "23 connections took no longer than the process that made them, refused ones are left out",
  {},
  async () => {
    const { rows, made } = await shownOf("tcpconnlat", [], 23, (tool) => {
      runTcp(tool, "refused", 7);
      const begin = performance.now();
      const made = runTcp(tool, "server", 23);
      return { ...made, tookNs: BigInt(Math.ceil((performance.now() - begin) * 1e6)) };
    });
    const own = rowsOf(rows, made.client);
    assertEquals(own.length, 23);
    assertEquals(
      common(own, "comm", "result", "error", "ip", "rport", "syn_retransmits"),
      ["tcp", "established", "", "4", `${made.port}`, "0"],
    );
    assert(latencies(own).every((ns) => ns > 0n));
    assert(latencies(own).reduce((sum, ns) => sum + ns) < made.tookNs);
  },
);

kernelTest(
  "MIN_MS leaves out what was faster, and not what waited for a second SYN",
  {},
  async () => {
    const { rows, made } = await shownOf("tcpconnlat", ["900"], 7, (tool) => {
      runTcp(tool, "server", 13);
      return runRetransmits(tool, "late", 7);
    });
    assertEquals(common(rows, "pid", "result"), [`${made.client}`, "established"]);
    assert(latencies(rows).every((ns) => ns >= 900_000_000n));
    const resent = rows.reduce((sum, row) => sum + Number(row.syn_retransmits), 0);
    assertEquals(resent, made.sent);
  },
);

kernelTest("--failed adds attempts that were refused, timed out or had no route", {}, async () => {
  const { rows, made } = await shownOf("tcpconnlat", ["--failed"], 13 + 7 + 4 + 6, (tool) => ({
    good: runTcp(tool, "server", 13),
    refused: runTcp(tool, "refused", 7),
    timeout: runConnects(tool, "timeout", 3),
    unreachable: runConnects(tool, "no-route", 5),
  }));
  const refused = rowsOf(rows, made.refused.client);
  assertEquals(common(refused, "result", "error"), ["refused", "ECONNREFUSED"]);
  const [first, ...timeouts] = rowsOf(rows, made.timeout.client);
  assertEquals([refused.length, first.result, timeouts.length], [7, "established", 3]);
  assertEquals(common(timeouts, "result", "error"), ["timeout", "ETIMEDOUT"]);
  assert(latencies(timeouts).every((ns) => ns > 1_000_000_000n));
  const unreachable = rowsOf(rows, made.unreachable.client).slice(1);
  assertEquals(
    common(unreachable, "result", "error", "latency_ns"),
    ["unreachable", "ENETUNREACH", ""],
  );
});

kernelTest("with MIN_MS, --failed leaves out attempts that failed sooner", {}, async () => {
  const { rows, made } = await shownOf("tcpconnlat", ["--failed", "900"], 3, (tool) => {
    runTcp(tool, "refused", 7);
    runConnects(tool, "no-route", 5);
    return runConnects(tool, "timeout", 3);
  });
  assertEquals(common(rows, "pid", "result"), [`${made.client}`, "timeout"]);
});

const ephemeral = Array.from({ length: 101 }, (_, at) => 40_000 + at).join(",");
for (
  const [title, options, expected] of [
    ["-D", ["-D", "7007,7008"], ["v4"]],
    ["--localport", ["--localport", ephemeral], ["v4", "v6"]],
    ["-4", ["-4"], ["v4"]],
    ["-6", ["-6"], ["v6"]],
    ["--comm", ["--comm", "tcp"], ["v4", "v6"]],
  ] as const
) {
  kernelTest(`tcpconnlat ${title} shows these connections and no others`, {}, async () => {
    const { rows, made } = await shownOf("tcpconnlat", options, 7 * expected.length, (tool) => {
      const range = "/proc/sys/net/ipv4/ip_local_port_range";
      const narrow = (ports: string) => runBeside(tool, "sh", "-c", `echo "${ports}" > ${range}`);
      if (title !== "-4") {
        narrow("50000 50100");
        runConnects(tool, "asked", 3);
      }
      narrow("40000 40100");
      const v6 = runTcp(tool, "client", 7, { address: "::1", port: 7009 });
      return { v6, v4: runTcp(tool, "client", 7, { address: "::ffff:127.0.0.1", port: 7007 }) };
    });
    for (const who of expected) assertEquals(rowsOf(rows, made[who].client).length, 7, who);
  });
}

kernelTest("--netns and --uid leave out what is not theirs", {}, async () => {
  for (const options of [["--netns", "1"], ["--uid", "65534"]]) {
    const { rows } = await shownOf("tcpconnlat", ["--failed", ...options], 0, (tool) => {
      runTcp(tool, "server", 3);
      runConnects(tool, "no-route", 3);
    });
    assertEquals(rows, []);
  }
});

kernelTest("--hist adds up connections, by remote address with --by", {}, async () => {
  for (const by of ["all", "raddr"]) {
    await using tool = startIsolated("tcpconnlat", ["--hist", "--by", by, "--failed", "-o", "csv"]);
    await tool.until("\n");
    const netns = netnsOf(tool);
    runTcp(tool, "server", 13);
    runTcp(tool, "client", 7, { address: "::1" });
    runTcp(tool, "refused", 5);
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    const rows = csvRows(stdout).filter((row) => row.netns === netns);
    for (const { connects, histogram, min_ns, avg_ns, max_ns, total_ns } of rows) {
      const counted = histogram.split(" ").reduce((sum, count) => sum + Number(count), 0);
      assertEquals(counted, Number(connects));
      assertEquals(BigInt(avg_ns), BigInt(total_ns) / BigInt(connects));
      assert(0n < BigInt(min_ns) && BigInt(min_ns) <= BigInt(avg_ns));
      assert(BigInt(avg_ns) <= BigInt(max_ns));
      const slowest = histogram.split(" ").length - 1;
      assertEquals(slowest, Math.floor(Math.log2(Math.max(Number(max_ns) / 1000, 1))));
    }
    if (by === "all") {
      assertEquals(rows.map(({ connects, failures }) => [connects, failures]), [["20", "5"]]);
    } else {
      assertEquals(
        rows.map(({ raddr, connects, failures }) => [raddr, connects, failures]),
        [["127.0.0.1", "13", "5"], ["::1", "7", "0"]],
      );
    }
  }
});

kernelTest("the histogram is drawn below its row", {}, async () => {
  await using tool = startIsolated("tcpconnlat", ["--hist", "--by", "raddr", "-D", "7023"]);
  await tool.until("\n");
  runTcp(tool, "client", 7, { port: 7023 });
  const { stdout } = await tool.stop();
  const [header, row, unit, ...bars] = stdout.trimEnd().split("\n");
  assertMatch(header, /^DADDR {12}CONNECTS {6}AVG\(ms\) {6}MAX\(ms\) *$/);
  assertMatch(row, /^127\.0\.0\.1 {15}7 +\d+\.\d{3} +\d+\.\d{3} *$/);
  assertEquals(unit, "     usecs               : count    distribution");
  const counts = bars.map((bar) => Number(/ : (\d+) +\|\**/.exec(bar)?.[1]));
  assertEquals(counts.reduce((sum, count) => sum + count), 7);
});

kernelTest("the columns are those of the C tool, with -t and -L", {}, async () => {
  await using tool = startIsolated("tcpconnlat", ["-t", "-L", "-D", "7019"]);
  await tool.until("\n");
  runTcp(tool, "client", 2, { port: 7019 });
  await tool.until(/( 7019 [^]*){2}\n$/);
  const { stdout } = await tool.stop();
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(
    header,
    "TIME(s)   PID    COMM         IP SADDR            LPORT  DADDR            DPORT LAT(ms)",
  );
  const times = rows.map((row) => {
    assertMatch(
      row,
      /^\d+\.\d{3} +\d+ +tcp {10}4 {2}127\.0\.0\.1 {8}\d+ +127\.0\.0\.1 {8}7019 {2}\d+\.\d\d *$/,
    );
    return Number(row.split(" ")[0]);
  });
  assertEquals([times.length, times[0]], [2, 0]);
});

kernelTest("a MIN_MS that is no time is refused", {}, async () => {
  for (const [words, named] of [[["abc"], /MIN_MS.*abc/], [["--", "-1"], /MIN_MS.*-1/]] as const) {
    await using tool = startTool("tcpconnlat", words);
    const { stderr, code } = await tool.finish();
    assertEquals(code, 64);
    assertMatch(stderr, named);
  }
});
