import { assert, assertEquals, assertMatch } from "@std/assert";
import { tcptop, type TcpUsage } from "../../tools/tcptop.ts";
import { exists } from "../exists.ts";
import { subnet } from "../../tools/tcptop/subnets.ts";
import { fewerIfSlow, kernelTest, startCommand, startTool } from "../kernel/harness.ts";
import { Holding, named, runCarries } from "./holding.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { toolCommand } from "../kernel/running_tool.ts";
import { TcpPair } from "../kernel/tcp_pair.ts";
import { ANSWER, csvRows, REQUEST, runTcp } from "./tcp_workload.ts";

const carries = new URL("../../build/tests/carries", import.meta.url).pathname;
const tcp = new URL("../../build/tests/tcp", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof tcptop>[0]>;

/** The inode of this thread's network. */
const network = () => Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);

/** Starts a trace of a network of its own, and what is to be traced there. */
function traced<T>(options: Options, start: (netns: number) => T) {
  using _ = new NetworkNamespace();
  const netns = network();
  const trace = tcptop({ interval: 0, netns, ...options });
  return { trace, started: start(netns) };
}

/** The rows of all tables until the trace is stopped. */
async function rowsOf(trace: ReturnType<typeof tcptop>): Promise<TcpUsage[]> {
  const rows: TcpUsage[] = [];
  for await (const table of trace.batches()) table.forEach((row) => rows.push(row));
  assertEquals(trace.losses.map ?? 0n, 0n);
  return rows;
}

