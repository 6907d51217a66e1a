/** sockets against a workload that knows what it has made, and against /proc and ss. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type SocketRow, sockets } from "../../tools/sockets.ts";
import { exists } from "../exists.ts";
import { kernelTest, runTool, startCommand } from "../kernel/harness.ts";
import { toolCommand, withoutLosses } from "../kernel/running_tool.ts";
import { counted } from "./counted.ts";
import { HeldSockets } from "./held_sockets.ts";

type Options = NonNullable<Parameters<typeof sockets>[0]>;

/** Linux 5.15 */
const HAS_UNIX = Deno.readTextFileSync("/proc/kallsyms").includes(" bpf_iter_unix\n");

/** What is shown of a workload, whose network nobody else has. */
async function shown(held: HeldSockets, options: Options = {}): Promise<SocketRow[]> {
  using trace = sockets({ netns: held.netns, ...options });
  const rows = await Array.fromAsync(trace);
  assertEquals(trace.unseen.length, HAS_UNIX || withoutUnix(options) ? 0 : 1);
  return rows;
}

const withoutUnix = ({ tcp, udp, raw, packet, netlink }: Options) =>
  tcp || udp || raw || packet || netlink;

/** The only row of some. */
function only(rows: readonly SocketRow[], is: (row: SocketRow) => boolean): SocketRow {
  const found = rows.filter(is);
  assertEquals(found.length, 1, Deno.inspect(rows));
  return found[0];
}

kernelTest("23 sockets are shown, and those that nobody has accepted", {}, async () => {
  await using held = await HeldSockets.make("plain");
  const rows = await shown(held);
  assertEquals(counted(rows, ({ proto, type, state, ip }) => [proto, type, state, ip]), {
    "TCP stream LISTEN 4": 1,
    "TCP stream LISTEN 6": 2,
    "TCP stream ESTABLISHED 4": 4,
    "UDP dgram UNCONN 4": 3,
    "UDP dgram UNCONN 6": 1,
    "UDP dgram ESTABLISHED 4": 1,
    "UNIX stream LISTEN -": 1,
    "UNIX stream ESTABLISHED -": HAS_UNIX ? 6 : 5,
    "UNIX dgram UNCONN -": 1,
    "RAW raw UNCONN 4": 1,
    "RAW raw UNCONN 6": 1,
    "PACKET raw UNCONN -": 1,
    "NETLINK raw UNCONN -": 2,
  });
  const inodes = held.inodes();
  assertEquals(inodes.size, 23);
  const own = rows.filter(({ owner_by }) => owner_by === "file");
  assertEquals(new Map(own.map(({ fd, inode }) => [fd!, inode!])), inodes);
  for (const row of own) {
    const { pid, fd, comm } = row;
    assertEquals([pid, comm, row.pids], [held.pid, "sockets", [held.pid]]);
    assertEquals(row.holders, [{ pid: held.pid, comm: "sockets", fd: fd! }]);
    assertEquals([row.uid, row.netns, row.mptcp, row.drops], [0, held.netns, false, 0]);
  }
});

kernelTest("what nobody has accepted belongs to who listens", {}, async () => {
  await using held = await HeldSockets.make("plain");
  const rows = (await shown(held)).filter(({ owner_by }) => owner_by === "listener");
  assertEquals(rows.length, HAS_UNIX ? 2 : 1);
  for (const row of rows) {
    assertEquals([row.pid, row.comm, row.fd], [held.pid, "sockets", undefined]);
    assertEquals([row.pids, row.inode, row.peer_pid], [[], undefined, held.pid]);
  }
  const tcp = only(rows, ({ proto }) => proto === "TCP");
  assertEquals([tcp.laddr, tcp.lport, tcp.state], ["127.0.0.1", held.port, "ESTABLISHED"]);
  if (HAS_UNIX) {
    const { laddr } = only(rows, ({ proto }) => proto === "UNIX");
    assertEquals(laddr, `@denobpf-sockets-${held.pid}-stream`);
  }
});

