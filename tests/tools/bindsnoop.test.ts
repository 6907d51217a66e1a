import { assert, assertEquals, assertMatch } from "@std/assert";
import { bindsnoop } from "../../tools/bindsnoop.ts";
import { exists } from "../exists.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest } from "../kernel/harness.ts";
import type { RunningTool } from "../kernel/running_tool.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { binds, runBinds } from "./binds.ts";
import { common, type CsvRow, runBeside, shownOf } from "./tcp_workload.ts";

/** How many rows there are of each value of some fields. */
function tally(rows: readonly CsvRow[], ...fields: string[]): Record<string, number> {
  const groups = Map.groupBy(rows, (row) => fields.map((field) => row[field]).join(" "));
  return Object.fromEntries(groups.entries().map(([key, of]) => [key, of.length]));
}

/** What is shown of processes that are called `binds`: ip(8) and others bind sockets as well. */
function shownBinds<T>(
  options: readonly string[],
  count: number,
  workload: (tool: RunningTool) => T,
): Promise<{ rows: CsvRow[]; made: T }> {
  return shownOf("bindsnoop", ["--comm", "binds", ...options], count, workload);
}

kernelTest("23 calls have their result, and the port that was asked for", {}, async () => {
  const { rows, made } = await shownBinds([], 23, (tool) => runBinds(tool, "plain"));
  assertEquals(common(rows, "pid", "tid", "comm"), [`${made.pid}`, `${made.pid}`, "binds"]);
  assertEquals(tally(rows, "proto", "ret", "error", "uid", "requested_port", "autobind"), {
    "TCP 0  0 7001 false": 1,
    "TCP 0  0 0 true": 12,
    "TCP -98 EADDRINUSE 0 7001 false": 7,
    "UNIX 0  0  false": 1,
    "TCP -13 EACCES 65534 80 false": 2,
  });
  assertEquals(tally(rows.filter(({ ret }) => ret !== "0"), "port", "addr", "requested_addr"), {
    "7001 127.0.0.1 127.0.0.1": 7,
    "80 127.0.0.1 127.0.0.1": 2,
  });
  const tcp = rows.filter(({ proto, ret }) => proto === "TCP" && ret === "0");
  assertEquals(common(tcp, "family", "type", "ip", "addr"), ["INET", "stream", "4", "127.0.0.1"]);
  const ports = tcp.map(({ port }) => Number(port));
  assertEquals([ports[0], new Set(ports).size], [7001, 13]);
  assert(ports.every((port) => port > 0), `${ports}`);
  assertEquals(new Set(tcp.map(({ fd }) => fd)).size, 13);
});

kernelTest("a name of a Unix socket is shown whole, and escaped", {}, async () => {
  using _ = new NetworkNamespace();
  const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);
  using trace = bindsnoop({ netns });
  const { stdout } = new Deno.Command(binds, { args: ["plain", "7001"] }).outputSync();
  trace.stop();
  const pid = Number(new TextDecoder().decode(stdout).split(" ")[0]);
  const names: (string | undefined)[] = [];
  for await (const bind of trace) {
    if (bind.pid === pid && bind.proto === "UNIX") names.push(bind.addr);
  }
  assertEquals(names, ["@denobpf\nbinds"]);
});

kernelTest("the options of a socket, and the device that it is bound to", {}, async () => {
  const { rows } = await shownBinds([], 7, (tool) => runBinds(tool, "options"));
  const all = "freebind transparent bind_address_no_port reuseaddr reuseport";
  assertEquals(
    common(rows, "proto", "family", "type", "options", "ifindex", "ifname", "port", "addr", "ip"),
    ["UDP", "INET6", "dgram", all, "1", "lo", "7001", "::1", "6"],
  );
});

kernelTest("sockets of all families are shown", {}, async () => {
  const { rows, made } = await shownBinds([], 5, (tool) => runBinds(tool, "families"));
  const shown = rows.map((row) =>
    ["proto", "type", "port", "addr", "ret"].map((name) => row[name]).join(",")
  );
  assertEquals(shown, [
    `UNIX,stream,,${made.path},0`,
    "UNIX,stream,,,0",
    "NETLINK,raw,,pid 0 groups 5,0",
    `PACKET,raw,,protocol ${0x88b5} device 1,0`,
    "ICMP,raw,,127.0.0.1,0",
  ]);
});

kernelTest("calls are shown that are refused at once", {}, async () => {
  await using tool = startIsolated("bindsnoop", ["-o", "csv"]);
  await tool.until("\n");
  const { pid } = runBinds(tool, "bad");
  const own = new RegExp(`^[^,]*,${pid},.*`, "gm");
  await tool.until((stdout) => (stdout.match(own)?.length ?? 0) >= 3);
  const { stdout } = await tool.stop();
  const names = stdout.split("\n")[0].split(",");
  const rows = (stdout.match(own) ?? []).map((line) => line.split(","));
  const shown = rows.map((cells) =>
    ["ret", "proto", "requested_port", "fd"].map((name) => cells[names.indexOf(name)])
  );
  assertEquals(shown.map(([ret, proto]) => [ret, proto]), [
    ["-9", "INET"],
    ["-88", "INET"],
    ["-22", "TCP"],
  ]);
  assertEquals(shown.map(([, , port]) => port), ["7001", "7001", "7001"]);
});

kernelTest("a mapped address of an IPv6 socket is IPv4", {}, async () => {
  const { rows } = await shownBinds(["-4"], 3, (tool) => {
    runBinds(tool, "options");
    return runBinds(tool, "mapped");
  });
  assertEquals(common(rows, "family", "ip", "addr"), ["INET6", "4", "127.0.0.1"]);
});

