/** tcppktlat against a workload that knows how long its bytes have waited. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type PacketLatency, tcppktlat } from "../../tools/tcppktlat.ts";
import { kernelTest } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { runReads } from "./reads.ts";

const reads = new URL("../../build/tests/reads", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof tcppktlat>[0]>;

/** What is shown of a workload in a network of its own, which ends by itself. */
async function shown(options: Options, kind: string, count: number, address = "127.0.0.1") {
  using _ = new NetworkNamespace();
  const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);
  using trace = tcppktlat({ netns, ...options });
  const args = [kind, `${count}`, address];
  const { success, stdout, stderr } = new Deno.Command(reads, { args }).outputSync();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  trace.stop();
  const [pid, port, least, most] = decoder.decode(stdout).split(" ").map(Number);
  const rows = await Array.fromAsync(trace);
  assertEquals([trace.losses.map ?? 0n, trace.losses.ring ?? 0n], [0n, 0n]);
  return { rows, pid, port, least: BigInt(least), most: BigInt(most), netns };
}

const sum = (rows: readonly PacketLatency[]) =>
  rows.reduce((sum, { latency_ns }) => sum + BigInt(latency_ns!), 0n);

for (const kind of ["once", "peeked", "parts"]) {
  kernelTest(`${kind}: the first byte's time counts, once for 7 segments`, {}, async () => {
    const { rows, pid, port, least, most, netns } = await shown({}, kind, 23);
    assertEquals(rows.length, 23);
    for (const row of rows) {
      assertEquals([row.pid, row.tid, row.comm, row.uid], [pid, pid, "reads", 0]);
      assertEquals([row.lport, row.laddr, row.raddr], [port, "127.0.0.1", "127.0.0.1"]);
      assertEquals([row.ip, row.netns], [4, netns]);
      assertEquals([row.segments, row.recv_queue_bytes], [7, 700]);
      assert(row.rport !== port && row.rport! > 0);
    }
    assert(least <= sum(rows) && sum(rows) <= most, `${least} <= ${sum(rows)} <= ${most}`);
  });
}

kernelTest("a reader that is always behind shows how far", {}, async () => {
  const { rows } = await shown({}, "behind", 23);
  // one byte at a time is followed: the next one comes when this one is read
  assertEquals(rows.length, 12);
  for (const [at, row] of rows.entries()) {
    assertEquals([row.segments, row.recv_queue_bytes], [2, 200]);
    // it sleeps for 3 ms before each read, and every second one is of a byte that is followed
    assert(BigInt(row.latency_ns!) >= (at === 0 ? 3_000_000n : 6_000_000n), `${row.latency_ns}`);
  }
});

kernelTest("a socket that takes the address of another begins anew", {}, async () => {
  for (let i = 0; i < 5; i++) {
    const { rows, port, least, most } = await shown({}, "unread", 7);
    assertEquals(rows.map(({ lport, segments }) => [lport, segments]), Array(7).fill([port, 7]));
    assert(least <= sum(rows) && sum(rows) <= most);
  }
});

for (
  const [title, options, address, count] of [
    ["MIN_US", { min_us: 3000 }, "127.0.0.1", 7],
    ["a MIN_US that is too long", { min_us: 600e6 }, "127.0.0.1", 0],
    ["-4", { ipv4: true }, "127.0.0.1", 7],
    ["-4 of IPv6", { ipv4: true }, "::1", 0],
    ["-6", { ipv6: true }, "::1", 7],
    ["-l of another port", { lport: [1] }, "127.0.0.1", 0],
    ["-r of another port", { rport: [1] }, "127.0.0.1", 0],
    ["-t of another thread", { tid: 1 }, "127.0.0.1", 0],
    ["-p of another process", { pid: [1] }, "127.0.0.1", 0],
    ["--comm", { comm: "reads" }, "127.0.0.1", 7],
    ["--netns of another network", { netns: 1 }, "127.0.0.1", 0],
  ] as [string, Options, string, number][]
) {
  kernelTest(`tcppktlat with ${title} shows these and no others`, {}, async () => {
    const { rows } = await shown(options, "once", 7, address);
    assertEquals(rows.length, count);
  });
}

kernelTest("--hist adds up all, by process or by port", {}, async () => {
  for (const by of ["all", "process", "lport"] as const) {
    const { rows: [row, ...rest], pid, port, least, most } = await shown(
      { hist: true, by },
      "once",
      23,
    );
    assertEquals(rest, []);
    assertEquals([row.reads, row.pid, row.lport], [23, pid, port]);
    assertEquals(row.histogram!.reduce((a, b) => a + b), 23);
    assert(least <= BigInt(row.total_ns!) && BigInt(row.total_ns!) <= most);
  }
});

kernelTest("the columns are those of the C tool", {}, async () => {
  for (const wide of [false, true]) {
    await using tool = startIsolated("tcppktlat", [
      "-T",
      ...wide ? ["-w"] : [],
      "--comm",
      "reads",
      "1000",
    ], true);
    await tool.until("\n");
    const { pid, port } = runReads(tool, "once", 3);
    await tool.until(/(.* reads .*\n){3}/);
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    const [header, row] = stdout.split("\n");
    const addr = (text: string) => text.padEnd(wide ? 39 : 15);
    assertEquals(
      header,
      `TIME(s)  PID     TID     COMM             ${addr("LADDR")} LPORT ${addr("RADDR")} RPORT MS`,
    );
    const address = "127\\.0\\.0\\.1 +";
    assertMatch(
      row,
      new RegExp(
        `^\\d\\d:\\d\\d:\\d\\d ${pid} +${pid} +reads +${address}${port} +${address}\\d+ +\\d+\\.\\d\\d$`,
      ),
    );
  }
  await using tool = startIsolated(
    "tcppktlat",
    ["--hist", "--by", "process", "--comm", "reads"],
    true,
  );
  await tool.until(/./);
  runReads(tool, "once", 3);
  const { stdout } = await tool.stop();
  assertMatch(stdout, /^PID +COMM +READS +AVG.*\n\d+ +reads +3 /);
});
