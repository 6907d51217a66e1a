import { assert, assertEquals, assertMatch } from "@std/assert";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { exists } from "../exists.ts";
import { hasFeature } from "../kernel/features.ts";
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
  runAccepts,
  runBeside,
  runConnects,
  runTcp,
  shownOf,
} from "./tcp_workload.ts";

/** How many sockets have had these types of events, in this order. */
function stories(rows: readonly CsvRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const events of Map.groupBy(rows, (row) => row.sock_id).values()) {
    const story = events.map(({ type }) => type).join(" ");
    counts[story] = (counts[story] ?? 0) + 1;
  }
  return counts;
}

for (const kind of ["server", "client", "prefork", "reset"] as const) {
  kernelTest(`${kind}: 23 mapped and 23 plain pairs have all their events`, {}, async () => {
    const { rows, made } = await shownOf("tcptracer", [], 46 * 4, (tool) => ({
      plain: runTcp(tool, kind, 23),
      mapped: runTcp(tool, kind, 23, { address: "::ffff:127.0.0.1" }),
      active: networkCounter(tool, "Tcp", "ActiveOpens"),
      passive: networkCounter(tool, "Tcp", "PassiveOpens"),
    }));
    assertEquals([made.active, made.passive], [46, 46]);
    assertEquals(stories(rows), { "connect close": 46, "accept close": 46 });
    for (const { client, server, port } of [made.plain, made.mapped]) {
      const clients = rowsOf(rows, client);
      const servers = rowsOf(rows, server);
      assertEquals(stories(clients), { "connect close": 23 });
      assertEquals(stories(servers), { "accept close": 23 });
      const fields = ["comm", "ip", "laddr", "raddr", "owner_by", "direction", "mptcp"];
      const ends = ["4", "127.0.0.1", "127.0.0.1"];
      assertEquals(
        common(clients, ...fields, "rport"),
        ["tcp", ...ends, "connect", "connect", "false", `${port}`],
      );
      assertEquals(
        common(servers, ...fields, "lport"),
        ["tcp-server", ...ends, "accept", "accept", "false", `${port}`],
      );
    }
    for (const { type, pid, tid, latency_ns, wait_ns, duration_ns, fd, queue } of rows) {
      assertEquals(tid, pid);
      const times = { connect: latency_ns, accept: wait_ns, close: duration_ns };
      for (const [name, time] of Object.entries(times)) {
        if (name === type) assert(BigInt(time) > 0n, name);
        else assertEquals(time, "", name);
      }
      assertEquals([fd !== "", queue !== ""], [type === "accept", type === "accept"]);
    }
  });
}

kernelTest("--type adds attempts that fail, and leaves out the others", {}, async () => {
  const { rows, made } = await shownOf("tcptracer", ["--type", "fail"], 7 + 3 + 5, (tool) => ({
    refused: runTcp(tool, "refused", 7),
    closed: runConnects(tool, "closed", 3),
    full: runAccepts(tool, "full", 5),
    served: runTcp(tool, "server", 3),
  }));
  const refused = rowsOf(rows, made.refused.client);
  const closed = rowsOf(rows, made.closed.client);
  const full = rowsOf(rows, made.full.pid);
  assertEquals([refused.length, closed.length, full.length], [7, 3, 5]);
  const fields = ["type", "comm", "error", "direction", "owner_by"];
  assertEquals(common(refused, ...fields, "rport", "wait_ns", "duration_ns"), [
    "fail",
    "tcp",
    "ECONNREFUSED",
    "connect",
    "connect",
    `${made.refused.port}`,
    "",
    "",
  ]);
  assertEquals(common(closed, ...fields), ["fail", "connects", "", "connect", "connect"]);
  assertEquals(
    common(full, ...fields, "laddr", "lport", "rport", "queue", "queue_max", "latency_ns"),
    ["fail", "accepts", "EMFILE", "accept", "accept", "127.0.0.1", `${made.full.port}`, "0"]
      .concat(["1", "5", ""]),
  );
});

