/** solisten against a workload that knows its calls, and against strace and ss. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Listen, solisten } from "../../tools/solisten.ts";
import { exists } from "../exists.ts";
import { kernelTest } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { counted } from "./counted.ts";
import { listens, runListens } from "./listens.ts";
import { shownOf } from "./tcp_workload.ts";

type Options = NonNullable<Parameters<typeof solisten>[0]>;

const netnsHere = () => Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);

/** What is shown of a workload that ends by itself, which has a network of its own. */
async function eventsOf(options: Options, ...command: string[]) {
  using _ = new NetworkNamespace();
  using trace = solisten(options);
  const [program, ...args] = command;
  const { success, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  trace.stop();
  const [pid, port] = decoder.decode(stdout).split(" ").map(Number);
  const events = (await Array.fromAsync(trace)).filter((event) => event.pid === pid);
  return { events, pid, port, netns: netnsHere(), stderr: decoder.decode(stderr) };
}

const SOMAXCONN = Number(Deno.readTextFileSync("/proc/sys/net/core/somaxconn"));

kernelTest("23 calls have their sockets, and what each asked for and got", {}, async () => {
  const { events, port, netns } = await eventsOf({}, listens, "plain");
  const ofWhat = ({ ret, error, proto, family, type, ip, addr }: Listen) => {
    const name = addr?.replace(/\d+-\d$/, "N");
    return [ret === 0 ? "" : error, proto, family, type, ip, name];
  };
  assertEquals(counted(events, ofWhat), {
    " TCP INET stream 4 0.0.0.0": 2,
    " TCP INET6 stream 6 ::1": 5,
    " TCP INET stream 4 127.0.0.1": 1,
    "EADDRINUSE TCP INET stream 4 127.0.0.1": 1,
    " UNIX UNIX stream - @denobpf\nlistens-N": 3,
    " UNIX UNIX seqpacket - @denobpf\nlistens-N": 2,
    "EOPNOTSUPP UDP INET dgram 4 0.0.0.0": 7,
    "EBADF - - - - -": 1,
    "ENOTSOCK - - - - -": 1,
  });
  const [first, second] = events;
  // it had none before the first call
  assertEquals([first, second].map((event) => event.port), [port, port]);
  assertEquals([first, second].map(({ backlog, backlog_max }) => [backlog, backlog_max]), [
    [7, Math.min(7, SOMAXCONN)],
    [11, Math.min(11, SOMAXCONN)],
  ]);
  assertEquals(first.fd, second.fd);
  for (const event of events) {
    assertEquals([event.already, event.uid, event.comm], [false, 0, "listens"]);
    if (event.family !== undefined) assertEquals(event.netns, netns);
    if (event.family !== "INET6") continue;
    assertEquals([event.backlog, event.backlog_max], [1_000_000, SOMAXCONN]);
  }
  const { EBADF = [], EADDRINUSE = [] } = Object.groupBy(events, ({ error }) => error ?? "");
  assertEquals([EBADF[0].fd, EBADF[0].backlog_max], [undefined, undefined]);
  assert(EADDRINUSE[0].port! > 0);
});

kernelTest("the calls are those of strace", {}, async () => {
  const command = ["strace", "-f", "-qq", "-e", "trace=listen", listens, "plain"];
  const { events, stderr } = await eventsOf({}, ...command);
  const calls = [...stderr.matchAll(/^listen\((-?\d+), (\d+)\) += (?:0|-1 (E\w+))/gm)];
  assertEquals(calls.length, 23);
  assertEquals(
    events.map(({ fd, backlog, error }) => [fd ?? -1, backlog, error]),
    calls.map(([, fd, backlog, error]) => [Number(fd), Number(backlog), error]),
  );
});

const mptcp = exists("/proc/sys/net/mptcp") ? ["mptcp"] as const : [];
for (
  const [kind, count, proto, needs] of [
    ...mptcp.map((kind) => [kind, 5, "MPTCP", []] as const),
    ["uring", 11, "TCP", ["fentry", "io_uring_bind"]] as const,
    ["compat", 3, "TCP", ["fentry"]] as const,
  ]
) {
  if (kind === "compat" && Deno.build.arch !== "x86_64") continue;
  kernelTest(`each call is shown once: ${kind}`, { needs }, async () => {
    const { events, port } = await eventsOf({}, listens, kind);
    assertEquals(counted(events, ({ ret, proto, family }) => [ret, proto, family]), {
      [`0 ${proto} INET`]: count,
    });
    const backlog = kind === "mptcp" ? 7 : 17;
    for (const event of events) {
      assertEquals([event.backlog, event.backlog_max], [backlog, Math.min(backlog, SOMAXCONN)]);
      assert(event.port! > 0);
    }
    assertEquals(events[0].port, port);
    assertEquals(new Set(events.map((event) => event.port)).size, count);
  });
}

/** The ports at which sockets of TCP listen in a process's network, as ss(8) shows them. */
function listening(pid: number): string[] {
  const { stdout } = new Deno.Command("nsenter", {
    args: [`--net=/proc/${pid}/ns/net`, "ss", "-tlnHO"],
  }).outputSync();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return lines.map((line) => /:(\d+) /.exec(line)![1]).sort();
}

kernelTest("--now shows what listens already, as ss does", {}, async () => {
  const child = (() => {
    using _ = new NetworkNamespace();
    return new Deno.Command(listens, { args: ["held"], stdin: "piped", stdout: "piped" }).spawn();
  })();
  const output = child.stdout.getReader();
  await output.read();
  {
    using trace = solisten({ now: true, pid: [child.pid] });
    trace.stop();
    const events = await Array.fromAsync(trace);
    const tcp = events.filter(({ proto }) => proto === "TCP");
    assertEquals(tcp.map(({ port }) => `${port}`).sort(), listening(child.pid));
    const kinds = counted(
      events,
      ({ proto, backlog, backlog_max, queue }) => [proto, backlog, backlog_max, queue],
    );
    assertEquals(kinds, {
      [`TCP - ${Math.min(7, SOMAXCONN)} 0`]: 3,
      [`UNIX - ${Math.min(13, SOMAXCONN)} 2`]: 1,
    });
    assert(events.every(({ already }) => already));
    assertEquals(new Set(events.map(({ fd }) => fd)).size, 4);
  }
  {
    using trace = solisten({ pid: [child.pid] });
    trace.stop();
    assertEquals(await Array.fromAsync(trace), []);
  }
  await output.cancel();
  await child.stdin.close();
  await child.status;
});

for (
  const [options, count, proto] of [
    [["-4"], 11, ["TCP", "UDP"]],
    [["-6"], 5, ["TCP"]],
    [["-L", "0"], 7, ["UDP"]],
    [["-n", "1"], 0, []],
    [["--uid", "65534"], 0, []],
  ] as const
) {
  kernelTest(`solisten ${options.join(" ")} shows these and no others`, {}, async () => {
    const { rows } = await shownOf(
      "solisten",
      ["--comm", "listens", ...options],
      count,
      (tool) => runListens(tool, "plain"),
    );
    assertEquals([...new Set(rows.map((row) => row.proto))], [...proto]);
  });
}

kernelTest("the columns are those of the C and the Python tool", {}, async () => {
  await using tool = startIsolated("solisten", ["-t", "--show-netns"]);
  await tool.until("\n");
  const netns = /\d+/.exec(Deno.readLinkSync(`/proc/${tool.pid}/ns/net`))![0];
  const { pid, port } = runListens(tool, "plain");
  await tool.until(new RegExp(`${pid} .* ENOTSOCK .*\n`));
  const { stdout } = await tool.stop();
  assertMatch(
    stdout,
    /^TIME\(s\) {2}PID {5}COMM {13}NETNS {6}RET {8}BACKLOG PROTO {3}PORT {2}ADDR\n/,
  );
  const row = `${pid} +listens +${netns} +0 +11 +TCPv4 +${port} +0\\.0\\.0\\.0`;
  assertMatch(stdout, new RegExp(`^\\d\\d:\\d\\d:\\d\\d ${row} *$`, "m"));
});
