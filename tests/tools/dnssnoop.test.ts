/** dnssnoop against questions that are known, and a server that answers some of them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { dnssnoop, type Lookup } from "../../tools/dnssnoop.ts";
import { readMessage } from "../../tools/dnssnoop/message.ts";
import { kernelTest } from "../kernel/harness.ts";
import { startIsolated } from "../kernel/isolated.ts";
import { NetworkNamespace, run } from "../kernel/network_namespace.ts";
import { counted } from "./counted.ts";
import { ask, askBeside, questions } from "./dns_workload.ts";
import { shownOf } from "./tcp_workload.ts";

type Options = NonNullable<Parameters<typeof dnssnoop>[0]>;

const pause = new Int32Array(new SharedArrayBuffer(4));
const netnsHere = () => Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))![0]);

/** All that is shown of questions that are asked in a network of its own. */
async function shown<T>(options: Options, make: () => T) {
  const { trace, made, netns } = (() => {
    using _ = new NetworkNamespace();
    const netns = netnsHere();
    const trace = dnssnoop({ netns, timeout: 60, ...options });
    return { trace, made: make(), netns };
  })();
  using _ = trace;
  trace.stop();
  return { lookups: await Array.fromAsync(trace), made, netns };
}

/** The lookup of a name. */
function lookupOf(lookups: readonly Lookup[], name: string): Lookup {
  const found = lookups.filter((lookup) => lookup.name === `${name}.example.test`);
  assertEquals(found.length, 1, Deno.inspect(lookups));
  return found[0];
}

kernelTest("of 23 questions 17 are answered, 2 of them by no, and 6 are not", {}, async () => {
  const fields = [
    "netns",
    "pid",
    "comm",
    "owner_by",
    "name",
    "qtype",
    "result",
    "rcode",
    "attempts",
  ];
  const { rows, made } = await shownOf(
    "dnssnoop",
    ["--timeout", "3", "--fields", [...fields, "server", "port"].join(",")],
    23,
    (tool) =>
      askBeside(tool, [...questions("ok", 15), ...questions("no", 2), ...questions("lo", 6)]),
  );
  assertEquals(counted(rows, ({ result, rcode }) => [result, rcode]), {
    "answered NOERROR": 15,
    "answered NXDOMAIN": 2,
    "timeout ": 6,
  });
  assertEquals(
    rows.map(({ name }) => name).sort(),
    [...questions("ok", 15), ...questions("no", 2), ...questions("lo", 6)]
      .map((name) => `${name}.example.test`).sort(),
  );
  const others = (
    row: typeof rows[number],
  ) => [row.pid, row.comm, row.owner_by, row.qtype, row.attempts, row.server, row.port];
  assertEquals(counted(rows, others), { [`${made.client} dns send A 1 127.0.0.1 53`]: 23 });
});

kernelTest("what is found is shown, of which question, and how long it took", {}, async () => {
  const before = performance.now();
  const { lookups, made, netns } = await shown({}, () => ask(["ok7", "6ok7b", "no7"]));
  const took = performance.now() - before;
  const found = lookupOf(lookups, "ok7");
  assertEquals(found.addresses, ["192.0.2.7"]);
  assertEquals(found.names, ["CNAME real.ok7.example.test"]);
  assertEquals([found.answers, found.ttl, found.cut], [2, 60, false]);
  assertEquals([...found.flags], ["rd", "ra"]);
  assertEquals([found.qtype, found.qclass, found.opcode, found.id], ["A", "IN", "QUERY", 0x4002]);
  assertEquals([found.transport, found.port, found.ip, found.laddr], ["udp", 53, 4, "127.0.0.1"]);
  // header, name, type and class; then an alias of 19 bytes and an address of 16
  assertEquals([found.request_bytes, found.response_bytes], [34, 69]);
  assertEquals([found.netns, found.uid, found.tid], [netns, 0, made.client]);
  assert(found.latency_ns! > 0n && Number(found.latency_ns) / 1e6 < took);
  assert(found.lport > 0 && found.cgroup_id > 0n);
  const ipv6 = lookupOf(lookups, "ok7b");
  assertEquals([ipv6.qtype, ipv6.addresses], ["AAAA", ["2001:db8::7"]]);
  const none = lookupOf(lookups, "no7");
  assertEquals([none.rcode, none.answers, none.addresses, none.ttl], [
    "NXDOMAIN",
    0,
    [],
    undefined,
  ]);
});

kernelTest("a question that is asked again is one", {}, async () => {
  const { lookups } = await shown({}, () => ask(["la5", "lo5"]));
  const late = lookupOf(lookups, "la5");
  assertEquals([late.attempts, late.result, late.rcode], [3, "answered", "NOERROR"]);
  assert(late.latency_ns! >= 40_000_000n);
  const lost = lookupOf(lookups, "lo5");
  assertEquals([lost.attempts, lost.result, lost.latency_ns], [1, "pending", undefined]);
});

