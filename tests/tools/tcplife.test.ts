import { assert, assertEquals, assertMatch } from "@std/assert";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { TcpPair } from "../kernel/tcp_pair.ts";
import {
  ANSWER,
  common,
  csvRows,
  REQUEST,
  rowsOf,
  runBeside,
  runTcp,
  shownOf,
} from "./tcp_workload.ts";

for (const kind of ["server", "client", "prefork"] as const) {
  const first = kind === "server" ? "server" : "client";
  kernelTest(`${kind}: 23 connections have their own processes and bytes`, {}, async () => {
    const { rows, made } = await shownOf("tcplife", [], 46, (tool) => runTcp(tool, kind, 23));
    const clients = rowsOf(rows, made.client);
    const servers = rowsOf(rows, made.server);
    assertEquals([clients.length, servers.length], [23, 23]);
    const fields = ["comm", "tx_bytes", "rx_bytes", "direction", "end", "closed_by", "error"];
    assertEquals(
      common(clients, ...fields),
      [
        "tcp",
        `${REQUEST}`,
        `${ANSWER}`,
        "connect",
        "fin",
        first === "client" ? "local" : "remote",
        "",
      ],
    );
    assertEquals(
      common(servers, ...fields),
      [
        "tcp-server",
        `${ANSWER}`,
        `${REQUEST}`,
        "accept",
        "fin",
        first === "server" ? "local" : "remote",
        "",
      ],
    );
    assertEquals(common(servers, "lport", "ip", "uid"), [`${made.port}`, "4", "0"]);
    for (const { duration_ns, handshake_ns } of clients) {
      assert(BigInt(handshake_ns) > 0n && BigInt(duration_ns) > BigInt(handshake_ns));
    }
    assertEquals(common(clients, "owner_by"), ["connect"]);
    assertEquals(common(servers, "owner_by"), ["close"]);
  });
}

kernelTest("a reset and a refusal are distinguished from an orderly end", {}, async () => {
  const { rows: resets, made } = await shownOf(
    "tcplife",
    [],
    14,
    (tool) => runTcp(tool, "reset", 7),
  );
  assertEquals(common(rowsOf(resets, made.server), "owner_by"), ["listener"]);
  const fields = ["end", "closed_by", "error", "tx_bytes", "rx_bytes"];
  assertEquals(common(rowsOf(resets, made.client), ...fields), [
    "reset",
    "local",
    "",
    "1009",
    "3001",
  ]);
  assertEquals(
    common(rowsOf(resets, made.server), ...fields),
    ["reset", "remote", "ECONNRESET", "3001", "1009"],
  );

  const refused = await shownOf("tcplife", [], 7, (tool) => runTcp(tool, "refused", 7));
  assertEquals(
    common(refused.rows, "pid", "handshake_ns", ...fields),
    [`${refused.made.client}`, "", "refused", "remote", "ECONNREFUSED", "0", "0"],
  );
});

const ephemeral = Array.from({ length: 101 }, (_, at) => 40_000 + at).join(",");
for (
  const [title, options, expected] of [
    ["-L", ["-L", "7007"], ["v4 server"]],
    ["-D", ["-D", "7007"], ["v4 client"]],
    ["-L of a port that the kernel chose", ["-L", ephemeral], ["v4 client", "v6 client"]],
    ["-L and -D", ["-L", "7007", "-D", ephemeral], ["v4 server"]],
    ["-4", ["-4"], ["v4 client", "v4 server"]],
    ["-6", ["-6"], ["v6 client", "v6 server"]],
  ] as const
) {
  kernelTest(`tcplife ${title} shows these connections and no others`, {}, async () => {
    const { rows, made } = await shownOf("tcplife", options, 7 * expected.length, (tool) => {
      const range = "/proc/sys/net/ipv4/ip_local_port_range";
      runBeside(tool, "sh", "-c", `echo "40000 40100" > ${range}`);
      const v6 = runTcp(tool, "client", 7, { address: "::1", port: 7009 });
      return { v6, v4: runTcp(tool, "client", 7, { port: 7007 }) };
    });
    for (const who of expected) {
      const [version, side] = who.split(" ") as ["v4" | "v6", "client" | "server"];
      assertEquals(rowsOf(rows, made[version][side]).length, 7, who);
    }
  });
}