/** Runs commands in this thread's network. @returns the numbers that each of them prints */
function runAll(commands: readonly (readonly string[])[]): number[][] {
  return commands.map(([command, ...args]) => {
    const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
    assert(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  });
}

/** The rows of a table of commands that end by themselves, and the numbers that these print. */
async function counted(options: Options, ...commands: (readonly string[])[]) {
  const { trace, started } = traced(options, () => runAll(commands));
  using _ = trace;
  trace.stop();
  return { rows: await rowsOf(trace), made: started };
}

/** The rows of a table of a workload that holds its connection, and what ss(8) shows of that before and after. */
async function held(options: Options, kind: string, bytes: number) {
  const { trace, started } = traced(options, () => new Holding(kind, bytes));
  using _ = trace;
  await using child = started;
  const made = await child.made();
  const before = sockets(child.pid);
  trace.stop();
  const rows = await rowsOf(trace);
  return { rows, made, sockets: [before, sockets(child.pid)] };
}

/** The sockets of a process's network, a line each. */
function sockets(pid: number): string[] {
  const { stdout } = new Deno.Command("nsenter", {
    args: [`--net=/proc/${pid}/ns/net`, "ss", "-tinHO"],
  }).outputSync();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

/** The row of a process. */
function rowOf(rows: readonly TcpUsage[], pid: number): TcpUsage {
  const found = rows.filter((row) => row.pid === pid);
  assertEquals(found.length, 1, Deno.inspect(rows));
  return found[0];
}

for (const kind of ["write", "sendfile", "nonblocking", "renamed"]) {
  kernelTest(`${kind}: 1000003 bytes are 1000003, sent and received`, {}, async () => {
    const { rows, made } = await counted({}, [carries, kind, "1000003"]);
    const { client, worker, port } = named(made[0]);
    assertEquals(rows.length, 2, Deno.inspect(rows));
    const sender = rowOf(rows, client);
    const receiver = rowOf(rows, worker);
    assertEquals(
      [sender.tx_bytes, sender.tx_sent_bytes, sender.rx_bytes, sender.rport],
      [1000003n, 1000003n, 0n, port],
    );
    assertEquals(
      [receiver.tx_bytes, receiver.rx_bytes, receiver.lport, receiver.comm],
      [0n, 1000003n, port, "carries-worker"],
    );
    assert(sender.comm!.startsWith("carries"));
  });
}

kernelTest("nothing is lost or counted twice while data pass", {}, async () => {
  const bytes = fewerIfSlow(200000033, 20000003);
  const { trace, started } = traced(
    { interval: 0.02 },
    () => new Deno.Command(carries, { args: ["nonblocking", `${bytes}`], stdout: "null" }).spawn(),
  );
  using _ = trace;
  started.status.then(() => trace.stop());
  const rows = await rowsOf(trace);
  const sum = (of: (row: TcpUsage) => bigint) => rows.reduce((sum, row) => sum + of(row), 0n);
  assertEquals(sum((row) => row.tx_bytes), BigInt(bytes));
  assertEquals(sum((row) => row.tx_sent_bytes), BigInt(bytes));
  assertEquals(sum((row) => row.rx_bytes), BigInt(bytes));
});

kernelTest("no SYN and no FIN is counted as a byte while connections end", {}, async () => {
  const count = fewerIfSlow(1009, 101);
  const { trace, started } = traced(
    { interval: 0.002 },
    () => new Deno.Command(tcp, { args: ["client", `${count}`], stdout: "null" }).spawn(),
  );
  using _ = trace;
  started.status.then(() => trace.stop());
  const rows = await rowsOf(trace);
  const sent = rows.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0n);
  assertEquals(sent, BigInt(count * (REQUEST + ANSWER)));
});

kernelTest("a connection has a row in each table in which it carried something", {}, async () => {
  const { trace, started } = traced({ interval: 0.02 }, () => new Holding("queued", 1009));
  using _ = trace;
  await using child = started;
  const { port } = await child.made();
  const shown: bigint[] = [];
  for await (const table of trace.batches()) {
    let seen = false;
    table.forEach((row) => {
      if (row.lport !== port) return;
      shown.push(row.rx_bytes);
      seen = true;
    });
    if (shown.length === 7) trace.stop();
    else if (seen) await child.sendMore();
  }
  assertEquals(shown, Array(7).fill(1009n));
});

kernelTest("a socket of several processes is one row, of the one that connected", {}, async () => {
  const { rows, made } = await held({}, "idle", 1009);
  assertEquals(rows.length, 2, Deno.inspect(rows));
  const client = rowOf(rows, made.client);
  assertEquals(
    [client.pids, client.owner_by, client.tx_bytes, client.state, client.connections],
    [[made.client, made.other], "connect", 1009n, "ESTABLISHED", 1],
  );
  assertEquals([client.raddr, client.ip, client.uid, client.mptcp], ["127.0.0.1", 4, 0, false]);
  assertEquals([client.send_queue_bytes, client.retransmits], [0, 0]);
  assert(client.srtt_us! > 0 && client.tx_rate_bps > 0 && client.rx_rate_bps === 0);
  const worker = rowOf(rows, made.worker);
  assertEquals(
    [worker.pids, worker.owner_by, worker.rx_bytes, worker.recv_queue_bytes, worker.lport],
    [[made.worker], "file", 1009n, 0, made.port],
  );
});

kernelTest("bytes that wait to be sent belong to who closed their socket", {}, async () => {
  const { rows, made, sockets } = await held({}, "orphan", 100_000_007);
  const client = rowOf(rows, made.client);
  assertEquals([client.tx_bytes, client.owner_by], [made.bytes, "connect"]);
  assert(client.tx_sent_bytes < client.tx_bytes && client.send_queue_bytes! > 0);
  assertEquals(client.state, "FIN_WAIT1");
  const worker = rowOf(rows, made.worker);
  assert(worker.rx_bytes > 0n && worker.rx_bytes <= client.tx_sent_bytes);
  assertEquals(BigInt(worker.recv_queue_bytes!), worker.rx_bytes);
  const [before, after] = sockets.map((lines) => {
    const line = lines.find((line) => line.includes("FIN-WAIT-1"))!;
    const counter = (name: string) => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
    return {
      queue: Number(line.trim().split(/\s+/)[2]) - 1, // the FIN counts as a byte there
      // without the module tcp_diag ss reads /proc/net/tcp, which has no such numbers
      sent: line.includes("bytes_sent")
        ? counter("bytes_sent") - counter("bytes_retrans")
        : undefined,
    };
  });
  const { tx_sent_bytes, send_queue_bytes = 0 } = client;
  assert(before.queue >= send_queue_bytes && send_queue_bytes >= after.queue);
  if (before.sent === undefined || after.sent === undefined) return;
  assert(before.sent <= tx_sent_bytes && tx_sent_bytes <= after.sent);
});

if (exists("/proc/sys/net/mptcp")) {
  kernelTest("the paths of MPTCP belong to who connects and who listens", {}, async () => {
    const { rows, made } = await held({}, "mptcp", 1009);
    const fields = rows.map((
      row,
    ) => [row.owner_by, row.pid, row.mptcp, row.tx_bytes, row.rx_bytes]);
    assertEquals(fields.sort(), [
      ["connect", made.client, true, 1009n, 0n],
      ["listener", made.client, true, 0n, 1009n],
    ]);
  });
}

kernelTest("what nobody has accepted belongs to who listens", {}, async () => {
  const { rows, made } = await held({}, "queued", 1009);
  assertEquals(rows.length, 2, Deno.inspect(rows));
  const queued = rows.find(({ lport }) => lport === made.port)!;
  assertEquals(
    [queued.pid, queued.owner_by, queued.rx_bytes, queued.pids],
    [made.client, "listener", 1009n, []],
  );
});

kernelTest(
  "of connections from before the tool, what they carry since is counted",
  {},
  async () => {
    const [pair, trace] = (() => {
      using _ = new NetworkNamespace();
      const pair = new TcpPair();
      for (let sent = 0; sent < 17; sent++) pair.send();
      const trace = tcptop({ interval: 0, netns: network() });
      for (let sent = 0; sent < 23; sent++) pair.send();
      return [pair, trace];
    })();
    using _ = trace;
    trace.stop();
    const rows = await rowsOf(trace);
    pair[Symbol.dispose]();
    const [sender, receiver] = rows.sort((a, b) => Number(b.tx_bytes - a.tx_bytes));
    assertEquals([sender.pid, sender.owner_by, sender.tx_bytes], [Deno.pid, "start", 23n]);
    // the kernel collects small amounts before it sends them
    assertEquals(receiver?.rx_bytes ?? 0n, sender.tx_sent_bytes);
  },
);

kernelTest("a socket without a file is found that is older than the tool", {}, async () => {
  const child = (() => {
    using _ = new NetworkNamespace();
    return new Holding("queued", 1009);
  })();
  await using _ = child;
  const { port } = await child.made();
  await using tool = startCommand([
    "nsenter",
    `--net=/proc/${child.pid}/ns/net`,
    ...toolCommand("tcptop"),
    "--localport",
    `${port}`,
    "-o",
    "csv",
    "300",
  ]);
  await tool.until("\n");
  await child.sendMore();
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  assertEquals(csvRows(stdout).map(({ rx_bytes }) => rx_bytes), ["1009"], stdout);
});

const v4 = [tcp, "client", "7", "127.0.0.1", "7007"];
const v6 = [tcp, "client", "7", "::1", "7009"];

/** What rows of several connections have added up. */
const sums = ({ rx_bytes, tx_bytes, connections }: TcpUsage) =>
  `${connections}: ${rx_bytes} received, ${tx_bytes} sent`;
const request = 7 * REQUEST;
const answer = 7 * ANSWER;
const clients = `7: ${answer} received, ${request} sent`;
const servers = `7: ${request} received, ${answer} sent`;
const both = `14: ${request + answer} received, ${request + answer} sent`;

kernelTest("--by adds up the connections of a process, a port, an address", {}, async () => {
  const processes = await counted({ by: "process" }, v4, v6);
  assertEquals(processes.rows.length, 4);
  for (const [client, server] of processes.made) {
    assertEquals(sums(rowOf(processes.rows, client)), clients);
    assertEquals(sums(rowOf(processes.rows, server)), servers);
  }
  const ports = await counted({ by: "local_port" }, v4, v6);
  for (const port of [7007, 7009]) {
    assertEquals(ports.rows.filter(({ lport }) => lport === port).map(sums), [servers]);
  }
  const remotes = await counted({ by: "remote" }, v4, v6);
  assertEquals(
    remotes.rows.map((row) => `${row.raddr} ${sums(row)}`).sort(),
    [`127.0.0.1 ${both}`, `::1 ${both}`],
  );
  const networks = await counted({ by: "netns" }, v4);
  assertEquals(networks.rows.map(sums), [both]);
  assert(networks.rows[0].netns! > 0);
  assertEquals([networks.rows[0].pid, networks.rows[0].laddr], [undefined, undefined]);
});

kernelTest("--by subnet counts for the smallest subnet of --subnets", {}, async () => {
  const shown = async (...subnets: string[]) => {
    const { rows } = await counted({ by: "subnet", subnets: subnets.map(subnet) }, v4, v6);
    return rows.map((row) => `${row.subnet} ${sums(row)}`).sort();
  };
  assertEquals(await shown(), [`127.0.0.0/8 ${both}`, `::1 ${both}`]);
  assertEquals(
    await shown("::/0", "127.0.0.0/31", "0.0.0.0/0", "127.0.0.2/31"),
    [`127.0.0.0/31 ${both}`, `::/0 ${both}`],
  );
  assertEquals(
    await shown("10.0.0.0/8", "::1/128"),
    [`::1 ${both}`, `undefined ${both}`]
      .map((row) => row.replace("::1 ", "::1/128 ")),
  );
  await using tool = startTool("tcptop", ["--by", "subnet", "--subnets", "10.0.0.0/33"]);
  const { stderr, code } = await tool.finish();
  assertEquals(code, 64);
  assertMatch(stderr, /--subnets.*10\.0\.0\.0\/33/);
});

kernelTest("tcpsubnet is tcptop --by subnet", {}, async () => {
  const args = ["tcpsubnet", "--noclear", "--nosummary", "--subnets", "127.0.0.0/31,0.0.0.0/0"];
  await using tool = startIsolated("denobpf", [...args, "300"], true);
  await tool.until("\n");
  runTcp(tool, "client", 5);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const kib = Math.round(5 * (REQUEST + ANSWER) / 1024);
  assertEquals(stdout.trimEnd().split("\n").slice(1), [
    "SUBNET                   CONNECTIONS  RX_KB  TX_KB",
    `127.0.0.0/31             10              ${kib}     ${kib}`,
  ]);
});

for (
  const [options, expected] of [
    [{ ipv4: true }, { client4: 7, server4: 7 }],
    [{ ipv6: true }, { client6: 7, server6: 7 }],
    [{ localport: [7007, 7009] }, { server4: 7, server6: 7 }],
    [{ remoteport: [7007] }, { client4: 7 }],
    [{ comm: "tcp-server" }, { server4: 7, server6: 7 }],
  ] as const satisfies readonly [Options, Record<string, number>][]
) {
  kernelTest(`tcptop with ${JSON.stringify(options)} shows these and no others`, {}, async () => {
    const { rows, made: [[client4, server4], [client6, server6]] } = await counted(
      options as Options,
      v4,
      v6,
    );
    const pids = { client4, server4, client6, server6 };
    const shown = Object.entries(pids)
      .map(([name, pid]) => [name, rows.filter((row) => row.pid === pid).length] as const)
      .filter(([, count]) => count > 0);
    assertEquals(Object.fromEntries(shown), expected);
    assertEquals(rows.length, shown.reduce((sum, [, count]) => sum + count, 0));
  });
}

kernelTest(
  "the worker of a server is asked whether it is a target, not who listens",
  {},
  async () => {
    for (const kind of ["idle", "write"]) {
      const options = { comm: "carries-worker" };
      const { rows, made } = kind === "idle"
        ? await held(options, kind, 499)
        : await counted(options, [carries, kind, "499"])
          .then(({ rows, made }) => ({ rows, made: named(made[0]) }));
      assertEquals(rows.map(({ pid, rx_bytes }) => [pid, rx_bytes]), [[made.worker, 499n]]);
    }
  },
);

kernelTest(
  "connections that end and do not fit into the ring are reported as lost",
  {},
  async () => {
    const count = fewerIfSlow(4001, 101);
    const { trace, started } = traced({}, () => runAll([[tcp, "client", `${count}`]]));
    using _ = trace;
    trace.stop();
    const rows = await rowsOf(trace);
    const lost = Number(trace.losses.ring);
    assertEquals(lost > 0, count === 4001);
    assertEquals(rows.length + lost, 2 * count);
    assert(rows.every(({ pid }) => started[0].includes(pid!)));
  },
);

kernelTest("the table is that of the C tool, and the summary may be left out", {}, async () => {
  const shown = async (...args: string[]) => {
    await using tool = startIsolated("tcptop", ["-C", ...args, "300"]);
    await tool.until("\n");
    const { client, server, port } = runTcp(tool, "client", 1, {
      address: args.includes("-6S") ? "::1" : "127.0.0.1",
    });
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    return { lines: stdout.split("\n"), client, server, port };
  };
  const { lines, server, port } = await shown(
    "-4",
    "-s",
    "sent",
    "-r",
    "1",
    "--comm",
    "tcp-server",
  );
  const [title, load, header, row, ...rest] = lines;
  assertEquals(title, "Tracing... Output every 300 secs. Hit Ctrl-C to end");
  assertMatch(load, /^\d\d:\d\d:\d\d loadavg: [\d.]+ [\d.]+ [\d.]+ \d+\/\d+ \d+$/);
  assertEquals(
    header,
    "PID     COMM             LADDR                 RADDR                  RX_KB  TX_KB",
  );
  assertMatch(
    row,
    new RegExp(`^${server} +tcp-server +127\\.0\\.0\\.1:${port} +127\\.0\\.0\\.1:\\d+ +1 +3$`),
  );
  assertEquals(rest, ["", ""]);

  const v6 = await shown("-6S", "--sort", "received", "--rows", "1", "--comm", "tcp");
  assertEquals(v6.lines.length, 5, v6.lines.join("\n"));
  assertEquals(
    v6.lines[1],
    `PID     COMM             ${"LADDR6".padEnd(51)} ${"RADDR6".padEnd(51)}  RX_KB  TX_KB`,
  );
  assertMatch(
    v6.lines[2],
    new RegExp(`^${v6.client} +tcp +\\[::1\\]:\\d+ +\\[::1\\]:${v6.port} +3 +1$`),
  );
});

/** The rows of the network of a tool that has one table for all that is carried there, in the tool's order. */
async function orderedRows(...args: string[]) {
  await using tool = startIsolated("tcptop", [
    "-CS",
    "--by",
    "process",
    "-o",
    "csv",
    ...args,
    "300",
  ]);
  await tool.until("\n");
  const first = runTcp(tool, "client", 1);
  const second = runCarries(tool, "write", 2003);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const names = new Map([
    [first.client, "client"],
    [first.server, "server"],
    [second.client, "sender"],
    [second.worker, "receiver"],
  ]);
  const rows = csvRows(stdout).map(({ pid, tx_bytes, rx_bytes }) => ({
    name: names.get(Number(pid)),
    all: Number(tx_bytes) + Number(rx_bytes),
    pid: Number(pid),
  }));
  return rows.filter(({ name }) => name !== undefined);
}

kernelTest("rows come in the order of all, sent, received, or of a field", {}, async () => {
  for (
    const [order, expected] of [
      ["sent", ["server", "sender", "client", "receiver"]],
      ["-tx_bytes", ["server", "sender", "client", "receiver"]],
      ["received", ["client", "receiver", "server", "sender"]],
      ["rx_bytes", ["sender", "server", "receiver", "client"]],
    ] as [string, string[]][]
  ) {
    const rows = await orderedRows("--sort", order);
    assertEquals(rows.map(({ name }) => name), expected, order);
  }
  const all = await orderedRows("--sort", "all");
  assertEquals(all.map(({ all }) => all), [4010, 4010, 2003, 2003]);
  const few = await orderedRows("--rows", "3", "--sort", "all");
  assertEquals(few.map(({ all }) => all), [4010, 4010, 2003]);
  const pids = (await orderedRows("--sort", "pid")).map(({ pid }) => pid);
  assertEquals([pids.length, pids], [4, pids.toSorted((a, b) => a - b)]);
  await using tool = startTool("tcptop", ["--remoteport", "80", "-s", "nosuch"]);
  const { stderr, code } = await tool.finish();
  assertEquals(code, 64);
  assertMatch(stderr, /--sort.*nosuch/);
});