kernelTest("connections that end before they are accepted are no closes", {}, async () => {
  const types = ["--type", "accept,close,drop,connect"];
  const { rows, made } = await shownOf("tcptracer", types, 7 * 3 + 5 * 5, (tool) => ({
    dropped: runAccepts(tool, "dropped", 7),
    reset: runAccepts(tool, "reset", 5),
  }));
  const dropped = rowsOf(rows, made.dropped.pid);
  assertEquals(stories(dropped), { "connect close": 7, drop: 7 });
  const drops = dropped.filter(({ type }) => type === "drop");
  assertEquals(
    common(drops, "lport", "owner_by", "direction", "queue_max", "fd"),
    [`${made.dropped.port}`, "listener", "accept", "7", ""],
  );
  assertEquals(drops.map(({ queue }) => Number(queue)).sort(), [0, 1, 2, 3, 4, 5, 6]);
  const reset = rowsOf(rows, made.reset.pid);
  assertEquals(stories(reset), { "connect close": 5, "drop accept close": 5 });
  const accepts = reset.filter(({ type }) => type === "accept");
  assertEquals(common(accepts, "owner_by", "lport"), ["accept", `${made.reset.port}`]);
  for (const { wait_ns } of accepts) assert(BigInt(wait_ns) > 0n);

  const usual = await shownOf("tcptracer", [], 7 * 2 + 5 * 4, (tool) => {
    runAccepts(tool, "dropped", 7);
    runAccepts(tool, "reset", 5);
  });
  assertEquals(stories(usual.rows), { "connect close": 12, "accept close": 5 });
});

const mptcp = exists("/proc/sys/net/mptcp") ? ["mptcp"] as const : [];
for (const kind of ["late", ...mptcp] as const) {
  for (const fields of ["fd", "comm"]) {
    kernelTest(`each accept is reported once: ${kind}, with ${fields}`, {}, async () => {
      const names = `type,netns,pid,sock_id,lport,mptcp,${fields}`;
      const options = ["--type", "accept", "--fields", names];
      const { rows, made } = await shownOf(
        "tcptracer",
        options,
        23,
        (tool) => runAccepts(tool, kind, 23),
      );
      assertEquals(
        common(rows, "pid", "type", "lport", "mptcp"),
        [`${made.pid}`, "accept", `${made.port}`, `${kind === "mptcp"}`],
      );
      assertEquals(new Set(rows.map((row) => row.sock_id)).size, 23);
      if (fields !== "fd") return;
      assertEquals([rows[0].fd, new Set(rows.map(({ fd }) => fd)).size], [`${made.fd}`, 23]);
    });
  }
}

for (const fields of ["fd", "comm"]) {
  kernelTest(
    `io_uring accepts as other processes do: ${fields}`,
    { needs: ["fentry"] },
    async () => {
      const names = `type,netns,pid,owner_by,sock_id,${fields}`;
      const { rows, made } = await shownOf("tcptracer", ["--fields", names], 23 * 4, (tool) => {
        return runAccepts(tool, "uring", 23);
      });
      assertEquals(stories(rows), { "connect close": 23, "accept close": 23 });
      assertEquals(common(rows, "pid"), [`${made.pid}`]);
      const accepts = rows.filter(({ type }) => type === "accept");
      assertEquals(common(accepts, "owner_by", ...fields === "fd" ? [fields] : []), [
        "accept",
        ...fields === "fd" ? [""] : [],
      ]);
    },
  );
}

if (!hasFeature("fentry")) {
  kernelTest("what io_uring accepts is no drop where that is not seen", {}, async () => {
    const types = ["--type", "connect,close,drop"];
    const { rows, made } = await shownOf("tcptracer", types, 23 * 3, (tool) => {
      return runAccepts(tool, "uring", 23);
    });
    assertEquals(stories(rows), { "connect close": 23, close: 23 });
    const closes = rows.filter(({ direction }) => direction === "accept");
    assertEquals(common(closes, "pid"), [`${made.pid}`]);
  });
}

const ephemeral = Array.from({ length: 101 }, (_, at) => 40_000 + at).join(",");
for (
  const [title, options, expected] of [
    ["-L", ["-L", "7007"], ["v4 server"]],
    ["-D", ["-D", "7007"], ["v4 client"]],
    ["-L of ports that the kernel chose", ["-L", ephemeral], ["v4 client", "v6 client"]],
    ["-4", ["-4"], ["v4 client", "v4 server"]],
    ["-6", ["-6"], ["v6 client", "v6 server"]],
    ["--comm", ["--comm", "tcp-server"], ["v4 server", "v6 server"]],
  ] as const
) {
  kernelTest(`tcptracer ${title} shows these events and no others`, {}, async () => {
    const { rows, made } = await shownOf("tcptracer", options, 14 * expected.length, (tool) => {
      const range = "/proc/sys/net/ipv4/ip_local_port_range";
      runBeside(tool, "sh", "-c", `echo "40000 40100" > ${range}`);
      const v6 = runTcp(tool, "prefork", 7, { address: "::1", port: 7009 });
      return { v6, v4: runTcp(tool, "prefork", 7, { port: 7007 }) };
    });
    for (const who of expected) {
      const [version, side] = who.split(" ") as ["v4" | "v6", "client" | "server"];
      assertEquals(rowsOf(rows, made[version][side]).length, 14, who);
    }
  });
}

