import { assert, assertEquals, assertMatch } from "@std/assert";
import { tcpaccept } from "../../tools/tcpaccept.ts";
import { exists } from "../exists.ts";
import { hasFeature } from "../kernel/features.ts";
import { kernelTest } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { TcpPair } from "../kernel/tcp_pair.ts";
import {
  common,
  type CsvRow,
  networkCounter,
  rowsOf,
  runAccepts,
  runBeside,
  runTcp,
  shownOf,
} from "./tcp_workload.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

/** How many rows there are of each result. */
function results(rows: readonly CsvRow[]): Record<string, number> {
  return Object.fromEntries(
    Map.groupBy(rows, (row) => row.result).entries().map(([result, of]) => [result, of.length]),
  );
}

kernelTest("23 connections have the process that accepts them", {}, async () => {
  const { rows, made } = await shownOf("tcpaccept", [], 23 + 7 + 5, (tool) => ({
    plain: runTcp(tool, "prefork", 23),
    mapped: runTcp(tool, "server", 7, { address: "::ffff:127.0.0.1" }),
    v6: runTcp(tool, "client", 5, { address: "::1" }),
    refused: runTcp(tool, "refused", 3),
    passive: networkCounter(tool, "Tcp", "PassiveOpens"),
  }));
  assertEquals(made.passive, rows.length);
  const fields = ["comm", "ip", "laddr", "raddr", "lport", "owner_by", "result", "error", "uid"];
  for (
    const [run, count, ip, address] of [
      [made.plain, 23, "4", "127.0.0.1"],
      [made.mapped, 7, "4", "127.0.0.1"],
      [made.v6, 5, "6", "::1"],
    ] as const
  ) {
    const own = rowsOf(rows, run.server);
    assertEquals(
      [own.length, ...common(own, ...fields)],
      [count, "tcp-server", ip, address, address, `${run.port}`, "accept", "accepted", "", "0"],
    );
  }
});

const mptcp = exists("/proc/sys/net/mptcp") ? ["mptcp"] as const : [];
for (const kind of ["late", ...mptcp] as const) {
  kernelTest(`23 connections that wait have their places in the queue: ${kind}`, {}, async () => {
    const { rows, made } = await shownOf("tcpaccept", [], 23, (tool) => {
      return runAccepts(tool, kind, 23);
    });
    assertEquals(
      common(rows, "pid", "comm", "lport", "queue_max", "mptcp"),
      [`${made.pid}`, "accepts", `${made.port}`, "23", `${kind === "mptcp"}`],
    );
    assertEquals(rows.map(({ queue }) => Number(queue)), numbers(23));
    assertEquals([rows[0].fd, new Set(rows.map(({ fd }) => fd)).size], [`${made.fd}`, 23]);
    for (const { wait_ns } of rows) assert(BigInt(wait_ns) > 0n);
  });
}

kernelTest("a connection waits as long as its process lets it", {}, async () => {
  using _ = new NetworkNamespace();
  const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);
  using trace = tcpaccept({ netns });
  const begin = performance.now();
  using pair = new TcpPair(() => {
    const waiting = performance.now();
    while (performance.now() - waiting < 23);
  });
  const most = performance.now() - begin;
  trace.stop();
  const waits: number[] = [];
  for await (const { pid, wait_ns } of trace) {
    assertEquals(pid, Deno.pid);
    waits.push(Number(wait_ns) / 1e6);
  }
  assertEquals(waits.length, 1);
  assert(23 <= waits[0] && waits[0] <= most, `${waits} of ${most}`);
  assert(pair.sender > 0);
});

kernelTest("--failed shows why accept() fails", {}, async () => {
  const { rows, made } = await shownOf("tcpaccept", ["--failed"], 13 + 1, (tool) => {
    runTcp(tool, "refused", 3);
    return runAccepts(tool, "full", 13);
  });
  assertEquals(results(rows), { failed: 13, accepted: 1 });
  const failed = rows.filter(({ result }) => result === "failed");
  assertEquals(
    common(failed, "pid", "comm", "error", "laddr", "lport", "queue", "wait_ns", "fd"),
    [`${made.pid}`, "accepts", "EMFILE", "127.0.0.1", `${made.port}`, "1", "", ""],
  );
});

kernelTest("--dropped shows connections that nobody has accepted", {}, async () => {
  const { rows, made } = await shownOf("tcpaccept", ["--dropped"], 7 + 5 + 5, (tool) => ({
    dropped: runAccepts(tool, "dropped", 7),
    reset: runAccepts(tool, "reset", 5),
  }));
  const dropped = rowsOf(rows, made.dropped.pid);
  assertEquals(results(dropped), { dropped: 7 });
  assertEquals(common(dropped, "owner_by", "fd", "error"), ["listener", "", ""]);
  assertEquals(dropped.map(({ queue }) => Number(queue)).sort(), numbers(7));
  const reset = rowsOf(rows, made.reset.pid);
  assertEquals(results(reset), { dropped: 5, accepted: 5 });
  for (const { wait_ns } of rows) assert(BigInt(wait_ns) > 0n);
});

