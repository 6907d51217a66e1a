import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { Btf } from "@denobpf/denobpf";
import { ValueError } from "#lib/tool/mod.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import type { RunningTool } from "../kernel/running_tool.ts";
import { protocol, protocolName } from "../../tools/skbdrop/protocols.ts";
import {
  type CsvRow,
  csvRows,
  netnsOf,
  networkCounter,
  runDatagrams,
  runTcp,
} from "./tcp_workload.ts";

/** Whether this kernel names reasons: Linux 5.17. */
function saysWhy(): boolean {
  const btf = Btf.kernel();
  return btf.find("enum", "skb_drop_reason") !== undefined;
}

/** A reason, where the kernel names one. */
const why = (reason: string) => saysWhy() ? reason : "";

/** What a tool counts of a workload in its network, as CSV: that of other networks is left out. */
async function counted<T>(args: readonly string[], workload: (tool: RunningTool) => T) {
  const all = ["-o", "csv", "--by", "netns,port,device", ...args, "600"];
  await using tool = startIsolated("skbdrop", all);
  await tool.until("\n");
  const netns = netnsOf(tool);
  const made = workload(tool);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  return { made, rows: csvRows(stdout).filter((row) => row.netns === netns) };
}

/** Some of the cells of a row. */
const cells = (row: CsvRow, ...names: string[]) => names.map((name) => row[name]);

/** The packets of all rows. */
const sum = (rows: readonly CsvRow[]) =>
  rows.reduce((sum, { packets }) => sum + Number(packets), 0);

const refused = (port: number, count = 11, address?: string) => (tool: RunningTool) => {
  runTcp(tool, "refused", count, { port, address });
  return networkCounter(tool, "Tcp", "OutRsts");
};

for (const [address, ip] of [["127.0.0.1", "4"], ["::1", "6"]]) {
  kernelTest(`11 connections to a closed port of ${address} are one row`, {}, async () => {
    const { rows, made } = await counted(["-L", "44007"], refused(44007, 11, address));
    assertEquals(rows.length, 1);
    assertEquals(
      cells(rows[0], "packets", "segments", "proto", "ip", "direction", "port", "ifname"),
      ["11", "11", "tcp", ip, "in", "44007", "lo"],
    );
    assertEquals(cells(rows[0], "ifindex", "reason", "function"), [
      "1",
      why("NO_SOCKET"),
      `tcp_v${ip}_rcv`,
    ]);
    assertEquals(cells(rows[0], "subsystem"), [why("CORE")]);
    assertEquals(Number(rows[0].code) > 0, saysWhy());
    assert(Number(rows[0].bytes) >= 11 * 20);
    assertEquals(made, 11);
  });
}

kernelTest("datagrams for which a socket has no room are counted, each one", {}, async () => {
  const { rows, made } = await counted(
    ["--proto", "udp"],
    (tool) => ({
      came: runDatagrams(tool, "cramped", 23, 44_009),
      errors: networkCounter(tool, "Udp", "RcvbufErrors"),
    }),
  );
  const dropped = 23 - made.came;
  assert(dropped > 0);
  assertEquals([sum(rows), made.errors], [dropped, dropped]);
  for (const row of rows) {
    assertEquals(cells(row, "proto", "port", "direction"), ["udp", "44009", "in"]);
    assertEquals(row.reason, why("SOCKET_RCVBUFF"));
  }
});

kernelTest("what a socket has not read is no drop, but with --purged", {}, async () => {
  // Nobody knows any more in which network they were.
  const args = ["-o", "csv", "-L", "44011", "0.2"];
  await using tool = startIsolated("skbdrop", args);
  await using witness = startIsolated("skbdrop", ["--purged", ...args]);
  for (const each of [tool, witness]) await each.until("\n");
  runDatagrams(tool, "unread", 7, 44_011);
  // The kernel frees a socket of UDP some time after it is closed.
  await witness.until((stdout) => sum(csvRows(stdout)) >= 7);
  assertEquals(sum(csvRows((await witness.stop()).stdout)), 7);
  assertEquals(sum(csvRows((await tool.stop()).stdout)), 0);
});

