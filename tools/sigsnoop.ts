#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * sigsnoop: signals, who sent them to whom, and what came of it.
 *
 * As a command: `sudo tools/sigsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = sigsnoop({ signals: [9, 15] });
 * for await (const { comm, signal, target_comm, result } of trace) console.log(comm, signal, target_comm, result);
 * ```
 */
import { Sigsnoop } from "#skel/sigsnoop.ts";
import {
  ExitCode,
  ExitError,
  flag,
  isTargeted,
  list,
  loadHooks,
  option,
  pid,
  ringTool,
  signal,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { Deliveries } from "./sigsnoop/deliveries.ts";
import { derived, members } from "./sigsnoop/members.ts";

export type { Signal } from "./sigsnoop/members.ts";

const SIGCHLD = 17;
const EVERY_SIGNAL = (1n << 64n) - 1n;

export const { tool, start: sigsnoop } = ringTool({
  name: "sigsnoop",
  group: "processes",
  brief: "Trace signals: who sends them to whom",
  aliases: { killsnoop: ["-k"] },
  examples: [
    ["sigsnoop", "all signals, also those of the kernel"],
    ["sigsnoop -n --no-chld", "with their names, without SIGCHLD"],
    ["sigsnoop -k", "system calls that send signals; killsnoop is the same"],
    ["sigsnoop -x", "only those of them that fail"],
    ["sigsnoop -s KILL,TERM,2", "only these signals"],
    ["sigsnoop -p 181", "only what process 181 sends"],
    ["sigsnoop -T 181", "only what process 181 is sent"],
    ["sigsnoop -n --latency", "how long it took until each was handled, and by which function"],
  ],
  options: {
    failed: flag("x", "Show only system calls that fail"),
    kill: flag("k", "Show system calls that send signals, also those that fail"),
    signals: {
      ...list("s", "SIG,...", "Show only these signals, by name or number", signal),
      alias: "signal",
    },
    name: flag("n", "Show the names of signals, not the numbers"),
    tpid: option("T", "PID", "Show only what this process is sent", pid),
    no_chld: flag("", "Leave out SIGCHLD"),
    latency: flag("", "Show a signal when it is handled, after how long and by what"),
    ...targetOptions,
  },
  demanding: [{ latency: true }, { kill: true }],
  members,
  derived,
  columns: ({ name, latency }) => [
    "time",
    "pid",
    "comm",
    name ? "name" : "number",
    "tpid",
    "tcomm",
    "outcome",
    latency && "latency_us",
    latency && "handled",
  ],
  failed: (e) => e.error !== undefined,
  join: ({ latency }) => latency ? new Deliveries() : undefined,
  open({ latency, kill, failed }) {
    if (!latency || !(kill || failed)) return Sigsnoop.open();
    throw new ExitError(ExitCode.Usage, "--latency is of signals: -k and -x show calls instead");
  },
  prepare({ rodata, progs }, options) {
    const { failed, kill, signals, tpid, no_chld, latency } = options;
    if (signals.length > 0) rodata.signals = maskOf(signals);
    if (no_chld) rodata.signals &= EVERY_SIGNAL ^ maskOf([SIGCHLD]);
    rodata.any_number = signals.length === 0;
    if (tpid !== undefined) rodata.targ_receiver = tpid;
    rodata.by_sender = isTargeted(options);
    rodata.failed = failed;
    const calls = kill || failed;
    loadHooks(progs, { exit: calls, signal: !calls, delivery: latency });
  },
});

/** Bit n is signal n + 1. */
function maskOf(signals: readonly number[]): bigint {
  return signals.reduce((mask, signal) => mask | 1n << BigInt(signal - 1), 0n);
}

if (import.meta.main) await toolMain(tool);
