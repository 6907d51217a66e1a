/** sslsniff against what processes say that they have sent and received. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sslsniff, type TlsCall } from "../../tools/sslsniff.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { delay, kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { OwnLibrary } from "./own_library.ts";
import { RECORD, SIZES, startTls, written } from "./tls_workload.ts";

/** A call as the process itself reports it. */
const line = ({ call, bytes }: TlsCall) => `${call} ${bytes ?? 0}`;

const bytesOf = ({ base64 }: TlsCall) =>
  Uint8Array.from(atob(base64 ?? ""), (letter) => letter.charCodeAt(0));

/** What a trace with these options shows of a process that makes this many rounds. */
async function shown(
  options: Parameters<typeof sslsniff>[0],
  library: "openssl" | "gnutls",
  rounds = 1,
) {
  const process = await startTls(library);
  using trace = sslsniff({ pid: [process.pid], ...options });
  for (let i = 0; i < rounds; i++) await process.go();
  const calls = await process.lines();
  trace.stop();
  const events = await Array.fromAsync(trace);
  assertEquals([trace.losses.ring ?? 0n, trace.losses.map ?? 0n], [0n, 0n]);
  return { process, calls, events };
}

for (const library of ["openssl", "gnutls"] as const) {
  kernelTest(`each call of ${library} that succeeds is shown once, with its data`, {}, async () => {
    const { process, calls, events } = await shown({ handshake: true }, library, 3);
    assertEquals(events.map(line), calls);
    assertEquals(
      calls.filter((call) => / (?!0)/.test(call)).length,
      library === "openssl" ? 48 : 42,
    );
    const left: Uint8Array[] = [];
    for (const event of events) {
      const { kind, bytes, lost_bytes, comm, pid, tid, uid, latency_ns } = event;
      assertEquals([comm, pid, tid, uid], ["tls", process.pid, process.pid, 0]);
      assert(latency_ns > 0n);
      const data = bytesOf(event);
      assertEquals(BigInt(data.length) + lost_bytes, BigInt(bytes ?? 0));
      if (kind === "handshake") assertEquals([bytes, event.data], [undefined, undefined]);
      if (kind === "write") {
        const all = written(Number(bytes));
        assertEquals(data, all.slice(0, RECORD));
        left.push(all);
      }
      if (kind !== "read") continue;
      // What was written comes in records.
      const all = left.shift()!;
      assertEquals(data, all.slice(0, data.length));
      if (data.length < all.length) left.unshift(all.slice(data.length));
    }
    assertEquals(left, []);
    assertEquals(events.filter(({ kind }) => kind === "handshake").length, 2);
  });
}

kernelTest("without --handshake there are none, and one library can be left out", {}, async () => {
  const { events, calls } = await shown({}, "gnutls");
  assertEquals(events.map(line), calls.filter((call) => !call.startsWith("gnutls_handshake")));
  assertEquals((await shown({ no_gnutls: true }, "gnutls")).events, []);
  assertEquals((await shown({ no_openssl: true }, "openssl")).events, []);
  const { events: others } = await shown({ no_gnutls: true }, "openssl");
  assertEquals(others.length, 16);
});

kernelTest("no more of each call is kept than --max-buffer-size", {}, async () => {
  const { events } = await shown({ max_buffer_size: 1000 }, "gnutls");
  const writes = events.filter(({ kind }) => kind === "write");
  assertEquals(
    writes.map(({ bytes, lost_bytes }) => [bytes, lost_bytes]),
    SIZES.map((size) => BigInt(Math.min(size, RECORD)))
      .map((size) => [size, size > 1000n ? size - 1000n : 0n]),
  );
  for (const event of writes) {
    assertEquals(bytesOf(event), written(Number(event.bytes)).slice(0, 1000));
  }
  const { events: none } = await shown({ max_buffer_size: 0 }, "gnutls");
  assertEquals(none.map(({ data, base64 }) => data ?? base64), Array(14).fill(undefined));
});

kernelTest("a library that only one process has is found while it runs", {}, async () => {
  using own = new OwnLibrary("libssl.so.3");
  using trace = sslsniff({ ppid: Deno.pid, no_gnutls: true });
  const events: TlsCall[] = [];
  const reading = (async () => {
    for await (const event of trace) events.push(event);
  })();
  const process = await startTls("openssl", own);
  const since = Date.now();
  for (; events.length === 0; await delay(50)) {
    await process.go();
    assert(Date.now() - since < 60_000, "the library was not found");
  }
  const count = (await process.lines()).length;
  trace.stop();
  await reading;
  assert(events.every(({ pid }) => pid === process.pid));
  assert(events.length <= count);
});