kernelTest("what the network says is taken for what it is", {}, async () => {
  const { lookups } = await shown({}, () => ask(["od", "po1", "sh1", "wr1"]));
  assertEquals(lookups.length, 4);
  // the dot and the backslash are of the label, the rest is no text
  const odd = lookupOf(lookups, "od\\.\\\\\\027[31m\\032\\255\\127");
  assertEquals(odd.names, ["CNAME real.od\\.\\\\\\027[31m\\032\\255\\127.example.test"]);
  const loop = lookupOf(lookups, "po1");
  assertEquals([loop.result, loop.rcode, loop.cut, loop.addresses], [
    "answered",
    "NOERROR",
    true,
    [],
  ]);
  const short = lookupOf(lookups, "sh1");
  assertEquals([short.result, short.rcode, short.cut, short.response_bytes], [
    "answered",
    undefined,
    true,
    5,
  ]);
  assertEquals(lookupOf(lookups, "wr1").result, "pending");
});

for (
  const [title, options, expected] of [
    ["all", {}, ["no1 127.0.0.1", "ok1 127.0.0.1", "ok6 ::1"]],
    ["-4", { ipv4: true }, ["no1 127.0.0.1", "ok1 127.0.0.1"]],
    ["-6", { ipv6: true }, ["ok6 ::1"]],
    ["-x", { failed: true }, ["no1 127.0.0.1"]],
    ["-P", { port: [5301, 5302] }, ["ok9 127.0.0.1"]],
    ["--comm", { comm: "dns" }, ["no1 127.0.0.1", "ok1 127.0.0.1", "ok6 ::1"]],
    ["another --comm", { comm: "dns-server" }, []],
    ["--uid", { uid: 65534 }, []],
    ["--netns", { netns: 1 }, []],
  ] as [string, Options, string[]][]
) {
  kernelTest(`questions of these and of no others: ${title}`, {}, async () => {
    const { lookups } = await shown(options, () => {
      ask(["ok1", "no1"]);
      ask(["ok6"], "::1:53");
      ask(["ok9"], "127.0.0.1:5302");
    });
    assertEquals(
      lookups.map(({ name, server }) => `${name!.split(".")[0]} ${server}`).sort(),
      expected,
    );
  });
}

kernelTest("the table shows who asked, and on request what was found", {}, async () => {
  await using tool = startIsolated("dnssnoop", ["-T", "-a", "--timeout", "3"], true);
  await tool.until("\n");
  const { client } = askBeside(tool, ["ok1", "6ok2", "no3", "lo4"]);
  await tool.until("TIMEOUT");
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  assertMatch(
    stdout,
    /^TIME +PID +COMM +QTYPE +RCODE +MS +SERVER +NAME +FOUND\n/,
  );
  const row = (qtype: string, result: string, name: string, found: string) =>
    new RegExp(
      `^\\d\\d:\\d\\d:\\d\\d +${client} +dns +${qtype} +${result} 127\\.0\\.0\\.1 +${name}\\.example\\.test +${found} *$`,
      "m",
    );
  const alias = (name: string) => `CNAME real\\.${name}\\.example\\.test, `;
  assertMatch(stdout, row("A", "NOERROR +\\d+\\.\\d\\d", "ok1", `${alias("ok1")}192\\.0\\.2\\.7`));
  assertMatch(stdout, row("AAAA", "NOERROR +\\d+\\.\\d\\d", "ok2", `${alias("ok2")}2001:db8::7`));
  assertMatch(stdout, row("A", "NXDOMAIN +\\d+\\.\\d\\d", "no3", "-"));
  assertMatch(stdout, row("A", "TIMEOUT +-", "lo4", "-"));
});

/** Asks another network, at an address whose neighbour does not answer until the process has ended. */
function askNeighbour() {
  const peer = new Deno.Command("unshare", { args: ["--net", "sleep", "600"] }).spawn();
  const there = (...command: string[]) =>
    run("nsenter", `--net=/proc/${peer.pid}/ns/net`, ...command);
  const here = (command: string) => run("sh", "-ec", command);
  const network = (pid: number | "thread-self") => Deno.readLinkSync(`/proc/${pid}/ns/net`);
  try {
    while (network(peer.pid) === network("thread-self")) Atomics.wait(pause, 0, 0, 1);
    here(`ip link add here type veth peer name there netns ${peer.pid}
      ip address add 10.77.0.1/24 dev here
      ip link set here up
      echo 1000 > /proc/sys/net/ipv4/neigh/here/mcast_solicit`);
    there("ip", "link", "set", "there", "up");
    const { stdout } = new Deno.Command("bash", {
      args: ["-c", 'echo $$; printf "%b" "$0" > /dev/udp/10.77.0.2/53', ENCODED],
    }).outputSync();
    there("ip", "address", "add", "10.77.0.2/24", "dev", "there");
    while (!neighbours().includes("10.77.0.2")) Atomics.wait(pause, 0, 0, 1);
    return { pid: Number(new TextDecoder().decode(stdout)), peer };
  } finally {
    peer.kill();
  }
}

