/** TCP connections with a known number of bytes, in the network of a tool: tests/workloads/tcp.c. */
import { assertEquals } from "@std/assert";
import { startIsolated } from "../kernel/isolated.ts";
import type { RunningTool } from "../kernel/running_tool.ts";

const workload = new URL("../../build/tests/tcp", import.meta.url).pathname;
const retransmits = new URL("../../build/tests/retransmits", import.meta.url).pathname;
const connects = new URL("../../build/tests/connects", import.meta.url).pathname;
const accepts = new URL("../../build/tests/accepts", import.meta.url).pathname;
const datagrams = new URL("../../build/tests/datagrams", import.meta.url).pathname;
const drops = new URL("../../build/tests/drops", import.meta.url).pathname;

/** What the client of tests/workloads/tcp.c sends on each connection, and the server answers. */
export const REQUEST = 1009;
export const ANSWER = 3001;

export interface TcpRun {
  /** Process that connects. */
  readonly client: number;
  /** Process that accepts. */
  readonly server: number;
  /** Port of the server. */
  readonly port: number;
}

const network = (pid: number | "self") => Deno.readLinkSync(`/proc/${pid}/ns/net`);
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Runs a command in the network of a tool that startIsolated() has started, to its end. */
export function runBeside({ pid }: RunningTool, ...command: string[]): string {
  // One that has just been started may not have come to a network of its own.
  while (network(pid) === network("self")) Atomics.wait(pause, 0, 0, 5);
  const { success, stdout, stderr } = new Deno.Command("nsenter", {
    args: [`--net=/proc/${pid}/ns/net`, ...command],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
  }).outputSync();
  if (!success) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Makes `count` connections of a kind in the tool's network. */
export function runTcp(
  tool: RunningTool,
  kind: "server" | "client" | "prefork" | "reset" | "half" | "unread" | "refused",
  count: number,
  { address = "127.0.0.1", port = 0 } = {},
): TcpRun {
  // A tool that has just been started may not have come to it.
  runBeside(tool, "ip", "link", "set", "lo", "up");
  const reported = runBeside(tool, workload, kind, String(count), address, String(port));
  const [client, server, listening] = reported.split(" ").map(Number);
  return { client, server, port: listening };
}

/** Makes attempts to connect that do not succeed: tests/workloads/connects.c. @returns its pid */
export function runConnects(
  tool: RunningTool,
  kind: "timeout" | "closed" | "dropped" | "no-route" | "no-port" | "asked",
  count: number,
): { client: number; port: number } {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  const [client, port] = runBeside(tool, connects, kind, String(count)).split(" ").map(Number);
  return { client, port };
}

export interface AcceptsRun {
  /** Process that connects and accepts. */
  readonly pid: number;
  /** Port that it listens at. */
  readonly port: number;
  /** The first descriptor that accept() has returned, or would have. */
  readonly fd: number;
}

/** Makes connections that wait to be accepted: tests/workloads/accepts.c. */
export function runAccepts(
  tool: RunningTool,
  kind: "late" | "uring" | "mptcp" | "dropped" | "reset" | "full" | "filled" | "shared",
  count: number,
  { address = "127.0.0.1", port = 0 } = {},
): AcceptsRun {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  const reported = runBeside(tool, accepts, kind, String(count), address, String(port));
  const [pid, listening, fd] = reported.split(" ").map(Number);
  return { pid, port: listening, fd };
}

export interface RetransmitsRun {
  readonly client: number;
  /** Process that listens. */
  readonly listener: number;
  readonly port: number;
  /** Segments that the client's sockets have sent again. */
  readonly sent: number;
}

/** Makes connections whose segments are lost: tests/workloads/retransmits.c. */
export function runRetransmits(
  tool: RunningTool,
  kind: "lost" | "gap" | "syn-ack" | "late",
  count: number,
): RetransmitsRun {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  const reported = runBeside(tool, retransmits, kind, String(count));
  const [client, listener, port, sent] = reported.split(" ").map(Number);
  return { client, listener, port, sent };
}

export interface DropsRun {
  /** Process that listens. */
  readonly listener: number;
  /** Process that connects and sends. */
  readonly sender: number;
  readonly port: number;
  /** Segments that it has sent again. */
  readonly again: number;
}

/** Makes connections whose packets the kernel drops: tests/workloads/drops.c. */
export function runDrops(
  tool: RunningTool,
  kind: "filtered" | "unread" | "unsent",
  count: number,
  address = "127.0.0.1",
): DropsRun {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  const reported = runBeside(tool, drops, kind, String(count), address);
  const [listener, sender, port, again] = reported.split(" ").map(Number);
  return { listener, sender, port, again };
}

/**
 * Sends datagrams that the kernel drops: tests/workloads/datagrams.c.
 * @returns how many have come, of the kind that reads them
 */
export function runDatagrams(
  tool: RunningTool,
  kind: "cramped" | "unread",
  count: number,
  port: number,
): number {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  return Number(runBeside(tool, datagrams, kind, String(count), String(port)));
}

/** A counter of the tool's network: of /proc/net/snmp or /proc/net/netstat, both of which it is looked for in. */
export function networkCounter(tool: RunningTool, protocol: string, name: string): number {
  const lines = runBeside(tool, "cat", "/proc/net/snmp", "/proc/net/netstat")
    .split("\n").filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(" "));
  const [names, values] = lines;
  return Number(values[names.indexOf(name)]);
}

/** An event as CSV has it: the text of each field, "" for none. */
export type CsvRow = Readonly<Record<string, string>>;

/** The rows of CSV whose cells have no quotes. */
export function csvRows(stdout: string): CsvRow[] {
  const [header, ...lines] = stdout.slice(0, stdout.lastIndexOf("\n") + 1).trimEnd().split("\n");
  const names = header.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, at) => [name, cells[at]]));
  });
}

/** The network namespace of a tool that has been started by startIsolated() and has shown something. */
export function netnsOf({ pid }: RunningTool): string {
  return /\d+/.exec(Deno.readLinkSync(`/proc/${pid}/ns/net`))![0];
}

/**
 * What a tool in a network of its own shows of a workload in there, as CSV: that has a header to wait for.
 * The tool must show this many events of that network and no more.
 */
export async function shownOf<T>(
  name: string,
  args: readonly string[],
  count: number,
  workload: (tool: RunningTool) => T,
): Promise<{ rows: CsvRow[]; made: T }> {
  await using tool = startIsolated(name, ["-o", "csv", ...args]);
  await tool.until("\n");
  const netns = netnsOf(tool);
  const shown = (stdout: string) => csvRows(stdout).filter((row) => row.netns === netns);
  const made = workload(tool);
  await tool.until((stdout) => shown(stdout).length >= count);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const rows = shown(stdout);
  assertEquals(rows.length, count, stdout);
  return { rows, made };
}

/** The values of some fields that each of the rows has, if all have the same. */
export function common(rows: readonly CsvRow[], ...names: string[]): string[] {
  const values = new Set(rows.map((row) => names.map((name) => row[name]).join(",")));
  assertEquals(values.size, 1, [...values].join("; "));
  return [...values][0].split(",");
}

/** The rows of a process. */
export function rowsOf(rows: readonly CsvRow[], pid: number): CsvRow[] {
  return rows.filter((row) => row.pid === String(pid));
}