kernelTest("--extra-lib traces a file of any name", {}, async () => {
  using own = new OwnLibrary("libgnutls.so.30");
  const process = await startTls("gnutls", own);
  using trace = sslsniff({
    ppid: Deno.pid,
    no_openssl: true,
    no_gnutls: true,
    extra_lib: [{ library: "gnutls", path: own.path }],
  });
  await process.go();
  const calls = await process.lines();
  trace.stop();
  const events = await Array.fromAsync(trace);
  assertEquals(events.map(line), calls.filter((call) => !call.startsWith("gnutls_handshake")));

  const wrong = await runTool("sslsniff", ["--extra-lib", "openssl:/bin/true"]);
  assertMatch(wrong.stderr, /"\/bin\/true" has no function of openssl/);
  const nothing = await runTool("sslsniff", ["--extra-lib", "nss:/bin/true"]);
  assertMatch(nothing.stderr, /"nss:\/bin\/true" is no TYPE:PATH; TYPE is openssl or gnutls/);
  assertEquals([wrong.code, nothing.code], [64, 64]);
});

kernelTest("targets choose processes", {}, async () => {
  await using cgroup = new Cgroup();
  for (const options of [{ comm: "nobody" }, { cgroup: cgroup.path }, { pid: [1] }]) {
    assertEquals((await shown(options, "gnutls")).events, [], JSON.stringify(options));
  }
  assertEquals((await shown({ comm: "tls" }, "gnutls")).events.length, 14);
});

/** The table of a tool that traces a process of GnuTLS. */
async function tableOf(...args: string[]): Promise<string[]> {
  const process = await startTls("gnutls");
  await using tool = startTool("sslsniff", ["-p", `${process.pid}`, ...args]);
  await tool.until("\n");
  await process.go();
  await process.lines();
  const last = args.includes("0") ? "READ/RECV" : "----- END DATA";
  const count = args.includes("0") ? SIZES.length : 2 * SIZES.length;
  await tool.until((stdout) => stdout.split(last).length > count);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  return stdout.split("\n");
}

kernelTest("the columns are those of the Python tool, with the data below", {}, async () => {
  const lines = await tableOf("--handshake");
  assertEquals(
    lines[0].trimEnd(),
    "FUNC         TIME(s)            COMM             PID     LEN",
  );
  assertEquals(
    lines.filter((line) => /^HANDSHAKE +\d+\.\d{9} +tls +\d+ +- *$/.test(line)).length,
    2,
  );
  const row = /^(READ\/RECV|WRITE\/SEND) +\d+\.\d{9} +tls +\d+ +(\d+) *$/;
  const rows = lines.flatMap((line, at) => row.test(line) ? [at] : []);
  assertEquals(rows.length, 14);
  for (const at of rows) {
    assertEquals(lines[at + 1], "----- DATA -----");
    assertEquals(lines[lines.indexOf("", at) - 1], "----- END DATA -----");
  }
  // No byte of it moves the cursor or rings the bell.
  const [, , thousand] = SIZES;
  const at = rows.find((at) => row.exec(lines[at])![2] === `${thousand}`)!;
  const data = lines.slice(at + 2, lines.indexOf("", at) - 1).join("\n");
  assert(/\\x1b\\x1c/.test(data) && /\\x07\\b|\\x07\\x08/.test(data), data);
  // deno-lint-ignore no-control-regex
  assert(!/[\0-\x09\x0b-\x1f\x7f-\x9f]/.test(data));
});

kernelTest("-x has the user and the thread, -l how long, --hexdump each byte", {}, async () => {
  const lines = await tableOf("-x", "-l", "--hexdump", "--max-buffer-size", "1001");
  assertEquals(
    lines[0].trimEnd(),
    "FUNC         TIME(s)            COMM             PID     LEN     UID     TID     LAT(ms)",
  );
  const at = lines.findIndex((line) =>
    /^WRITE\/SEND +\S+ +tls +(\d+) +1009 +0 +\1 +\d+\.\d{3} *$/.test(line)
  );
  assert(at > 0, lines.join("\n"));
  const data = lines.slice(at + 2, lines.indexOf("", at) - 1);
  const bytes = data.flatMap((line) => line.slice(10, 57).trim().split(" "))
    .map((hex) => parseInt(hex, 16));
  assertEquals(Uint8Array.from(bytes), written(1009).slice(0, 1001));
  assertEquals(data[1].slice(0, 10), "00000010  ");
  assertMatch(data[3], / {2}56789:;<=>\?@ABCD$/);
  assertEquals(
    lines[lines.indexOf("", at) - 1],
    "----- END DATA (TRUNCATED, 8 bytes lost) -----",
  );
  const long = await tableOf("--extra", "--latency", "--no-openssl", "--max-buffer-size", "0");
  assertEquals(long[0].trimEnd(), lines[0].trimEnd());
  assertEquals(long.slice(1).filter((line) => line !== "").length, 14);
  const none = await runTool("sslsniff", ["--no-gnutls", "--no-openssl"]);
  assertMatch(none.stderr, /leave nothing to trace/);
  assertEquals(none.code, 64);
});
