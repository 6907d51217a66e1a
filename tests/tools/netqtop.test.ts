/** netqtop against what network devices count themselves. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import type { RunningTool } from "../kernel/running_tool.ts";
import {
  type CsvRow,
  csvRows,
  netnsOf,
  networkCounter,
  runBeside,
  runDatagrams,
} from "./tcp_workload.ts";

/** What a tool counts of a workload in its network, as CSV, all in one table. */
async function counted<T>(args: readonly string[], workload: (tool: RunningTool) => T) {
  await using tool = startIsolated("netqtop", ["-o", "csv", "-i", "0", ...args]);
  await tool.until("\n");
  const netns = netnsOf(tool);
  const made = workload(tool);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  return { made, rows: csvRows(stdout).filter((row) => row.netns === netns) };
}

const sum = (rows: readonly CsvRow[], name: string) =>
  rows.reduce((sum, row) => sum + Number(row[name]), 0);

const going = (rows: readonly CsvRow[], direction: string) =>
  rows.filter((row) => row.direction === direction);

/** What a device has counted itself. */
function statistics(tool: RunningTool, device: string): Record<"rx" | "tx", CsvRow> {
  return JSON.parse(runBeside(tool, "ip", "-s", "-j", "link", "show", device))[0].stats64;
}

/** Waits until the network has received this many, by a counter: a softirq may be at them yet. */
function untilReceived(tool: RunningTool, protocol: string, name: string, count: number): void {
  while (networkCounter(tool, protocol, name) < count);
}

/** Sends 23 datagrams of 101 bytes over lo. */
function overLo(tool: RunningTool) {
  runDatagrams(tool, "unread", 23, 44_007);
  return statistics(tool, "lo");
}

kernelTest("23 datagrams are sent and received, with and without the header", {}, async () => {
  const { rows, made } = await counted(["-n", "lo"], overLo);
  assertEquals(rows.length, 2);
  // of IP and of UDP, and of Ethernet
  const [bytes, link_bytes] = [101 + 20 + 8, 101 + 20 + 8 + 14];
  for (const [direction, row] of rows.map((row) => [row.direction, row] as const)) {
    assertEquals(
      ["ifname", "ifindex", "queue", "cpu", "packets", "segments"].map((name) => row[name]),
      ["lo", "1", "0", "", "23", "23"],
    );
    assertEquals(["bytes", "link_bytes"].map((name) => Number(row[name])), [
      23 * bytes,
      23 * link_bytes,
    ]);
    assertEquals(Number(row.avg_size), link_bytes);
    const { packets, bytes: counted } = made[direction as "rx" | "tx"];
    assertEquals([row.packets, row.bytes], [`${packets}`, `${counted}`]);
    assertEquals(
      ["below_64", "below_512", "below_2k", "below_16k", "below_64k", "above"]
        .map((name) => row[name]),
      ["0", "23", "0", "0", "0", "0"],
    );
    assert(Number(row.packets_per_second) > 0);
    const ratio = Number(row.bytes_per_second) / Number(row.packets_per_second);
    assertEquals(Math.round(ratio), link_bytes);
  }
  assertEquals(rows.map(({ direction }) => direction).sort(), ["rx", "tx"]);
});

kernelTest("a packet is of the class of its size", {}, async () => {
  const { rows } = await counted(["--name", "lo"], (tool) => {
    runBeside(tool, "ip", "link", "set", "lo", "up");
    // To all and nobody, which nobody answers: a datagram for each dd.
    runBeside(tool, "ip", "route", "add", "239.0.0.0/8", "dev", "lo");
    const send = "dd if=/dev/zero count=1 status=none bs=$size >/dev/udp/239.1.1.1/9";
    runBeside(tool, "bash", "-c", `for size in 1 101 1009 4001 20011; do ${send}; done`);
    untilReceived(tool, "IpExt", "InMcastPkts", 5);
  });
  for (const row of rows) {
    assertEquals(
      ["below_64", "below_512", "below_2k", "below_16k", "below_64k", "above", "packets"]
        .map((name) => row[name]),
      ["1", "1", "1", "1", "1", "0", "5"],
    );
  }
  assertEquals(rows.length, 2);
});

