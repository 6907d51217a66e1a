/** tcpsynbl against workloads that know how many wait, and against the counters of /proc/net. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { tcpsynbl } from "../../tools/tcpsynbl.ts";
import { exists } from "../exists.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { csvRows, networkCounter, runAccepts } from "./tcp_workload.ts";

const workload = (name: string) => new URL(`../../build/tests/${name}`, import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof tcpsynbl>[0]>;

const pause = new Int32Array(new SharedArrayBuffer(4));

/** What a command of this thread's network prints. */
function outputOf(command: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Runs a workload to its end. @returns the numbers that it prints */
const run = (name: string, ...args: string[]) =>
  outputOf(workload(name), ...args).trim().split(" ").map(Number);

/** A counter of /proc/net/netstat of this thread's network. */
function netstat(name: string): number {
  const [names, values] = outputOf("cat", "/proc/net/netstat").split("\n")
    .filter((line) => line.startsWith("TcpExt: ")).map((line) => line.split(" "));
  return Number(values[names.indexOf(name)]);
}

/** All rows of what happens in a network of its own, which is over when `make` returns. */
async function counted<T>(options: Options, make: () => T) {
  const { trace, made, netns } = (() => {
    using _ = new NetworkNamespace();
    const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);
    const trace = tcpsynbl({ netns, ...options });
    return { trace, made: make(), netns };
  })();
  using _ = trace;
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals(trace.losses.map ?? 0n, 0n);
  return { rows, made, netns };
}

kernelTest("17 connections fill a queue for 16, and what is refused is counted", {}, async () => {
  const { rows, made, netns } = await counted({}, () => {
    const [pid, port] = run("accepts", "filled", "17");
    return { pid, port, drops: netstat("ListenDrops"), overflows: netstat("ListenOverflows") };
  });
  assertEquals(rows.length, 1, Deno.inspect(rows));
  const [row] = rows;
  // 0 and 1, 2 and 3, 4 to 7, 8 to 15, 16
  assertEquals(row.histogram, [2, 2, 4, 8, 1]);
  assertEquals([row.count, row.backlog_max, row.max_queue, row.avg_queue], [17, 16, 17, 8]);
  assertEquals(row.max_syn_queue, 0);
  assertEquals([row.laddr, row.lport, row.ip, row.netns], ["127.0.0.1", made.port, 4, netns]);
  assertEquals([row.pid, row.comm, row.owner_by, row.uid], [made.pid, "accepts", "listen", 0]);
  assert(row.drops >= 6);
  assertEquals([row.drops, row.drops], [made.drops, made.overflows]);
});

kernelTest("sockets that share a port have a row each", {}, async () => {
  const { rows, made: [pid, port] } = await counted({}, () => run("accepts", "shared", "23"));
  assertEquals(rows.length, 2, Deno.inspect(rows));
  assertEquals(rows.reduce((sum, { count }) => sum + count, 0), 23);
  for (const row of rows) {
    assertEquals([row.pid, row.lport, row.backlog_max], [pid, port, 23]);
    // nobody accepts them
    assertEquals([row.max_queue, row.avg_queue], [row.count, (row.count - 1) / 2]);
  }
});

kernelTest("handshakes that are under way are in the other queue", {}, async () => {
  const { rows, made: [, listener, port] } = await counted(
    {},
    () => run("retransmits", "syn-ack", "7"),
  );
  assertEquals(
    rows.map((
      { pid, comm, lport, count, max_queue, max_syn_queue, avg_queue, histogram },
    ) => [pid, comm, lport, count, max_queue, max_syn_queue, avg_queue, histogram]),
    [[listener, "listener", port, 0, 0, 7, undefined, []]],
  );
});

const mptcp = exists("/proc/sys/net/mptcp");

for (
  const [title, options, expected] of [
    ["all", {}, ["0.0.0.0 7013 1", "127.0.0.1 7001 5", "::1 7003 3"]],
    ["-4", { ipv4: true }, ["0.0.0.0 7013 1", "127.0.0.1 7001 5"]],
    ["-6", { ipv6: true }, ["::1 7003 3"]],
    ["-L", { localport: [7003, 7013] }, ["0.0.0.0 7013 1", "::1 7003 3"]],
    ["--comm", { comm: "accepts" }, ["0.0.0.0 7013 1"]],
    ["--uid", { uid: 65534 }, []],
    ["--netns", { netns: 1 }, []],
  ] as [string, Options, string[]][]
) {
  kernelTest(`sockets are shown by where they listen: ${title}`, {}, async () => {
    const { rows } = await counted(options, () => {
      run("tcp", "client", "5", "127.0.0.1", "7001");
      run("tcp", "client", "3", "::1", "7003");
      run("accepts", "late", "1", "0.0.0.0", "7013");
    });
    assertEquals(
      rows.map(({ laddr, lport, count }) => `${laddr} ${lport} ${count}`).sort(),
      expected,
    );
  });
}

