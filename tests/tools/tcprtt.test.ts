/** tcprtt against what ss(8) shows of the same sockets. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type TcpRtt, tcprtt } from "../../tools/tcprtt.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { type Carried, Holding } from "./holding.ts";
import { runTcp } from "./tcp_workload.ts";

const tcp = new URL("../../build/tests/tcp", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof tcprtt>[0]>;

/** Starts a trace of a network of its own, and what is to be traced there. */
function traced<T>(options: Options, start: () => T) {
  using _ = new NetworkNamespace();
  const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);
  const trace = tcprtt({ netns, ...options });
  return { trace, started: start() };
}

/**
 * What ss(8) shows of one end of a connection, in microseconds. Without the module tcp_diag it reads
 * /proc/net/tcp, which has no such numbers.
 */
interface Socket {
  readonly srtt: number;
  readonly jitter: number;
  readonly min: number;
  /** How many it has received. */
  readonly segments: number;
}

/** The sockets of a process's network that are connected, by their local ports. */
function socketsOf(pid: number): Map<number, Socket> {
  const { stdout } = new Deno.Command("nsenter", {
    args: [`--net=/proc/${pid}/ns/net`, "ss", "-tinHO"],
  }).outputSync();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return new Map(lines.map((line) => {
    const number = (pattern: RegExp) => Number(pattern.exec(line)?.[1]);
    const us = (pattern: RegExp) => Math.round(number(pattern) * 1000);
    const port = number(/127\.0\.0\.1:(\d+)/);
    return [port, {
      srtt: us(/\brtt:([\d.]+)/),
      jitter: us(/\brtt:[\d.]+\/([\d.]+)/),
      min: us(/\bminrtt:([\d.]+)/),
      segments: number(/\bsegs_in:(\d+)/),
    }];
  }));
}

/** All rows of a connection that carries some bytes to its server, and what ss shows before it ends. */
async function held(options: Options) {
  const { trace, started } = traced(
    { by: ["lport"], ...options },
    () => new Holding("idle", 3_000_017),
  );
  using _ = trace;
  const rows = Array.fromAsync(trace);
  let made: Carried, sockets: Map<number, Socket>;
  {
    await using holding = started;
    made = await holding.made();
    sockets = socketsOf(holding.pid);
  }
  trace.stop();
  return { rows: await rows, made, sockets };
}

/** The row of a local port. */
function rowOf(rows: readonly TcpRtt[], port: number): TcpRtt {
  const found = rows.filter(({ lport }) => lport === port);
  assertEquals(found.length, 1, Deno.inspect(rows));
  return found[0];
}

/** The slot of a histogram that a time of this many microseconds is in. */
const slotOf = (us: number) => Math.floor(Math.log2(Math.max(us, 1)));

kernelTest(
  "a server that sends nothing has measured the handshake, as ss shows it",
  {},
  async () => {
    const { rows, made: { port }, sockets } = await held({});
    const row = rowOf(rows, port), { srtt, jitter, segments } = sockets.get(port)!;
    assertEquals(row.count, 1);
    assertEquals([row.laddr, row.raddr, row.rport, row.pid], Array(4).fill(undefined));
    if (isNaN(srtt)) return;
    assert(segments > 23, `${segments}`); // of which each would repeat it
    assertEquals(
      [row.total_ns, row.avg_ns, row.min_ns, row.max_ns].map(Number),
      Array(4).fill(srtt * 1000),
    );
    assertEquals(Number(row.avg_jitter_ns), jitter * 1000);
    assertEquals([row.histogram.length - 1, row.histogram.at(-1)], [slotOf(srtt), 1]);
  },
);

kernelTest("a client has measured what ss shows, the last time too", {}, async () => {
  for (const rtt of ["smoothed", "min", "sample"] as const) {
    const { rows, made: { port }, sockets } = await held({ rtt });
    const [client] = [...sockets.keys()].filter((other) => other !== port);
    const row = rowOf(rows, client), { srtt, min, segments } = sockets.get(client)!;
    assert(row.count > 1);
    assertEquals(row.histogram.reduce((a, b) => a + b), row.count);
    assertEquals(BigInt(row.avg_ns), BigInt(row.total_ns) / BigInt(row.count));
    assert(row.min_ns <= row.p50_ns && row.p50_ns <= row.p90_ns && row.p99_ns <= row.max_ns);
    if (isNaN(srtt)) continue;
    assert(row.count <= segments, `${row.count} of ${segments}`);
    if (rtt === "min") assertEquals(Number(row.min_ns), min * 1000);
    if (rtt !== "smoothed") continue;
    assert(Number(row.min_ns) <= srtt * 1000 && srtt * 1000 <= Number(row.max_ns));
    assert(row.histogram[slotOf(srtt)] > 0);
  }
});