kernelTest("a mapped address of an IPv6 socket is IPv4", {}, async () => {
  const address = "::ffff:127.0.0.1";
  const { rows } = await shownOf("tcplife", ["-4"], 14, (tool) => {
    runTcp(tool, "client", 7, { address: "::1" });
    return runTcp(tool, "client", 7, { address });
  });
  assertEquals(common(rows, "ip", "laddr", "raddr"), ["4", "127.0.0.1", "127.0.0.1"]);
});

kernelTest("tcplife asks the owner whether it is a target", {}, async () => {
  const shown = await shownOf("tcplife", ["--comm", "tcp-server"], 7, (tool) => {
    runTcp(tool, "refused", 3);
    return runTcp(tool, "server", 7);
  });
  assertEquals(common(shown.rows, "pid"), [`${shown.made.server}`]);
});

/** A connection of this process in a network of its own, and what ss(8) says of it. */
function pairInNamespace(bytes: number): { pair: TcpPair; netns: string; sockets: string } {
  using _ = new NetworkNamespace();
  const netns = /\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0];
  const pair = new TcpPair();
  for (let sent = 0; sent < bytes; sent++) pair.send();
  const { stdout } = new Deno.Command("ss", { args: ["-tinHO"] }).outputSync();
  return { pair, netns, sockets: new TextDecoder().decode(stdout) };
}

kernelTest("a connection from before the tool has its owner, and the bytes of ss", {}, async () => {
  const { pair, netns, sockets } = pairInNamespace(17);
  const sent = sockets.matchAll(/\bbytes_sent:(\d+)/g).map(([, bytes]) => bytes).toArray();
  const received = sockets.matchAll(/\bbytes_received:(\d+)/g).map(([, bytes]) => bytes).toArray();
  // Without the module tcp_diag ss reads /proc/net/tcp, which has no such numbers.
  const diagnosed = sockets.includes("bytes_");
  assertEquals([sent, received], diagnosed ? [["17"], ["17"]] : [[], []], sockets);

  await using tool = startTool("tcplife", ["-o", "csv", "--netns", netns, "--pid", `${Deno.pid}`]);
  await tool.until("\n");
  pair[Symbol.dispose]();
  await tool.until((stdout) => csvRows(stdout).length >= 2);
  const { stdout } = await tool.stop();
  const rows = csvRows(stdout);
  const fields = ["pid", "owner_by", "direction", "started", "duration_ns", "netns"];
  assertEquals(common(rows, ...fields), [`${Deno.pid}`, "start", "", "", "", netns]);
  assertEquals(rows.map((row) => `${row.tx_bytes} ${row.rx_bytes}`).sort(), ["0 17", "17 0"]);
});

kernelTest("-T and -w have tcplife's columns", {}, async () => {
  await using tool = startIsolated("tcplife", ["-T", "-w"]);
  await tool.until("\n");
  runTcp(tool, "client", 1, { address: "::1" });
  await tool.until(/2\.93[\s\S]*2\.93/);
  const { stdout } = await tool.stop();
  const [header, row] = stdout.split("\n");
  const address = (name: string) => name.padEnd(39);
  assertEquals(
    header,
    `TIME(s)  PID     COMM             ${address("LADDR")} LPORT ${address("RADDR")} RPORT ` +
      "TX_KB  RX_KB  MS",
  );
  assertMatch(row, /^\d\d:\d\d:\d\d \d+ +tcp(-server)? +::1 {36} \d+ +::1 {36} \d+ +[\d. ]+$/);
});