kernelTest("each queue of a device has a row", { needs: ["veth"] }, async () => {
  const { rows, made } = await counted([], (tool) => {
    const ip = (command: string) => runBeside(tool, "ip", ...command.split(" "));
    runBeside(tool, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
    ip("link add v0 numtxqueues 4 numrxqueues 4 type veth peer v1 numtxqueues 4 numrxqueues 4");
    ip("link set v1 up");
    ip("link set v0 up");
    ip("address add 10.9.0.1/24 dev v0");
    const { address } = JSON.parse(ip("-j link show v1"))[0];
    ip(`neighbour add 10.9.0.2 lladdr ${address} dev v0`);
    const send = "for port in $(seq 44001 44101); do printf prime >/dev/udp/10.9.0.2/$port; done";
    runBeside(tool, "bash", "-c", send);
    untilReceived(tool, "Ip", "InReceives", 101);
    return { sent: statistics(tool, "v0").tx, received: statistics(tool, "v1").rx };
  });
  const sent = going(rows, "tx").filter(({ ifname }) => ifname === "v0");
  const received = going(rows, "rx").filter(({ ifname }) => ifname === "v1");
  for (const [queues, device] of [[sent, made.sent], [received, made.received]] as const) {
    assertEquals([sum(queues, "packets"), sum(queues, "link_bytes")], [
      Number(device.packets),
      Number(device.bytes),
    ]);
  }
  assert(sum(sent, "packets") >= 101);
  // Whose queue a datagram is, its ports decide: all of one would be a chance of 4 to the power of 100.
  const queues = sent.map(({ queue }) => Number(queue));
  assertEquals(new Set(queues).size, queues.length);
  assert(queues.length > 1 && queues.every((queue) => queue < 4), queues.join());
});

kernelTest("options choose by device and network, and count by CPU", {}, async () => {
  assertEquals((await counted(["-n", "nobody"], overLo)).rows, []);
  assertEquals((await counted(["--netns", "1"], overLo)).rows, []);
  const { rows } = await counted(["-n", "lo", "--by-cpu"], overLo);
  for (const direction of ["rx", "tx"]) {
    const cpus = going(rows, direction);
    assertEquals(sum(cpus, "packets"), 23);
    assertEquals(new Set(cpus.map(({ cpu }) => cpu)).size, cpus.length);
    assert(cpus.every(({ cpu }) => cpu !== ""));
  }
  const wrong = await runTool("netqtop", ["-n", "a-name-that-is-too-long"]);
  assertMatch(wrong.stderr, /a device has a name of 1 to 15 bytes/);
  const top = await runTool("netqtop", ["--top"]);
  assertMatch(top.stderr, /terminal/);
  assertEquals([wrong.code, top.code], [64, 64]);
});

kernelTest("tables come at intervals, with rates if asked", {}, async () => {
  const shown = async (...args: string[]) => {
    await using tool = startIsolated("netqtop", ["-n", "lo", "--interval", "0.2", ...args], true);
    await tool.until("\n");
    runDatagrams(tool, "unread", 1, 44_007);
    await tool.until(/^lo +rx[^]*^lo +tx|^lo +tx[^]*^lo +rx/m);
    return (await tool.stop()).stdout.split("\n");
  };
  const header =
    "DEVICE   DIR QUEUE  PACKETS AVG_SIZE     [0,64)   [64,512)   [512,2K)   [2K,16K)  " +
    "[16K,64K)     [64K,)";
  const plain = await shown("--rows", "1000", "--duration", "60");
  assertEquals(plain.find((line) => line.startsWith("DEVICE"))!.trimEnd(), header);
  assert(plain.some((line) => /^lo +tx +0 +1 +143\.0 +0 +1( +0){4} *$/.test(line)));
  const rates = await shown("-t", "--count", "1000");
  assertEquals(
    rates.find((line) => line.startsWith("DEVICE"))!.trimEnd(),
    `${header}          BPS       PPS`,
  );
  assert(rates.some((line) => /^lo +tx +0 +1 +143\.0 +0 +1( +0){4} +\d+ +\d+ *$/.test(line)));
  const long = await shown("--throughput", "--count", "1000");
  assertEquals(
    long.find((line) => line.startsWith("DEVICE")),
    rates.find((line) => line.startsWith("DEVICE")),
  );
});