for (const more of [[], ["--fields", "netns,pid,lport,owner_by,wait_ns"]]) {
  kernelTest(
    `io_uring accepts, ${more.length > 0 ? "without" : "with"} fd`,
    { needs: ["fentry"] },
    async () => {
      const { rows, made } = await shownOf("tcpaccept", more, 23, (tool) => {
        return runAccepts(tool, "uring", 23);
      });
      assertEquals(
        common(rows, "pid", "lport", "owner_by"),
        [`${made.pid}`, `${made.port}`, "accept"],
      );
    },
  );
}

if (!hasFeature("fentry")) {
  kernelTest("what io_uring accepts is not seen, and not dropped", {}, async () => {
    const { rows } = await shownOf("tcpaccept", ["--dropped"], 7, (tool) => {
      runAccepts(tool, "uring", 5);
      runAccepts(tool, "late", 7);
    });
    assertEquals(results(rows), { accepted: 7 });
  });
}

for (
  const [title, options, expected] of [
    ["-P", ["-P", "7007,7008"], ["v4"]],
    ["-4", ["-4"], ["v4"]],
    ["-6", ["-6"], ["v6"]],
    ["-D", ["-D", Array.from({ length: 101 }, (_, at) => 40_000 + at).join(",")], ["v4", "v6"]],
    ["--comm", ["--comm", "tcp-server"], ["v4", "v6"]],
  ] as const
) {
  kernelTest(`tcpaccept ${title} shows these connections and no others`, {}, async () => {
    const { rows, made } = await shownOf("tcpaccept", options, 7 * expected.length, (tool) => {
      const range = "/proc/sys/net/ipv4/ip_local_port_range";
      const narrow = (ports: string) => runBeside(tool, "sh", "-c", `echo "${ports}" > ${range}`);
      narrow("50000 50100");
      // of IPv4
      if (title !== "-4") runAccepts(tool, "late", 3);
      narrow("40000 40100");
      const v6 = runTcp(tool, "prefork", 7, { address: "::1", port: 7009 });
      return { v6, v4: runTcp(tool, "prefork", 7, { port: 7007 }) };
    });
    for (const who of expected) assertEquals(rowsOf(rows, made[who].server).length, 7, who);
  });
}

kernelTest("--netns and --uid leave out what is not theirs", {}, async () => {
  for (const options of [["--netns", "1"], ["--uid", "65534"]]) {
    const { rows } = await shownOf("tcpaccept", options, 0, (tool) => runTcp(tool, "server", 3));
    assertEquals(rows, []);
  }
});

kernelTest("tcpaccept counts what strace counts", {}, async () => {
  let traced = "";
  const { rows } = await shownOf("tcpaccept", ["--failed"], 1 + 7 + 23, (tool) => {
    runBeside(tool, "ip", "link", "set", "lo", "up");
    const strace = "strace -f -qq -e trace=accept,accept4 build/tests/accepts";
    for (const kind of ["full 7", "late 23"]) {
      traced += runBeside(tool, "sh", "-c", `${strace} ${kind} 2>&1 >/dev/null`);
    }
  });
  const fds = traced.matchAll(/= (\d+)$/gm).map(([, fd]) => fd).toArray();
  const accepted = rows.filter(({ result }) => result === "accepted");
  assertEquals(accepted.map(({ fd }) => fd), fds);
  assertEquals(results(rows).failed, traced.match(/= -1 EMFILE/g)?.length);
});

kernelTest(
  "the columns of tcpaccept are those of the Python tool, with -T and -t",
  {},
  async () => {
    await using tool = startIsolated("tcpaccept", ["-T", "-t", "-P", "7019"]);
    await tool.until("\n");
    const { server } = runTcp(tool, "client", 2, { port: 7019 });
    await tool.until(/( 7019 *\n[^]*){2}/);
    const { stdout } = await tool.stop();
    const [header, ...rows] = stdout.trimEnd().split("\n");
    assertEquals(
      header,
      "TIME     TIME(s)   PID     COMM         IP RADDR            RPORT LADDR            LPORT",
    );
    for (const row of rows) {
      assertMatch(
        row,
        new RegExp(
          `^\\d\\d:\\d\\d:\\d\\d \\d+\\.\\d{3} +${String(server).padEnd(7)} tcp-server   4  ` +
            "127\\.0\\.0\\.1        \\d+ +127\\.0\\.0\\.1        7019 *$",
        ),
      );
    }
    assertEquals([rows.length, rows[0].split(" ")[1]], [2, "0.000"]);
  },
);

kernelTest("--wait adds the queue, and --failed the result", {}, async () => {
  await using tool = startIsolated("tcpaccept", ["--wait", "--failed", "-P", "7021"]);
  await tool.until("\n");
  runAccepts(tool, "full", 1, { port: 7021 });
  await tool.until(/accepted.*\n/);
  const { stdout } = await tool.stop();
  const [header, failed, accepted] = stdout.split("\n");
  assertMatch(header, / LPORT WAIT\(ms\) QUEUE {3}MAX RESULT {3}ERROR *$/);
  assertMatch(failed, / 7021 +- +1 +1 failed {3}EMFILE *$/);
  assertMatch(accepted, / 7021 +\d+\.\d\d +0 +1 accepted - *$/);
});