kernelTest("versions, ports, protocols and reasons are chosen", {}, async () => {
  const work = (tool: RunningTool) => {
    runTcp(tool, "refused", 5, { port: 44_013 });
    runTcp(tool, "refused", 7, { port: 44_015, address: "::1" });
    return runDatagrams(tool, "cramped", 11, 44_017);
  };
  const mine = (rows: readonly CsvRow[]) =>
    rows.filter(({ port }) => ["44013", "44015", "44017"].includes(port));
  const packets = async (...args: string[]) => {
    const { rows, made } = await counted(args, work);
    return [sum(mine(rows)), 11 - made];
  };
  const [v4, datagrams] = await packets("-4");
  assertEquals(v4, 5 + datagrams);
  assertEquals((await packets("-6"))[0], 7);
  assertEquals((await packets("--localport", "44015,44013", "--proto", "6"))[0], 12);
  const [both, more] = await packets("--proto", "udp,tcp");
  assertEquals(both, 12 + more);
  assertEquals((await packets("--proto", "icmp"))[0], 0);
  if (saysWhy()) assertEquals((await packets("--reason", "no_socket"))[0], 12);
});

kernelTest("a remote port is that of the other end", {}, async () => {
  const { rows } = await counted(["-D", "44019"], refused(44019, 3));
  assertEquals(rows.filter(({ direction, port }) => direction === "in" && port === "44019"), []);
});

kernelTest("one network namespace is chosen by its inode or a process in it", {}, async () => {
  await using other = startIsolated("skbdrop", ["600"]);
  await other.until("\n");
  const inode = netnsOf(other);
  for (const args of [["--netns", inode], ["--netns-id", inode], ["--pid-netns", `${other.pid}`]]) {
    await using tool = startIsolated("skbdrop", ["-o", "csv", "-L", "44021", ...args, "600"]);
    await tool.until("\n");
    refused(44_021, 3)(tool);
    refused(44_021, 5)(other);
    const { stdout, code } = await tool.stop();
    assertEquals([csvRows(stdout).map(({ packets }) => packets), code], [["5"], 0]);
  }
});

kernelTest("a table has what is asked for, and the largest first", {}, async () => {
  const args = ["--localport", "44023,44025", "--by", "port", "--rows", "1", "600"];
  await using tool = startIsolated("skbdrop", args);
  await tool.until("Hit Ctrl-C to end.\n");
  refused(44_023, 3)(tool);
  refused(44_025, 5)(tool);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const [title, time, header, row, ...rest] = stdout.trimEnd().split("\n");
  assertEquals(title, "Counting packets that are dropped... Hit Ctrl-C to end.");
  assertMatch(time, /^\[\d\d:\d\d:\d\d\]$/);
  assertEquals(
    header,
    " PACKETS      BYTES PROTO   DIR  PORT REASON               FUNCTION",
  );
  assertMatch(row, /^ +5 +\d+ tcp +in +44025 \S+ +tcp_v4_rcv$/);
  assertEquals(rest, []);
});

kernelTest("--top wants a terminal", {}, async () => {
  const { stderr, code } = await runTool("skbdrop", ["--top"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "terminal");
});

kernelTest("more protocols than there is room for are refused", {}, async () => {
  const { stderr, code } = await runTool("skbdrop", ["--proto", "1,2,3,4,5,6,7,8,9"]);
  assertEquals([stderr, code], ["skbdrop: --proto: no more than 8 can be chosen\n", 64]);
});

Deno.test("protocols have names, and those without one a number", () => {
  assertEquals([protocolName(0x0800, 17), protocolName(0x0800, 143)], ["udp", "143"]);
  assertEquals([protocolName(0x0806, 0), protocolName(0x88e5, 0)], ["arp", "0x88e5"]);
  assertEquals(protocolName(0, 0), undefined);
  assertEquals([protocol("udp"), protocol("UDP"), protocol("47")], [17, 17, 47]);
  for (const text of ["", "0", "256", "arp", "-1", "1e1"]) {
    assertThrows(() => protocol(text), ValueError, "is no protocol of IP");
  }
});