if (mptcp) {
  kernelTest("a server of MPTCP owns its connections", {}, async () => {
    const { rows, made: [pid, port] } = await counted({}, () => run("accepts", "mptcp", "5"));
    assertEquals(
      rows.map((row) => [row.pid, row.comm, row.lport, row.count]),
      [[pid, "accepts", port, 5]],
    );
  });
}

/** How many connections wait at the port, as /proc/net/tcp shows it. */
function waitingAt(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const words = outputOf("cat", "/proc/net/tcp").trim().split("\n").map((line) =>
    line.trim().split(/\s+/)
  );
  const listener = words.find(([, address, , state]) => address.endsWith(local) && state === "0A");
  return parseInt(listener![4].split(":")[1], 16);
}

/** Connects to a port, and waits until all of that many connections wait there. */
function connectTo(port: number, waiting: number): void {
  outputOf("bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`);
  while (waitingAt(port) < waiting) Atomics.wait(pause, 0, 0, 1);
}

kernelTest("a socket that listened before the trace has its process, too", {}, async () => {
  const { trace, listener, port } = (() => {
    using _ = new NetworkNamespace();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    for (const waiting of [1, 2]) connectTo(port, waiting);
    const trace = tcpsynbl({ localport: [port], pid: [Deno.pid] });
    for (const waiting of [3, 4, 5, 6, 7]) connectTo(port, waiting);
    return { trace, listener, port };
  })();
  using _ = trace;
  trace.stop();
  const rows = await Array.fromAsync(trace);
  listener.close();
  assertEquals(
    rows.map((
      { pid, owner_by, lport, count, histogram, max_queue, drops },
    ) => [pid, owner_by, lport, count, histogram, max_queue, drops]),
    [[Deno.pid, "start", port, 5, [0, 2, 3], 7, 0]],
  );
});

kernelTest("histograms are those of the C tool, and say whose they are", {}, async () => {
  for (
    const [args, pattern] of [
      [
        [],
        /^\nbacklog_max = 16, listener = 127\.0\.0\.1:(\d+), pid = (\d+) accepts, drops = \d+\n/m,
      ],
      [["-i", "0.3", "-T"], /^\d\d:\d\d:\d\d\n\nbacklog_max = 16, listener = /m],
      [
        ["--summary", "--rows", "1"],
        /^PID +COMM +LADDR +LPORT +LIMIT +COUNT +AVG +MAX +SYNQ +DROPS\n\d+ +accepts +127\.0\.0\.1 +\d+ +16 /m,
      ],
    ] as const
  ) {
    await using tool = startIsolated("tcpsynbl", ["--comm", "accepts", ...args], true);
    await tool.until("end.\n");
    const { pid, port } = runAccepts(tool, "filled", 17);
    const { stdout, stderr } = await tool.stop();
    assertEquals(stderr, "");
    assert(stdout.startsWith("Tracing SYN backlog size. Ctrl-C to end.\n"));
    assertMatch(stdout, pattern);
    if (args.length > 0) continue;
    assertEquals(pattern.exec(stdout)!.slice(1).map(Number), [port, pid]);
    const rows = [...stdout.matchAll(/^ +(\d+) -> (\d+) +: (\d+) /gm)].map((row) =>
      row.slice(1).map(Number)
    );
    assertEquals(rows, [[0, 1, 2], [2, 3, 2], [4, 7, 4], [8, 15, 8], [16, 31, 1]]);
  }
  const { stdout, code } = await runTool("tcpsynbl", ["0.1", "--count", "2", "-d", "60"]);
  assertEquals([code, stdout.startsWith("Tracing SYN backlog size.")], [0, true]);
  assertEquals((await runTool("tcpsynbl", ["--top"])).code, 64); // it wants a terminal
});

kernelTest("many tables add up to the same", {}, async () => {
  const fields = ["--fields", "count,drops,max_queue,lport"];
  await using tool = startIsolated("tcpsynbl", ["-o", "csv", ...fields, "0.01"], true);
  await tool.until("\n");
  const { port } = runAccepts(tool, "filled", 17);
  const drops = networkCounter(tool, "TcpExt", "ListenDrops");
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const rows = csvRows(stdout);
  const sum = (name: string) => rows.reduce((sum, row) => sum + Number(row[name]), 0);
  assertEquals([sum("count"), sum("drops")], [17, drops], stdout);
  assertEquals(Math.max(...rows.map((row) => Number(row.max_queue))), 17);
  assertEquals([...new Set(rows.map((row) => row.lport))], [String(port)]);
});