kernelTest("queues, bytes, options and other ends are those of the workload", {}, async () => {
  await using held = await HeldSockets.make("plain");
  const rows = await shown(held);
  const listener = only(rows, ({ lport, state }) => lport === held.port && state === "LISTEN");
  assertEquals([listener.queue, listener.backlog_max], [1, 7]);
  assertEquals([listener.recv_queue_bytes, listener.rx_bytes], [undefined, undefined]);
  const server = only(
    rows,
    ({ lport, inode, state }) =>
      lport === held.port && inode !== undefined && state === "ESTABLISHED",
  );
  const client = only(rows, ({ inode }) => inode === server.peer_inode);
  assertEquals([server.rx_bytes, server.recv_queue_bytes], [1009n, 1009]);
  assertEquals([server.tx_sent_bytes, server.retransmits], [0n, 0]);
  assertEquals([client.tx_sent_bytes, client.send_queue_bytes, client.rx_bytes], [1009n, 0, 0n]);
  assertEquals([client.raddr, client.rport, client.lport], ["127.0.0.1", held.port, server.rport]);
  assertEquals([client.peer_inode, client.peer_comm], [server.inode, "sockets"]);
  assertEquals([client.options, server.options], [["keepalive"], []]);
  assert(client.srtt_us! > 0);

  const unix = only(rows, ({ proto, state }) => proto === "UNIX" && state === "LISTEN");
  assertEquals([unix.queue, unix.backlog_max], [1, 17]);
  const reader = only(rows, (row) => row.proto === "UNIX" && row.recv_queue_bytes === 77);
  const writer = only(rows, ({ inode }) => inode === reader.peer_inode);
  assertEquals([writer.peer_inode, writer.recv_queue_bytes], [reader.inode, 0]);
  assert(writer.send_queue_bytes! > 77 && writer.tx_sent_bytes === undefined);
  const connected = rows.filter(({ raddr }) => raddr === `@denobpf-sockets-${held.pid}-stream`);
  assertEquals(connected.length, 2);

  const listening = rows.filter(({ ip, state }) => ip === 6 && state === "LISTEN")
    .sort((a, b) => a.backlog_max! - b.backlog_max!);
  assertEquals(listening.map(({ laddr, options, backlog_max }) => [laddr, options, backlog_max]), [
    ["::1", ["v6only"], 11],
    ["::", ["reuseaddr"], 13],
  ]);
  const udp = rows.filter(({ proto }) => proto === "UDP");
  assertEquals(counted(udp, ({ options }) => [options.join()]), {
    "": 3,
    "broadcast": 1,
    "v6only": 1,
  });
  const unbound = only(udp, ({ lport }) => lport === undefined);
  assertEquals([unbound.laddr, unbound.raddr, unbound.rport], [undefined, undefined, undefined]);
  const other = (proto: string) =>
    rows.filter((row) => row.proto === proto)
      .map(({ laddr, lport, protocol }) => [laddr, lport, protocol]);
  assertEquals(other("RAW"), [["0.0.0.0", undefined, 1], ["::", undefined, 6]]);
  assertEquals(other("PACKET"), [["protocol 3 device 0", undefined, 0]]);
  assertEquals(other("NETLINK"), [
    [`pid ${held.pid} groups 5`, undefined, 0],
    [undefined, undefined, 16],
  ]);
});

/** Of /proc/net/tcp, by their numbers there. */
const STATES = [
  "",
  "ESTABLISHED",
  "SYN_SENT",
  "SYN_RECV",
  "FIN_WAIT1",
  "FIN_WAIT2",
  "TIME_WAIT",
  "CLOSE",
  "CLOSE_WAIT",
  "LAST_ACK",
  "LISTEN",
];

/** What is received and what is sent, of `00000000:000003F1`. */
function queues(words: string): string {
  return words.split(":").map((hex) => parseInt(hex, 16)).reverse().join(" ");
}

