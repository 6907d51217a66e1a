import { assert, assertEquals, assertMatch } from "@std/assert";
import { tcpstates } from "../../tools/tcpstates.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { runCarries } from "./holding.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { TcpPair } from "../kernel/tcp_pair.ts";
import {
  common,
  type CsvRow,
  csvRows,
  netnsOf,
  networkCounter,
  rowsOf,
  runBeside,
  runConnects,
  runTcp,
  shownOf,
} from "./tcp_workload.ts";

/** The states that each socket went through, in their order, and how many sockets did so. */
function paths(rows: readonly CsvRow[]): Record<string, number> {
  const sockets = Map.groupBy(rows, (row) => row.sock_id);
  const counts: Record<string, number> = {};
  for (const changes of sockets.values()) {
    changes.forEach((change, at) => {
      if (at > 0) assertEquals(change.old_state, changes[at - 1].new_state);
      const isFirst = ["CLOSE", "LISTEN"].includes(change.old_state) && at === 0;
      assertEquals(change.state_ns === "", isFirst, Deno.inspect(change));
    });
    const path = [changes[0].old_state, ...changes.map(({ new_state }) => new_state)].join(" ");
    counts[path] = (counts[path] ?? 0) + 1;
  }
  return counts;
}

const CONNECT = "CLOSE SYN_SENT ESTABLISHED";
const ACCEPT = "LISTEN SYN_RECV ESTABLISHED";
const CLOSES = "FIN_WAIT1 FIN_WAIT2 CLOSE";
const IS_CLOSED = "CLOSE_WAIT LAST_ACK CLOSE";
const LISTENS = "CLOSE LISTEN CLOSE";

for (
  const [kind, rows_each, client, server] of [
    ["server", 10, `${CONNECT} ${IS_CLOSED}`, `${ACCEPT} ${CLOSES}`],
    ["client", 10, `${CONNECT} ${CLOSES}`, `${ACCEPT} ${IS_CLOSED}`],
    ["reset", 6, `${CONNECT} CLOSE`, `${ACCEPT} CLOSE`],
  ] as const
) {
  kernelTest(
    `${kind}: each change of 7 connections, with the owner of the socket`,
    {},
    async () => {
      const { rows, made } = await shownOf(
        "tcpstates",
        [],
        7 * rows_each + 2,
        (tool) => ({
          ...runTcp(tool, kind, 7),
          active: networkCounter(tool, "Tcp", "ActiveOpens"),
        }),
      );
      assertEquals(made.active, 7);
      const clients = rowsOf(rows, made.client);
      const servers = rowsOf(rows, made.server);
      assertEquals(clients.length + servers.length, rows.length);
      assertEquals(paths(clients), { [client]: 7 });
      assertEquals(paths(servers), { [server]: 7, [LISTENS]: 1 });
      assertEquals(common(clients, "comm", "raddr", "rport", "owner_by", "direction"), [
        "tcp",
        "127.0.0.1",
        `${made.port}`,
        "connect",
        "connect",
      ]);
      assertEquals(common(servers, "comm", "laddr", "lport", "uid"), [
        "tcp-server",
        "127.0.0.1",
        `${made.port}`,
        "0",
      ]);
      const accepted = servers.filter(({ direction }) => direction === "accept");
      assertEquals(common(accepted, "raddr", "ip"), ["127.0.0.1", "4"]);
      assert(accepted.every(({ rport }) => Number(rport) > 0));
    },
  );
}

kernelTest("a process that the kernel interrupts is no owner", {}, async () => {
  const { rows, made } = await shownOf(
    "tcpstates",
    [],
    7 * 10 + 2,
    (tool) => runTcp(tool, "server", 7),
  );
  const ends = rowsOf(rows, made.client).filter(({ old_state }) => old_state === "SYN_SENT");
  assertEquals(ends.length, 7);
  const begins = rowsOf(rows, made.client).filter(({ new_state }) => new_state === "SYN_SENT");
  assertEquals(common(begins, "task_pid", "task_comm"), [`${made.client}`, "tcp"]);
  const closes = rowsOf(rows, made.server).filter(({ new_state }) => new_state === "FIN_WAIT1");
  assertEquals(common(closes, "task_pid", "owner_by"), [`${made.server}`, "close"]);
});

