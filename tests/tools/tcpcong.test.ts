/** tcpcong against a workload that asks the kernel for the state over and over, and against its counters. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Congestion, tcpcong } from "../../tools/tcpcong.ts";
import { bar } from "../../tools/tcpcong/states.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { runCongests, StuckConnections } from "./congests.ts";
import { csvRows, networkCounter, runBeside, runRetransmits } from "./tcp_workload.ts";

const workload = new URL("../../build/tests/congests", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof tcpcong>[0]>;

const now = () => BigInt(Math.round(performance.now() * 1e6));
const netnsHere = () => Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);

/** What each row shows of how long a connection was in all states. */
const lifeOf = ({ open_ns, disorder_ns, recovery_ns, cwr_ns, loss_ns }: Congestion) =>
  [open_ns, disorder_ns, recovery_ns, cwr_ns, loss_ns].reduce<bigint>(
    (sum, time) => sum + BigInt(time!),
    0n,
  );

/** All rows of what happens in a network of its own, which is over when `make` returns. */
async function counted<T>(options: Options, make: () => T) {
  const { trace, made, netns, took } = (() => {
    using _ = new NetworkNamespace();
    const netns = netnsHere();
    const trace = tcpcong({ netns, ...options });
    const begun = now();
    return { trace, made: make(), netns, took: now() - begun };
  })();
  using _ = trace;
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals(trace.losses.map ?? 0n, 0n);
  return { rows, made, netns, took };
}

kernelTest("5 connections are in loss as long as the kernel says so", {}, async () => {
  const { rows, made, netns, took } = await counted({}, () => runCongests(5));
  assertEquals(
    rows.map(({ lport }) => lport!).sort(),
    made.connections.map(({ port }) => port).sort(),
  );
  for (const { port, least, most } of made.connections) {
    const row = rows.find(({ lport }) => lport === port)!;
    const loss = BigInt(row.loss_ns!);
    assert(least <= loss && loss <= most, `${least} <= ${loss} <= ${most}`);
    assert(BigInt(row.open_ns!) > 0n);
    assert(lifeOf(row) <= took, `${lifeOf(row)} of ${took}`);
    // from open to loss and back
    assertEquals([row.changes, row.state, row.closed], [2, "open", true]);
    assertEquals(
      [row.pid, row.comm, row.owner_by, row.uid, row.netns, row.ip, row.mptcp],
      [made.pid, "congests", "connect", 0, netns, 4, false],
    );
    assertEquals([row.laddr, row.raddr, row.rport], ["127.0.0.1", "127.0.0.1", made.port]);
    assert(row.retransmits! >= 1 && row.cwnd! > 0 && row.srtt_us! > 0);
    assertEquals(
      row.algorithm,
      Deno.readTextFileSync("/proc/sys/net/ipv4/tcp_congestion_control").trim(),
    );
  }
});

kernelTest("a state that does not end is in each table", {}, async () => {
  const { stuck, netns } = (() => {
    using _ = new NetworkNamespace();
    return { stuck: new StuckConnections(3), netns: netnsHere() };
  })();
  await using _ = stuck;
  const { connections } = await stuck.made(3);
  const before = now();
  using trace = tcpcong({ netns, interval: 0.05 });
  const begun = now();
  const tables: Congestion[][] = [];
  let ended = before;
  for await (const table of trace.batches()) {
    const rows: Congestion[] = [];
    table.forEach((row) => rows.push(row));
    tables.push(rows);
    if (tables.length === 7) {
      ended = now();
      trace.stop();
    }
  }
  const all = now() - before;
  for (const { port } of connections) {
    const rows = tables.flat().filter(({ lport }) => lport === port);
    assertEquals(rows.length, tables.length);
    assert(
      rows.every(({ changes, state, loss_ns }) =>
        changes === 0 && state === "loss" && BigInt(loss_ns!) > 0n
      ),
    );
    const loss = rows.reduce((sum, { loss_ns }) => sum + BigInt(loss_ns!), 0n);
    assertEquals(rows.reduce((sum, row) => sum + lifeOf(row), 0n), loss);
    assert(ended - begun <= loss && loss <= all, `${ended - begun} <= ${loss} <= ${all}`);
  }
});

kernelTest("connections recover as often as the kernel counts", {}, async () => {
  await using tool = startIsolated("tcpcong", ["-o", "csv"], true);
  await tool.until("\n");
  const { client } = runRetransmits(tool, "gap", 23);
  const counter = (name: string) => networkCounter(tool, "TcpExt", name);
  const recoveries = counter("TCPSackRecovery") + counter("TCPRenoRecovery");
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const rows = csvRows(stdout).filter(({ recovery_ns }) => Number(recovery_ns) > 0);
  assert(recoveries > 0);
  assertEquals(rows.length, recoveries);
  assertEquals(new Set(rows.map(({ pid }) => pid)), new Set([`${client}`]));
});