kernelTest("what was measured before the trace is not counted", {}, async () => {
  using _ = new NetworkNamespace();
  const holding = new Holding("idle", 1009);
  const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);
  await holding.made();
  using trace = tcprtt({ netns });
  const rows = Array.fromAsync(trace);
  await holding[Symbol.asyncDispose]();
  trace.stop();
  assertEquals(await rows, []);
});

/** A row in short: what distinguishes it. */
const whose = ({ laddr, lport, raddr, rport, comm }: TcpRtt) =>
  [laddr, lport, raddr, rport, comm].filter((part) => part !== undefined).join(" ");

for (
  const [title, options, expected] of [
    ["by process", { by: ["process"] }, ["tcp", "tcp", "tcp-server", "tcp-server"]],
    ["-b", { byladdr: true }, ["127.0.0.1", "::1"]],
    ["-B", { byraddr: true, by: ["process"] }, [
      "127.0.0.1 tcp",
      "127.0.0.1 tcp-server",
      "::1 tcp",
      "::1 tcp-server",
    ]],
    ["-p", { lport: [7007], by: ["lport", "process"] }, ["7007 tcp-server"]],
    ["-P", { rport: [7007, 7009], by: ["rport"] }, ["7007", "7009"]],
    ["-a", { laddr: "::1", by: ["laddr"] }, ["::1"]],
    ["-A", { raddr: "127.0.0.1", by: ["raddr"] }, ["127.0.0.1"]],
    ["of another address", { laddr: "127.0.0.2" }, []],
    ["-4", { ipv4: true, by: ["laddr"] }, ["127.0.0.1"]],
    ["-6", { ipv6: true, by: ["laddr"] }, ["::1"]],
    ["--comm", { comm: "tcp-server", lport: [7009], by: ["process"] }, ["tcp-server"]],
  ] as [string, Options, string[]][]
) {
  kernelTest(`each connection measures its handshake and more: ${title}`, {}, async () => {
    const { trace } = traced(options, () => {
      for (const [address, port] of [["127.0.0.1", "7007"], ["::1", "7009"]]) {
        const { success } = new Deno.Command(tcp, { args: ["client", "7", address, port] })
          .outputSync();
        assert(success);
      }
    });
    using _ = trace;
    trace.stop();
    const rows = await Array.fromAsync(trace);
    assertEquals(rows.map(whose).sort(), expected);
    for (const { count } of rows) {
      // seven connections have one end or both in a row; what follows may take as long as the handshake
      assert(7 <= count && count <= 7 * 2 * 2, `${count}`);
    }
  });
}

kernelTest("an address that is none is refused", {}, async () => {
  for (const [option, text] of [["-a", "nonsense"], ["-A", "192.0.2.256"], ["-a", "1::2::3"]]) {
    const { stderr, code } = await runTool("tcprtt", [option, text]);
    assertEquals(code, 64);
    assertStringIncludes(stderr, `"${text}" is no address`);
  }
});

kernelTest("histograms and their headings are those of the C tool", {}, async () => {
  for (
    const [args, pattern] of [
      [["-e"], /^All Addresses = \*{6} \[AVG \d+\]\n +usecs +: count +distribution\n/m],
      [
        ["-i", "0.3", "-Tme", "-B"],
        /^\d\d:\d\d:\d\d\n\nRemote Address = 127\.0\.0\.1 \[AVG \d+\]\n +msecs +: count/m,
      ],
      [["-me", "-b"], /^Local Address = 127\.0\.0\.1 \[AVG \d+\]\n +msecs +: count/m],
      [["-B", "--by", "rport"], /^Remote Address = 127\.0\.0\.1, Remote Port = 7007\n +usecs/m],
      [
        ["--by", "process,raddr", "--summary", "--rows", "1"],
        /^RADDR +PID +COMM +COUNT +AVG \(us\).* JITTER \(us\)\n127\.0\.0\.1 .*\n$/m,
      ],
    ] as const
  ) {
    await using tool = startIsolated("tcprtt", ["-P", "7007", ...args]);
    await tool.until("end.\n");
    runTcp(tool, "client", 7, { port: 7007 });
    assertMatch((await tool.stop()).stdout, pattern);
  }
  const { stdout, code } = await runTool("tcprtt", [
    "-i",
    "0.1",
    "--count",
    "2",
    "-d",
    "60",
    "--rtt",
    "min",
  ]);
  assertEquals([code, stdout.startsWith("Tracing TCP RTT... Hit Ctrl-C to end.\n")], [0, true]);
  assertEquals((await runTool("tcprtt", ["--top"])).code, 64); // it wants a terminal
});
