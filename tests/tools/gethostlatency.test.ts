/** gethostlatency against what the processes say that they have got. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { gethostlatency, type HostLookup } from "../../tools/gethostlatency.ts";
import { delay, kernelTest, startTool } from "../kernel/harness.ts";
import { heldBy } from "../kernel/loaded.ts";
import { counted } from "./counted.ts";
import { OwnLibrary } from "./own_library.ts";
import { Stepped } from "./stepped.ts";

/** A process that looks up hosts, of these kinds, when its input ends: tests/workloads/lookups.c. */
const startLookups = (kinds: readonly string[], own?: OwnLibrary) =>
  Stepped.start("lookups", kinds, own);

/** The numbers of netdb.h, as tests/workloads/lookups.c prints them. */
const NUMBERS: Readonly<Record<string, number>> = {
  EAI_NONAME: -2,
  EAI_AGAIN: -3,
  EAI_SERVICE: -8,
  HOST_NOT_FOUND: 1,
  TRY_AGAIN: 2,
  NO_DATA: 4,
  ERANGE: -1,
};

/** A lookup as the process itself reports it. */
function line({ call, error, addresses }: HostLookup): string {
  const number = error === undefined ? 0 : NUMBERS[error] ?? error;
  return [call, number, ...addresses].join(" ");
}

/** The calls of threads that the tool takes to be under way. */
function underWay(): unknown[] {
  const bpftool = (...args: string[]) => {
    const env = { PATH: `${Deno.env.get("PATH")}:/usr/sbin` };
    const { stdout } = new Deno.Command("bpftool", { args: ["-j", "map", ...args], env })
      .outputSync();
    return JSON.parse(new TextDecoder().decode(stdout));
  };
  const { map } = heldBy("self");
  const { id } = bpftool("list").find((one: { id: number; name: string }) =>
    map.includes(one.id) && one.name === "lookups"
  );
  return bpftool("dump", "id", String(id));
}

kernelTest("each lookup of each libc is shown once, with what came of it", {}, async () => {
  using container = new OwnLibrary("libc.so.6");
  using late = new OwnLibrary("libc.so.6");
  const kinds = ["local", "names", "lost", "absent", "service", "long", "numeric"];
  const host = await startLookups(["ends", "slow", ...kinds, "addrs"]);
  const inside = await startLookups(kinds, container);
  using trace = gethostlatency({ ppid: Deno.pid });
  const events: HostLookup[] = [];
  const reading = (async () => {
    for await (const event of trace) events.push(event);
  })();
  const own = ({ pid }: { pid: number }) => events.filter((event) => event.pid === pid);

  const said = [await host.lines(), await inside.lines()];
  const getent = new Deno.Command("getent", { args: ["ahosts", "127.0.0.1"], stdout: "null" })
    .spawn();
  assert((await getent.status).success);

  // a container that starts while the tool runs
  const after = await startLookups(["each"], late);
  for (; own(after).length === 0; await delay(50)) await after.go();
  await after.lines();
  assertEquals(underWay(), []);
  trace.stop();
  await reading;
  assertEquals([trace.losses.ring ?? 0n, trace.losses.map ?? 0n], [0n, 0n]);

  const byName = (event: HostLookup) => !/addr/.test(event.call) && event.call !== "getnameinfo";
  const shown = (process: Stepped) => own(process).filter((e) => byName(e) || /info/.test(e.call));
  assertEquals(
    shown(host).filter(({ call }) => call !== "getnameinfo").map(line).sort(),
    said[0].filter((text) => text !== "localhost").sort(),
  );
  assertEquals(own(inside).map(line).sort(), said[1].sort());
  assertEquals(own(inside).length, 23 + 13 + 4 + 2 + 1 + 1 + 7);
  assertEquals(new Set(own(after).map(line)), new Set(["getaddrinfo 0 127.0.0.1"]));
  assertEquals(own(getent).map(({ host }) => host), ["127.0.0.1"]);

  const reverse = own(host).filter((event) => !byName(event) || event.call === "getnameinfo");
  assertEquals(
    counted(reverse.filter(({ call }) => call !== "getaddrinfo"), (e) => [
      ...[e.call, e.host, e.name, e.error],
    ]),
    {
      "gethostbyaddr 127.0.0.1 localhost -": 2,
      "gethostbyaddr_r 127.0.0.1 localhost -": 3,
      "getnameinfo 127.0.0.1 localhost -": 5,
    },
  );
  const service = own(host).filter((event) => event.service !== undefined);
  assertEquals(service.map(({ host, service }) => [host, service]), [[undefined, "80"]]);
  const long = own(host).find((event) =>
    event.host?.endsWith(".invalid") && event.host.length > 200
  );
  assertEquals([long!.host!.length, long!.host_truncated], [208, false]);

  // the outer call, of which another one is a part
  const slow = own(host).filter(({ latency_ns }) => latency_ns >= 100_000_000n);
  assert(slow.some(({ call, host }) => call === "gethostbyname" && host === "localhost"));
  for (const { comm, uid, tid, pid, latency_ns } of own(inside)) {
    assertEquals([comm, uid, tid], ["lookups", 0, pid]);
    assert(latency_ns > 0n);
  }
});

kernelTest(
  "-l traces one library alone, -x what fails alone, in the columns of C",
  {},
  async () => {
    using libc = new OwnLibrary("libc.so.6");
    const host = await startLookups(["numeric"]);
    const inside = await startLookups(["local", "numeric"], libc);
    await using tool = startTool("gethostlatency", ["-l", libc.path, "-x"]);
    await tool.until("\n");
    await host.lines();
    await inside.lines();
    await tool.until(/(999[^]*){7}\n/);
    const { stdout, stderr } = await tool.stop();
    const [header, ...rows] = stdout.trimEnd().split("\n");
    assertMatch(header, /^TIME +PID +COMM +LATms +HOST +ERROR *$/);
    assertEquals([rows.length, stderr], [7, ""]);
    for (const row of rows) {
      assertMatch(
        row,
        new RegExp(
          `^\\d\\d:\\d\\d:\\d\\d ${inside.pid} +lookups +\\d+\\.\\d{3} +999\\.999\\.999\\.999 +EAI_NONAME`,
        ),
      );
    }
  },
);

kernelTest("MIN_MS leaves out what was faster, and --hist adds up", {}, async () => {
  const process = await startLookups(["slow", "numeric"]);
  using fast = gethostlatency({ pid: [process.pid], hist: true, by: "host" });
  using slow = gethostlatency({ pid: [process.pid], min_ms: 50 });
  await process.lines();
  fast.stop();
  slow.stop();
  const sums = await Array.fromAsync(fast);
  assertEquals(sums.map(({ host, lookups, failures }) => [host, lookups, failures]), [
    ["999.999.999.999", 7, 7],
    ["localhost", 1, 0],
  ]);
  const [all, one] = sums.map(({ histogram }) => histogram!.reduce((sum, count) => sum + count));
  assertEquals([all, one], [7, 1]);
  assert(sums[1].max_ns! >= 100_000_000n);
  const rows = await Array.fromAsync(slow);
  assert(rows.some(({ host, call }) => host === "localhost" && call === "gethostbyname"));
  assert(rows.every(({ latency_ns }) => latency_ns >= 50_000_000n));
});

kernelTest("a file without such functions is refused", {}, async () => {
  await using tool = startTool("gethostlatency", ["-l", "/bin/true"]);
  const { code, stderr } = await tool.finish();
  assertEquals(code, 64);
  assertMatch(stderr, /"\/bin\/true" has no function that looks up hosts/);
});