kernelTest("attempts that fail have their error and the time that they took", {}, async () => {
  const { rows, made } = await shownOf("tcpstates", ["--from", "syn_sent"], 7 + 4 + 3, (tool) => ({
    refused: runTcp(tool, "refused", 7),
    timeout: runConnects(tool, "timeout", 3),
    closed: runConnects(tool, "closed", 2),
    failed: networkCounter(tool, "Tcp", "AttemptFails"),
  }));
  const refused = rowsOf(rows, made.refused.client);
  assertEquals(
    [refused.length, ...common(refused, "new_state", "error")],
    [7, "CLOSE", "ECONNREFUSED"],
  );
  const [first, ...timeouts] = rowsOf(rows, made.timeout.client);
  assertEquals([first.new_state, timeouts.length], ["ESTABLISHED", 3]);
  assertEquals(common(timeouts, "new_state", "error"), ["CLOSE", "ETIMEDOUT"]);
  assert(timeouts.every(({ state_ns }) => BigInt(state_ns) > 1_000_000_000n));
  const closed = rowsOf(rows, made.closed.client).filter(({ new_state }) => new_state === "CLOSE");
  assertEquals(common(closed, "error"), [""]);
  const all = rows.filter(({ new_state }) => new_state === "CLOSE");
  // the kernel does not count those that their own process gives up
  assertEquals([all.length - closed.length, closed.length], [made.failed, 2]);
});

kernelTest("the kernel counts the same openings, failures and resets", {}, async () => {
  const { rows, made } = await shownOf(
    "tcpstates",
    ["--to", "SYN_SENT,syn-recv,CLOSE"],
    3 + 3 + 7 + 4 + 4 + 9 + 7 + 7,
    (tool) => {
      runTcp(tool, "server", 3);
      runTcp(tool, "reset", 4);
      runTcp(tool, "refused", 7);
      return ["ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets"]
        .map((name) => networkCounter(tool, "Tcp", name));
    },
  );
  const count = (passes: (row: CsvRow) => boolean) => rows.filter(passes).length;
  const open = ["ESTABLISHED", "CLOSE_WAIT"];
  assertEquals(made, [
    count(({ new_state }) => new_state === "SYN_SENT"),
    count(({ new_state }) => new_state === "SYN_RECV"),
    count(({ old_state, new_state }) => old_state.startsWith("SYN") && new_state === "CLOSE"),
    count(({ old_state, new_state }) => open.includes(old_state) && new_state === "CLOSE"),
  ]);
});

kernelTest("a state lasts as long as the process has it last", {}, async () => {
  using _ = new NetworkNamespace();
  const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);
  using trace = tcpstates({ netns, from: [1] }); // ESTABLISHED
  const begin = performance.now();
  const pair = new TcpPair();
  const opened = performance.now();
  while (performance.now() - opened < 23) pair.send();
  const closing = performance.now();
  pair[Symbol.dispose]();
  const end = performance.now();
  trace.stop();
  const durations: number[] = [];
  for await (const { state_ns } of trace) durations.push(Number(state_ns) / 1e6);
  assertEquals(durations.length, 2);
  for (const ms of durations) assert(closing - opened <= ms && ms <= end - begin, `${durations}`);
});

kernelTest("sockets from before the trace have an owner, and no time before it", {}, async () => {
  const [pair, trace] = (() => {
    using _ = new NetworkNamespace();
    const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);
    const pair = new TcpPair();
    return [pair, tcpstates({ netns })];
  })();
  using _ = trace;
  pair[Symbol.dispose]();
  trace.stop();
  const first = new Map<number, string>();
  let count = 0;
  for await (const change of trace) {
    count++;
    assertEquals([change.pid, change.owner_by, change.started], [Deno.pid, "start", undefined]);
    if (first.has(change.sock_id)) continue;
    first.set(change.sock_id, change.old_state);
    assertEquals(change.state_ns, undefined);
  }
  // the listener, and the two ends of the connection
  assertEquals([...first.values()].sort(), ["ESTABLISHED", "ESTABLISHED", "LISTEN"]);
  assert(count >= 7);
});