kernelTest("they are those of /proc/net, with states, queues and users", {}, async () => {
  await using held = await HeldSockets.make("plain");
  const rows = await shown(held);
  const listed = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"].flatMap((name) =>
    held.proc(name).map((words) => {
      const proto = name.replace("6", "").toUpperCase();
      return [proto, words[9], STATES[parseInt(words[3], 16)], queues(words[4]), words[7]].join(
        " ",
      );
    })
  );
  const found = rows.filter(({ proto, lport }) =>
    proto === "RAW" || proto === "TCP" || proto === "UDP" && lport
  ).map((row) => {
    const { proto, inode = 0n, state, queue, uid } = row;
    const queues = state === "LISTEN"
      ? `${queue} 0`
      : `${row.recv_queue_bytes} ${row.send_queue_bytes}`;
    return [proto, inode, state?.replace("UNCONN", "CLOSE"), queues, uid].join(" ");
  });
  assertEquals(found.sort(), listed.sort());
  assertEquals(found.length, 13);
  const inodes = (proto: string) =>
    rows.filter((row) => row.proto === proto && row.inode).map(({ inode }) => `${inode}`).sort();
  const inodesOf = (name: string, at: number) =>
    held.proc(name).map((words) => words[at]).filter((inode) => inode !== "0").sort();
  assertEquals(inodes("UNIX"), inodesOf("unix", 6));
  assertEquals(inodes("PACKET"), inodesOf("packet", 8));
  const all = await shown(held, { netlink: true });
  // the kernel lists those alone that are bound, or its own
  const known = all.filter(({ pid, laddr }) => pid === undefined || laddr !== undefined);
  assertEquals(known.map(({ inode }) => `${inode}`).sort(), inodesOf("netlink", 9));
  const ours = all.filter(({ pid }) => pid !== undefined);
  assertEquals([ours.length, ours.every(({ pid }) => pid === held.pid)], [2, true]);
  assert(all.length > ours.length);
});

kernelTest("processes and descriptors are those of ss", {}, async () => {
  await using held = await HeldSockets.make("plain");
  const rows = await shown(held);
  const names = {
    "TCP stream": "tcp",
    "UDP dgram": "udp",
    "PACKET raw": "p_raw",
    "UNIX stream": "u_str",
    "UNIX dgram": "u_dgr",
  };
  const listed = held.ss("-tux0anpH").flatMap((line) => {
    const user = /users:\(\("(.*)",pid=(\d+),fd=(\d+)\)\)/.exec(line);
    return user === null ? [] : [[line.split(" ")[0], ...user.slice(1)].join(" ")];
  });
  const found = rows.flatMap(({ proto, type, owner_by, lport, comm, pid, fd }) => {
    const netid = names[`${proto} ${type}` as keyof typeof names];
    const known = netid && owner_by === "file" && (proto !== "UDP" || lport);
    return known ? [`${netid} ${comm} ${pid} ${fd}`] : [];
  });
  assertEquals(found.sort(), listed.sort());
  assertEquals(found.length, 18);
});

kernelTest("a socket of several processes is one row, with all of them", {}, async () => {
  await using held = await HeldSockets.make("shared");
  const rows = await shown(held);
  // of the thread that has files of its own, some are its alone
  assertEquals(counted(rows, ({ pid, pids }) => [pid, pids.join()]), {
    [`${held.pid} ${held.pid},${held.other}`]: 5,
    [`${held.pid} ${held.pid}`]: 3,
  });
  for (const { fd, holders } of rows) assert(holders.every((holder) => holder.fd === fd));
  const child = await shown(held, { pid: [held.other] });
  assertEquals(counted(child, ({ pid, comm }) => [pid, comm]), {
    [`${held.other} sockets-child`]: 5,
  });
  assertEquals(child[0].pids, [held.pid, held.other]);
});

kernelTest("connections that are at an end or at their beginning are in no file", {}, async () => {
  await using held = await HeldSockets.make("ended");
  const rows = await shown(held);
  const without = rows.filter(({ owner_by }) => owner_by !== "file");
  assertEquals(counted(without, ({ state, pid, owner_by }) => [state, pid, owner_by]), {
    "TIME_WAIT - -": 5,
    "FIN_WAIT2 - -": 3,
    "FIN_WAIT1 - -": 1,
    [`SYN_RECV ${held.pid} listener`]: 7,
  });
  for (const { state, inode, uid, recv_queue_bytes, lport, rport } of without) {
    const stub = state !== "FIN_WAIT1";
    assertEquals([inode, uid, recv_queue_bytes], [
      undefined,
      stub ? undefined : 0,
      stub ? undefined : 0,
    ]);
    if (state === "SYN_RECV") assertEquals(lport, held.other);
    else assertEquals(rport, held.port);
  }
  const listeners = rows.filter(({ state }) => state === "LISTEN");
  assertEquals(counted(listeners, ({ lport, syn_queue }) => [lport, syn_queue]), {
    [`${held.port} 0`]: 1,
    [`${held.other} 7`]: 1,
  });
  const listed = held.proc("tcp").map(([, , , state]) => [STATES[parseInt(state, 16)]]);
  assertEquals(counted(rows, ({ state }) => [state]), counted(listed, (state) => state));
});