kernelTest("-N and --uid leave out what is not theirs", {}, async () => {
  for (const options of [["-N", "1"], ["--uid", "65534"]]) {
    const { rows } = await shownOf("tcptracer", options, 0, (tool) => runTcp(tool, "server", 3));
    assertEquals(rows, []);
  }
});

kernelTest("the end of a connection from before the trace has its owner", {}, async () => {
  const [pair, netns] = (() => {
    using _ = new NetworkNamespace();
    return [new TcpPair(), /\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]];
  })();
  await using tool = startTool("tcptracer", ["-o", "csv", "-N", netns, "--pid", `${Deno.pid}`]);
  await tool.until("\n");
  pair[Symbol.dispose]();
  await tool.until((stdout) => csvRows(stdout).length >= 2);
  const { stdout } = await tool.stop();
  const rows = csvRows(stdout);
  assertEquals(stories(rows), { close: 2 });
  assertEquals(
    common(rows, "pid", "owner_by", "direction", "duration_ns"),
    [`${Deno.pid}`, "start", "", ""],
  );
});

kernelTest("tcptracer counts what strace counts", {}, async () => {
  let traced = "";
  const types = ["--type", "connect,accept,fail"];
  const { rows } = await shownOf("tcptracer", types, 1 + 1 + 7 + 23 * 2, (tool) => {
    runBeside(tool, "ip", "link", "set", "lo", "up");
    const strace = "strace -f -qq -e trace=connect,accept,accept4 build/tests/accepts";
    for (const kind of ["full 7", "late 23"]) {
      traced += runBeside(tool, "sh", "-c", `${strace} ${kind} 2>&1 >/dev/null`);
    }
  });
  const calls = (pattern: string) => traced.match(new RegExp(pattern, "gm"))?.length ?? 0;
  const count = (type: string) => rows.filter((row) => row.type === type).length;
  assertEquals(count("connect"), calls("connect\\(.*= 0$"));
  assertEquals(count("accept"), calls("accept4?\\(.*= \\d+$"));
  assertEquals(count("fail"), calls("= -1 EMFILE"));
  assertEquals(calls("= -1 EAGAIN"), 1);
});

kernelTest("the columns of tcptracer are those of the C tool, with -t and -U", {}, async () => {
  await using tool = startIsolated("tcptracer", ["-t", "-U"]);
  await tool.until("\n");
  netnsOf(tool);
  const { client, server } = runTcp(tool, "client", 1, { port: 7019 });
  await tool.until(new RegExp(`X ${client} [^]*\n`));
  const { stdout } = await tool.stop();
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(
    header,
    "TIME(s)   UID    T PID    COMM         IP SADDR            DADDR            SPORT DPORT",
  );
  const own = rows.filter((row) => row.includes("7019"));
  const row = (letter: string, pid: number, comm: string, ports: string) =>
    new RegExp(
      `^\\d+\\.\\d{3} +0      ${letter} ${String(pid).padEnd(6)} ${comm.padEnd(12)} 4  ` +
        `127\\.0\\.0\\.1        127\\.0\\.0\\.1        ${ports} *$`,
      "m",
    );
  assertEquals(own.length, 4);
  assertMatch(rows[0], /^0\.000 /);
  assertMatch(stdout, row("C", client, "tcp", "\\d+ +7019"));
  assertMatch(stdout, row("A", server, "tcp-server", "7019  \\d+"));
  assertMatch(stdout, row("X", client, "tcp", "\\d+ +7019"));
});

kernelTest("a type that there is not is refused", {}, async () => {
  await using tool = startTool("tcptracer", ["--type", "bind"]);
  const { stderr, code } = await tool.finish();
  assertEquals(code, 64);
  assertMatch(stderr, /--type.*bind.*connect/);
});