kernelTest(
  "a listener has its backlog, and how many nobody has accepted at its end",
  {},
  async () => {
    const { rows } = await shownOf("tcpstates", ["--from", "listen,close"], 4, (tool) => {
      runCarries(tool, "queued", 1009);
    });
    const fields = rows.map((row) => [row.old_state, row.new_state, row.ack_backlog]).sort();
    assertEquals(fields, [
      ["CLOSE", "LISTEN", "0"],
      ["CLOSE", "SYN_SENT", ""],
      ["LISTEN", "CLOSE", "1"],
      ["LISTEN", "SYN_RECV", ""],
    ]);
    const begins = rows.find(({ new_state }) => new_state === "LISTEN")!;
    assert(Number(begins.ack_backlog_max) > 0);
  },
);

const ephemeral = Array.from({ length: 101 }, (_, at) => 40_000 + at).join(",");
for (
  const [title, options, expected] of [
    // one that connects has no port in the first change
    ["-L", ["-L", "7007"], { "v4 server": 37 }],
    ["-L of ports that the kernel chose", ["-L", ephemeral], { "v4 client": 28, "v6 client": 28 }],
    // one that listens has no remote port
    ["-D", ["-D", "7007"], { "v4 client": 35 }],
    ["-4", ["-4"], { "v4 client": 35, "v4 server": 37 }],
    ["-6", ["-6"], { "v6 client": 35, "v6 server": 37 }],
    ["--comm", ["--comm", "tcp-server"], { "v4 server": 37, "v6 server": 37 }],
  ] as [string, string[], Record<string, number>][]
) {
  kernelTest(`tcpstates ${title} shows these changes and no others`, {}, async () => {
    const count = Object.values(expected).reduce((sum, rows) => sum + rows);
    const { rows, made } = await shownOf("tcpstates", options, count, (tool) => {
      const range = "/proc/sys/net/ipv4/ip_local_port_range";
      runBeside(tool, "sh", "-c", `echo "40000 40100" > ${range}`);
      const v6 = runTcp(tool, "client", 7, { address: "::1", port: 7009 });
      return { v6, v4: runTcp(tool, "client", 7, { port: 7007 }) };
    });
    for (const [who, changes] of Object.entries(expected)) {
      const [version, side] = who.split(" ") as ["v4" | "v6", "client" | "server"];
      assertEquals(rowsOf(rows, made[version][side]).length, changes, who);
    }
  });
}

kernelTest("--netns and --uid leave out what is not theirs", {}, async () => {
  for (const options of [["--netns", "1"], ["--uid", "65534"]]) {
    const { rows } = await shownOf("tcpstates", options, 0, (tool) => runTcp(tool, "server", 3));
    assertEquals(rows, []);
  }
});

kernelTest("--hist adds up how long sockets were in each state", {}, async () => {
  await using tool = startIsolated("tcpstates", ["--hist", "-L", "7011", "-o", "csv"]);
  await tool.until("\n");
  const netns = netnsOf(tool);
  runTcp(tool, "server", 13, { port: 7011 });
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const rows = csvRows(stdout).filter((row) => row.netns === netns);
  assertEquals(rows.map(({ old_state, count }) => [old_state, count]), [
    ["ESTABLISHED", "13"],
    ["SYN_RECV", "13"],
    ["FIN_WAIT1", "13"],
    ["FIN_WAIT2", "13"],
    ["LISTEN", "1"],
  ]);
  for (const { count, histogram, total_ns, avg_ns, min_ns, max_ns } of rows) {
    assertEquals(histogram.split(" ").reduce((sum, of) => sum + Number(of), 0), Number(count));
    assertEquals(BigInt(avg_ns), BigInt(total_ns) / BigInt(count));
    assert(BigInt(min_ns) <= BigInt(avg_ns) && BigInt(avg_ns) <= BigInt(max_ns));
  }
});

