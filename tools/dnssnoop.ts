#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * dnssnoop: questions of DNS, who asked each, and what came back.
 *
 * As a command: `sudo tools/dnssnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = dnssnoop({ failed: true });
 * for await (const { comm, name, rcode, server } of trace) console.log(comm, name, rcode, server);
 * ```
 */
import { Dnssnoop } from "#skel/dnssnoop.ts";
import {
  decimal,
  flag,
  list,
  loadHooks,
  option,
  port,
  ringTool,
  runIterator,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  without,
} from "#lib/tool/mod.ts";
import { derived, hasFailed, members, own } from "./dnssnoop/members.ts";
import { Questions } from "./dnssnoop/questions.ts";

export type { Lookup } from "./dnssnoop/members.ts";

/** How often it is looked whether questions wait for too long, in milliseconds. */
const TICK_MS = 250;

/** Where servers of DNS wait for questions. */
const PORT = 53;

const nanoseconds = (seconds: number) => BigInt(Math.round(seconds * 1e9));

export const { tool, start: dnssnoop } = ringTool({
  name: "dnssnoop",
  group: "network",
  brief: "Trace questions of DNS: who asked, what was answered, and how long it took",
  examples: [
    ["dnssnoop", "all of them"],
    ["dnssnoop -T", "include the time of day"],
    ["dnssnoop -p 181", "only those of process 181"],
    ["dnssnoop -x", "those that failed, or were not answered within 5 seconds"],
    ["dnssnoop -a", "include what was found"],
    ["dnssnoop --filter 'latency_ns>100000000'", "those that took more than 100 ms"],
    ["dnssnoop -o json --filter qtype==PTR", "those that look up addresses"],
  ],
  options: {
    timestamp: flag("T", "Include the time of day (HH:MM:SS)"),
    failed: flag("x", "Show those only that failed, or were not answered"),
    answers: flag("a", "Include the addresses and names that were found"),
    timeout: option("", "SECONDS", "Wait this long for an answer", decimal(0.1, 3600), 5),
    port: list("P", "PORT,...", "Trace servers at these ports, not at 53", port),
    ...without(socketOptions, "localport", "remoteport"),
    ...targetOptions,
  },
  members,
  derived,
  own,
  columns: ({ timestamp, answers }) => [
    timestamp && "time",
    "pid",
    "comm",
    "qtype",
    "shown_result",
    "latency_ns",
    "server",
    "name",
    answers && "found",
  ],
  failed: hasFailed,
  join: ({ timeout, failed }) => new Questions({ timeout_ns: nanoseconds(timeout), failed }),
  open: () => Dnssnoop.open(),
  prepare({ rodata, progs }, { port, timeout, ...options }) {
    setSocketTargets(rodata, { ...options, remoteport: port.length > 0 ? port : [PORT] });
    rodata.timeout_ns = nanoseconds(timeout);
    progs.seed_makers.autoattach = progs.tick.autoattach = false;
    loadHooks(progs, { send: true, receive: true });
  },
  attach({ progs, maps }) {
    const timer = setInterval(() => runIterator(progs.tick, { map: maps.clock }), TICK_MS);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
  attached: ({ progs }) => runIterator(progs.seed_makers),
});

if (import.meta.main) await toolMain(tool);