kernelTest("a socket that is on its way to a process is shown without one", {}, async () => {
  await using held = await HeldSockets.make("passed");
  const rows = await shown(held, { udp: true });
  assertEquals(rows.map(({ pid, pids, state }) => [pid, pids, state]), [
    [undefined, [], "UNCONN"],
    [undefined, [], "UNCONN"],
  ]);
  assert(rows.every(({ inode }) => inode! > 0n));
});

kernelTest("datagrams that did not fit are those of /proc/net/udp", {}, async () => {
  await using held = await HeldSockets.make("full");
  const [{ drops, lport }] = await shown(held, { udp: true });
  assertEquals([lport, `${drops}`], [held.port, held.proc("udp")[0].at(-1)]);
  assert(drops! > 900 && drops! < 997, `${drops}`);
});

if (exists("/dev/vsock")) {
  kernelTest("sockets of vsock have the ports that they listen at", {}, async () => {
    await using held = await HeldSockets.make("vsock");
    const rows = await shown(held);
    const fields = rows.map(({ proto, state, lport, laddr, backlog_max }) =>
      [proto, state, lport! - held.port, laddr, backlog_max].join(" ")
    );
    assertEquals(fields.sort(), [0, 1, 2].map((at) => `VSOCK LISTEN ${at} cid 4294967295 5`));
  });
}

if (exists("/proc/sys/net/mptcp")) {
  kernelTest("the paths of MPTCP belong to who has the connection open", {}, async () => {
    await using held = await HeldSockets.make("mptcp");
    const rows = await shown(held);
    const fields = counted(rows, ({ proto, state, pid, mptcp, inode }) => [
      proto,
      state,
      pid,
      mptcp,
      inode === undefined ? "" : "inode",
    ]);
    assertEquals(fields, {
      [`MPTCP LISTEN ${held.pid} false inode`]: 1,
      [`MPTCP ESTABLISHED ${held.pid} false inode`]: 2,
      [`TCP LISTEN ${held.pid} true `]: 1,
      [`TCP ESTABLISHED ${held.pid} true `]: 2,
    });
  });
}

const unix = HAS_UNIX ? 8 : 7;
for (
  const [options, count] of [
    [{ tcp: true }, 7],
    [{ udp: true }, 5],
    [{ unix: true }, unix],
    [{ raw: true }, 2],
    [{ packet: true }, 1],
    [{ tcp: true, raw: true, packet: true }, 10],
    [{ listening: true }, 12],
    [{ tcp: true, listening: true }, 3],
    [{ ipv4: true }, 10],
    [{ ipv6: true }, 4],
    [{ ipv4: true, ipv6: true }, 14],
    [{ uid: 65534 }, 0],
    [{ comm: "sockets" }, 17 + unix],
    [{ netns: 1 }, 0],
  ] as const satisfies readonly [Options, number][]
) {
  kernelTest(`sockets with ${JSON.stringify(options)} shows ${count}`, {}, async () => {
    await using held = await HeldSockets.make("plain");
    assertEquals((await shown(held, options)).length, count);
  });
}

kernelTest("--localport and --remoteport show these, with their owners", {}, async () => {
  await using held = await HeldSockets.make("plain");
  const at = await shown(held, { localport: [held.port, 6] });
  assertEquals(counted(at, ({ state, pid }) => [state, pid]), {
    [`LISTEN ${held.pid}`]: 1,
    [`ESTABLISHED ${held.pid}`]: 2,
  });
  const to = await shown(held, { remoteport: [held.port], tcp: true });
  assertEquals(to.map(({ rport, pid }) => [rport, pid]), [[held.port, held.pid], [
    held.port,
    held.pid,
  ]]);
  const ports = to.map(({ lport }) => lport!);
  const from = await shown(held, { remoteport: ports, pid: [held.pid] });
  assertEquals(counted(from, ({ owner_by }) => [owner_by]), { file: 1, listener: 1 });
});