kernelTest("the histograms are drawn below their states", {}, async () => {
  await using tool = startIsolated("tcpstates", ["--hist", "-D", "7017"]);
  await tool.until("\n");
  runTcp(tool, "server", 1, { port: 7017 });
  const { stdout } = await tool.stop();
  assertMatch(stdout, /^STATE {10}COUNT {6}AVG\(ms\) {6}MAX\(ms\) *\n/);
  for (const state of ["ESTABLISHED", "SYN_SENT", "CLOSE_WAIT", "LAST_ACK"]) {
    const drawn =
      `^${state} +1 +\\d+\\.\\d{3} +\\d+\\.\\d{3} *\\n     usecs .*\\n +\\d+ -> \\d+ +: 1 +\\|\\*{40}\\|$`;
    assertMatch(stdout, new RegExp(drawn, "m"));
  }
});

const LONG = "fd00:1111:2222:3333:4444:5555:6666:7777";

kernelTest("the columns are those of the C tool, and -w holds any address", {}, async () => {
  await using tool = startIsolated("tcpstates", [
    "-T",
    "-w",
    "-L",
    "7019",
    "--to",
    "LISTEN,SYN_RECV",
  ]);
  await tool.until("\n");
  runBeside(tool, "ip", "address", "add", `${LONG}/64`, "dev", "lo", "nodad");
  const { server } = runTcp(tool, "client", 1, { address: LONG, port: 7019 });
  await tool.until(/( 7019 [^]*){2}\n$/);
  const { stdout } = await tool.stop();
  const [header, listens, accepts] = stdout.split("\n");
  const wide = (text: string) => text.padEnd(39);
  assertEquals(
    header,
    `TIME(s)  SKADDR           PID     COMM             IP ${wide("LADDR")} LPORT ${
      wide("RADDR")
    } ` +
      "RPORT OLDSTATE    -> NEWSTATE    MS",
  );
  const owner = `\\d\\d:\\d\\d:\\d\\d [0-9a-f]{16} ${
    String(server).padEnd(7)
  } tcp-server       6  `;
  assertMatch(
    listens,
    new RegExp(`^${owner}${LONG} 7019  ${wide("::")} 0     CLOSE       -> LISTEN      -$`),
  );
  assertMatch(
    accepts,
    new RegExp(`^${owner}${LONG} 7019  ${LONG} \\d+ +LISTEN      -> SYN_RECV    -$`),
  );
});

kernelTest("the plain columns are those of the C tool", {}, async () => {
  await using tool = startIsolated("tcpstates", ["-L", "7021", "--from", "syn_recv"]);
  await tool.until("\n");
  const { server } = runTcp(tool, "client", 1, { port: 7021 });
  await tool.until(/ 7021 .*\n/);
  const { stdout } = await tool.stop();
  const [header, row] = stdout.split("\n");
  assertEquals(
    header,
    "SKADDR           PID     COMM       LADDR           LPORT RADDR           RPORT " +
      "OLDSTATE    -> NEWSTATE    MS",
  );
  assertMatch(
    row,
    new RegExp(
      `^[0-9a-f]{16} ${String(server).padEnd(7)} tcp-server 127\\.0\\.0\\.1       7021  ` +
        "127\\.0\\.0\\.1       \\d+ +SYN_RECV    -> ESTABLISHED \\d+\\.\\d{3}$",
    ),
  );
});

kernelTest("a state that no socket has is refused", {}, async () => {
  for (const [option, name] of [["--from", "TIME_WAIT"], ["--to", "nosuch"]]) {
    await using tool = startTool("tcpstates", [option, name]);
    const { stderr, code } = await tool.finish();
    assertEquals(code, 64);
    assertMatch(stderr, new RegExp(`${option}.*${name}.*ESTABLISHED`));
  }
});