/** A question of type A for `neighbour.test`, as printf has it. */
const ENCODED = "\\x40\\x01\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00" +
  "\\x09neighbour\\x04test\\x00\\x00\\x01\\x00\\x01";

function neighbours(): string {
  const { stdout } = new Deno.Command("ip", {
    args: ["neighbour", "show", "dev", "here", "nud", "reachable"],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
  }).outputSync();
  return new TextDecoder().decode(stdout);
}

kernelTest("a question that has to wait for a neighbour belongs to who asked", {}, async () => {
  const { lookups, made } = await shown({}, askNeighbour);
  await made.peer.status;
  assertEquals(
    lookups.map(({ pid, comm, owner_by, name, server }) => [pid, comm, owner_by, name, server]),
    [[made.pid, "bash", "socket", "neighbour.test", "10.77.0.2"]],
  );
});

/** Asks through a device that hands its packets on to another one; false where there is none of its kind. */
function askThroughTwo(): boolean {
  const { success } = new Deno.Command("sh", {
    args: [
      "-ec",
      `ip link add here type veth peer name there
      ip link set here up
      ip link set there up
      ip link add link here name above type macvlan`,
    ],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
    stderr: "null",
  }).outputSync();
  if (!success) return false;
  run(
    "sh",
    "-ec",
    `ip address add 10.78.0.1/24 dev above
    ip link set above up
    ip neighbour add 10.78.0.2 lladdr 02:00:00:00:00:07 dev above`,
  );
  run("bash", "-c", 'printf "%b" "$0" > /dev/udp/10.78.0.2/53', ENCODED);
  return true;
}

kernelTest("a question that goes through two devices was asked once", {}, async () => {
  const { lookups, made } = await shown({}, askThroughTwo);
  const shownOnce = [["neighbour.test", "10.78.0.2", 1, "pending"]];
  assertEquals(
    lookups.map(({ name, server, attempts, result }) => [name, server, attempts, result]),
    made ? shownOnce : [],
  );
});

const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(
    parts.flatMap((part) => typeof part === "string" ? [...new TextEncoder().encode(part)] : part),
  );
const HEADER = [0x40, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 1];

/** An answer with a record of MX, and one of OPT whose upper bits make it BADVERS. */
const ANSWER = bytes(
  HEADER,
  [4],
  "mail",
  [4],
  "test",
  [0, 0, 15, 0, 1],
  [0xc0, 12, 0, 15, 0, 1, 0, 0, 1, 44, 0, 6, 0, 10, 1],
  "m",
  [0xc0, 12],
  [0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0],
);

Deno.test("a message is read up to where it is cut off", () => {
  const whole = readMessage(ANSWER, ANSWER.length)!;
  assertEquals(whole, {
    id: 0x4001,
    opcode: 0,
    rcode: "BADVERS",
    flags: ["rd", "ra"],
    question: { name: "mail.test", type: "MX", class: "IN" },
    answers: 1,
    addresses: [],
    names: ["MX m.mail.test"],
    ttl: 300,
    cut: false,
  });
  for (let length = 0; length < ANSWER.length; length++) {
    const part = readMessage(ANSWER.subarray(0, length), ANSWER.length);
    assertEquals(part === undefined, length < 12);
    assertEquals(part?.cut ?? true, true);
    assertEquals(part?.question !== undefined, length >= 12 + 11 + 4);
  }
});

Deno.test("messages of any content are read, and names have an end", () => {
  const names: [number[], string | undefined][] = [
    [[0], "."],
    [[0xc0, 12], undefined], // to itself
    [[0xc0, 14, 0], undefined], // to what lies behind it
    [[0x80, 1, 0], undefined], // no kind of label
    [[1, 0x61, 0xc0, 12], undefined], // to its own beginning
    [Array.from({ length: 260 }, (_, at) => at % 2 ? 0x61 : 1), undefined], // too long
  ];
  for (const [name, text] of names) {
    const message = readMessage(bytes(HEADER, name, [0, 1, 0, 1]), 512)!;
    assertEquals(message.question?.name, text);
  }
  let seed = 7;
  const random = () => seed = seed * 48271 % 0x7fff_ffff;
  for (let round = 0; round < 7919; round++) {
    const noise = Uint8Array.from({ length: random() % 300 }, () => random());
    const message = readMessage(noise, noise.length);
    for (const text of [message?.question?.name ?? "", ...message?.names ?? []]) {
      assertMatch(text, /^[\x20-\x7e]*$/);
    }
  }
});