kernelTest("targets are asked of all processes that have a socket open", {}, async () => {
  await using held = await HeldSockets.make("child");
  const rows = await shown(held, { comm: "sockets-child", udp: true });
  assertEquals(counted(rows, ({ pid, comm }) => [pid, comm]), {
    [`${held.other} sockets-child`]: 11,
  });
  assertEquals((await shown(held, { ppid: held.pid, udp: true })).length, 11);
  assertEquals((await shown(held, { pid: [held.pid], udp: true })).length, 0);
});

kernelTest("the words of the command line, and its columns", {}, async () => {
  await using held = await HeldSockets.make("plain");
  const netns = `${held.netns}`;
  const rows = async (...args: string[]) => {
    const { stdout, stderr, code } = await runTool("sockets", ["--netns", netns, ...args]);
    assertEquals([withoutLosses(stderr), code], ["", 0]);
    const [header, ...lines] = stdout.trimEnd().split("\n");
    return { header, lines };
  };
  const { header, lines } = await rows("-tuw0");
  assertMatch(header, /^PID {5}COMM {12}PROTO {3}STATE {7}LADDR {17}RADDR *$/);
  assertEquals(lines.length, 15);
  assertEquals(lines.filter((line) => / RAW +UNCONN +0\.0\.0\.0:ICMP +- *$/.test(line)).length, 1);
  const extended = await rows("-e", "-t", "-l", "--localport", `${held.port}`);
  assertMatch(
    extended.header,
    /^PID +COMM +PROTO +STATE +RECVQ +SENDQ +UID +INODE +NETNS +LADDR +RADDR *$/,
  );
  assertEquals(extended.lines.length, 1);
  assertMatch(
    extended.lines[0],
    new RegExp(
      `^${held.pid} +sockets +TCP +LISTEN +1 +7 +0 +[1-9]\\d+ +${netns} +127\\.0\\.0\\.1:${held.port} +- *$`,
    ),
  );
  assertEquals((await rows("-4", "-t", "-l", "--uid", "0")).lines.length, 1);
  assertEquals((await rows("-t", "--uid", "65534")).lines.length, 0);
  const wide = await rows("-6", "-u");
  assertMatch(wide.header, / LADDR6 {46}RADDR6 *$/);
  assertEquals(wide.lines.length, 1);
  const sorted = await rows("-x", "-u", "--sort", "-recv_queue_bytes", "--fields", "recvq,proto");
  assertMatch(sorted.lines.slice(0, 2).join("\n"), /^ *\d{4} UDP *\n *77 UNIX *$/);
  const { lines: kernels } = await rows("--netlink");
  assert(kernels.some((line) => /^- +- +NETLINK +UNCONN +ROUTE +- *$/.test(line)), kernels.join());
});

kernelTest("where it may not enter a network namespace, it says so", {}, async () => {
  await using held = await HeldSockets.make("plain");
  const caps = ["--bounding-set=-sys_admin", "--inh-caps=-sys_admin"];
  const command = ["setpriv", ...caps, ...toolCommand("sockets"), "-t", "-p", `${held.pid}`];
  await using tool = startCommand(command);
  const { stdout, stderr, code } = await tool.finish();
  assertEquals(code, 0, stderr);
  const networks = `(\\d+, )*${held.netns}(, \\d+)*`;
  assertMatch(
    stderr,
    new RegExp(
      `^sockets: not shown: sockets that no process has open in ${networks} \\(cannot enter .*\\)\n$`,
    ),
  );
  assertEquals(stdout.trimEnd().split("\n").length, 1 + 6);
});

kernelTest("a kernel without iter/unix is named, others are not", {}, async () => {
  const { stdout, stderr, code } = await runTool("sockets", ["-x", "--netns", "1"]);
  assertEquals([stdout.split("\n").length, code], [2, 0]);
  if (HAS_UNIX) assertEquals(stderr, "");
  else assertMatch(stderr, /^sockets: not shown: Unix sockets that no .* no iter\/unix, .*\)\n$/);
});