const mptcp = exists("/proc/sys/net/mptcp") ? ["mptcp"] as const : [];
for (const kind of mptcp) {
  kernelTest("MPTCP binds are shown once", {}, async () => {
    const { rows } = await shownBinds([], 5, (tool) => runBinds(tool, kind));
    assertEquals(common(rows, "proto", "ret", "family"), ["MPTCP", "0", "INET"]);
    assertEquals(rows.map(({ port }) => port), ["7001", "7002", "7003", "7004", "7005"]);
  });
}

kernelTest(
  "io_uring binds as other processes do",
  { needs: ["fentry", "io_uring_bind"] },
  async () => {
    const { rows, made } = await shownBinds([], 11, (tool) => runBinds(tool, "uring"));
    assertEquals(
      common(rows, "pid", "proto", "addr", "fd", "ret"),
      [`${made.pid}`, "TCP", "127.0.0.1", "", "0"],
    );
    assertEquals(rows.map(({ port }) => Number(port)), rows.map((_, at) => 7001 + at));
  },
);

if (Deno.build.arch === "x86_64") {
  kernelTest("32-bit programs bind as others do", { needs: ["fentry"] }, async () => {
    const { rows, made } = await shownBinds([], 3, (tool) => runBinds(tool, "compat"));
    assertEquals(
      common(rows, "pid", "proto", "addr", "ret"),
      [`${made.pid}`, "TCP", "127.0.0.1", "0"],
    );
    assertEquals(rows.map(({ port }) => port), ["7001", "7002", "7003"]);
  });
}

for (
  const [options, count, values] of [
    [["-x"], 9, { "-98": 7, "-13": 2 }],
    [["-P", "80,443"], 2, { "-13": 2 }],
    [["-P", "7001"], 8, { "0": 1, "-98": 7 }],
    [["-6"], 0, {}],
    [["-4"], 22, { "0": 13, "-98": 7, "-13": 2 }],
    [["--uid", "65534"], 2, { "-13": 2 }],
    [["--netns", "1"], 0, {}],
  ] as [string[], number, Record<string, number>][]
) {
  kernelTest(`bindsnoop ${options.join(" ")} shows these calls and no others`, {}, async () => {
    const { rows } = await shownBinds(options, count, (tool) => runBinds(tool, "plain"));
    assertEquals(tally(rows, "ret"), values);
  });
}

kernelTest("-P takes the port that the kernel has chosen, too", {}, async () => {
  const ports = Array.from({ length: 101 }, (_, at) => 40_000 + at).join(",");
  const { rows } = await shownBinds(["-P", ports], 12, (tool) => {
    const range = "/proc/sys/net/ipv4/ip_local_port_range";
    runBeside(tool, "sh", "-c", `echo "40000 40100" > ${range}`);
    return runBinds(tool, "plain");
  });
  assertEquals(common(rows, "requested_port", "autobind"), ["0", "true"]);
});

kernelTest("bindsnoop --cgroup shows the calls of a cgroup alone", {}, async () => {
  await using cgroup = new Cgroup();
  const { rows } = await shownBinds(["--cgroup", cgroup.path], 23, (tool) => {
    runBinds(tool, "mapped");
    runBeside(tool, ...cgroup.command(binds, "plain", "7001"));
  });
  assertEquals(tally(rows, "ret"), { "0": 14, "-98": 7, "-13": 2 });
});

kernelTest("bindsnoop counts what strace counts", {}, async () => {
  let traced = "";
  const { rows } = await shownBinds([], 23 + 5 + 7, (tool) => {
    runBeside(tool, "ip", "link", "set", "lo", "up");
    for (const kind of ["plain", "families", "options"]) {
      const strace = `strace -qq -e trace=bind ${binds} ${kind} 7001`;
      traced += runBeside(tool, "sh", "-c", `${strace} 2>&1 >/dev/null`);
    }
  });
  const calls = (pattern: string) => traced.match(new RegExp(pattern, "gm"))?.length ?? 0;
  assertEquals(tally(rows, "ret"), {
    "0": calls("= 0$"),
    "-98": calls("EADDRINUSE"),
    "-13": calls("EACCES"),
  });
  assertEquals(tally(rows, "family"), {
    INET: calls("sa_family=AF_INET,"),
    UNIX: calls("sa_family=AF_UNIX"),
    NETLINK: calls("sa_family=AF_NETLINK"),
    PACKET: calls("sa_family=AF_PACKET"),
    INET6: calls("sa_family=AF_INET6"),
  });
});

kernelTest("the columns of bindsnoop are those of the C tool, with -t and -U", {}, async () => {
  await using tool = startIsolated("bindsnoop", ["-t", "-U"]);
  await tool.until("\n");
  const { pid } = runBinds(tool, "options");
  await tool.until(new RegExp(`(${pid} [^]*){7}\n`));
  const { stdout } = await tool.stop();
  const [header, ...rows] = stdout.split("\n");
  assertEquals(
    header.trimEnd(),
    "TIME(s)  UID    PID     COMM             RET        PROTO   OPTS  IF    PORT  ADDR",
  );
  const own = rows.filter((row) => row.includes(` ${pid} `));
  assertEquals(own.length, 7);
  for (const row of own) {
    assertMatch(
      row,
      new RegExp(
        `^\\d\\d:\\d\\d:\\d\\d 0      ${
          String(pid).padEnd(7)
        } binds            0          UDP     ` +
          "FTNRr 1     7001  ::1 *$",
      ),
    );
  }
});