kernelTest("-d shows how long stays last", {}, async () => {
  for (const microseconds of [false, true]) {
    const { rows, made } = await counted({ dist: true, microseconds }, () => runCongests(5));
    const row = rows.find(({ state }) => state === "loss")!;
    const sum = (name: "least" | "most") =>
      made.connections.reduce((sum, connection) => sum + connection[name], 0n);
    const total = BigInt(row.total_ns!);
    assert(sum("least") <= total && total <= sum("most"), `${total}`);
    assertEquals([row.count, row.unit], [5, microseconds ? "us" : "ms"]);
    assertEquals(row.avg_ns, total / 5n);
    const unit = microseconds ? 1e3 : 1e6;
    for (const ns of [row.min_ns!, row.max_ns!]) {
      assert(row.histogram![Math.floor(Math.log2(Number(ns) / unit))] > 0);
    }
    assertEquals(row.histogram!.reduce((a, b) => a + b), 5);
    // before and behind the loss
    assertEquals(rows.find(({ state }) => state === "open")!.count, 10);
    assertEquals([row.lport, row.loss_ns, row.changes], [undefined, undefined, undefined]);
  }
});

kernelTest("-d shows stays that are not over when the trace ends", {}, async () => {
  const { stuck, netns } = (() => {
    using _ = new NetworkNamespace();
    return { stuck: new StuckConnections(3), netns: netnsHere() };
  })();
  await using _ = stuck;
  await stuck.made(3);
  using trace = tcpcong({ netns, dist: true });
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals(rows.map(({ state, count }) => [state, count]), [["loss", 3]]);
});

for (
  const [title, options, expected] of [
    ["all", {}, ["127.0.0.1 7001", "::1 7003"]],
    ["-4", { ipv4: true }, ["127.0.0.1 7001"]],
    ["-6", { ipv6: true }, ["::1 7003"]],
    ["-R", { remoteport: [[7002, 7003]] }, ["::1 7003"]],
    ["-L", { localport: [[7001], [7003]] }, []],
    ["--comm", { comm: "congests", remoteport: [[7001]] }, ["127.0.0.1 7001"]],
    ["--uid", { uid: 65534 }, []],
    ["--netns", { netns: 1 }, []],
  ] as [string, Options, string[]][]
) {
  kernelTest(`connections of these and of no others: ${title}`, {}, async () => {
    const { rows } = await counted(options, () => {
      runCongests(1, "127.0.0.1", 7001);
      runCongests(1, "::1", 7003);
    });
    assertEquals(rows.map(({ raddr, rport }) => `${raddr} ${rport}`).sort(), expected);
  });
}

kernelTest("the columns are those of the Python tool", {}, async () => {
  const HEADER =
    "LAddrPort             RAddrPort             Open_ms Dod_ms Rcov_ms Cwr_ms  Los_ms Chgs";
  const END = "127\\.0\\.0\\.1/\\d+ +127\\.0\\.0\\.1/7001";
  for (
    const [args, pattern] of [
      [[], new RegExp(`^${HEADER} *\n${END} +\\d+ +0 +0 +0 +[1-9]\\d* +2 *\n$`, "m")],
      [
        ["-u", "-T", "60"],
        new RegExp(`^\\d\\d:\\d\\d:\\d\\d\nLAddrPort .* Open_us Dod_us .* Chgs *\n${END} `, "m"),
      ],
      [
        ["-e", "--bar", "--rows", "1"],
        new RegExp(
          `^\\d+ +congests +${END} .* \\w+ +\\d+ +(\\d+|-) +\\d+ +\\d+ +\\.+L+\\.* *\n$`,
          "m",
        ),
      ],
      [["-d"], /^tcp_congest_state = loss\n +msecs +: count +distribution\n/m],
    ] as const
  ) {
    await using tool = startIsolated("tcpcong", ["-R", "7000-7001", ...args], true);
    await tool.until("end.\n");
    runBeside(tool, workload, "lost", "1", "127.0.0.1", "7001");
    const { stdout, stderr } = await tool.stop();
    assertEquals(stderr, "");
    assert(stdout.startsWith("Tracing tcp congestion control status duration... Hit Ctrl-C"));
    assertMatch(stdout, pattern);
  }
  const { stdout, code } = await runTool("tcpcong", ["0.1", "2"]);
  assertEquals([code, stdout.startsWith("Tracing tcp congestion")], [0, true]);
  assertEquals((await runTool("tcpcong", ["--top"])).code, 64); // it wants a terminal
});

kernelTest("ports that are none are refused", {}, async () => {
  for (const text of ["80x", "70000", "1-2-3", "3000-"]) {
    const { stderr, code } = await runTool("tcpcong", ["-L", text]);
    assertEquals(code, 64);
    assertStringIncludes(stderr, "tcpcong: --localport: ");
  }
});

Deno.test("bars have the parts of all times", () => {
  assertEquals(bar([1n, 0n, 0n, 0n, 1n]), "..........LLLLLLLLLL");
  assertEquals(bar([6n, 1n, 1n, 1n, 1n]), "............ddccrrLL");
  assertEquals(bar([0n, 0n, 0n, 0n, 0n]), "");
});
