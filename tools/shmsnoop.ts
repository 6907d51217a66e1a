#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * shmsnoop: system calls on shared memory of System V: shmget, shmat, shmdt, shmctl.
 *
 * As a command: `sudo tools/shmsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = shmsnoop({ failed: true });
 * for await (const { comm, call, key, error } of trace) console.log(comm, call, key, error);
 * ```
 */
import { shm_call, Shmsnoop } from "#skel/shmsnoop.ts";
import {
  findsUserRegisters,
  flag,
  integer,
  loadHooks,
  MAX_PID,
  option,
  ringTool,
  syscallForms,
  targetOptions,
  text,
  toolMain,
} from "#lib/tool/mod.ts";
import { derived, members, own } from "./shmsnoop/members.ts";

export type { Shm } from "./shmsnoop/members.ts";

const CALLS = {
  shmget: shm_call.SHM_GET,
  shmat: shm_call.SHM_AT,
  shmdt: shm_call.SHM_DT,
  shmctl: shm_call.SHM_CTL,
};

/** Those of 32-bit programs, which have one for all, too. */
const COMPAT_CALLS = { ...CALLS, ipc: shm_call.SHM_IPC };

/** What is said of the segment, besides what the call is passed. */
const OF_SEGMENT = ["key", "shm_size_bytes", "nattch", "owner", "creator_pid"];

export const { tool, start: shmsnoop } = ringTool({
  name: "shmsnoop",
  group: "memory",
  brief: "Trace system calls on shared memory of System V",
  examples: [
    ["shmsnoop", "all of them"],
    ["shmsnoop -T", "include the time, in seconds since the first one"],
    ["shmsnoop -p 181", "only those of process 181"],
    ["shmsnoop -t 123", "only those of thread 123"],
    ["shmsnoop -d 10", "for 10 seconds"],
    ["shmsnoop -n main", "only processes with main in their name"],
    ["shmsnoop -x", "only those that fail"],
    ["shmsnoop --segment", "include size, attachments and owner of the segment"],
    ["shmsnoop --compat", "include those of 32-bit programs"],
  ],
  frame: { seconds: { letter: "d", alias: "duration" } },
  options: {
    timestamp: flag("T", "Include the time, in seconds since the first one"),
    tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
    name: option("n", "NAME", "Trace only processes with NAME in their name", text),
    failed: flag("x", "Show only calls that fail"),
    segment: flag("", "Include size, attachments and owner of the segment"),
    compat: flag("", "Include calls of 32-bit programs, by a program at the end of all calls"),
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ timestamp, tid, segment }) => [
    timestamp && "since_first",
    tid === undefined ? "pid" : "tid",
    "comm",
    "sys",
    "result",
    ...segment ? ["shm_size_bytes", "nattch", "owner"] as const : [],
    "args",
  ],
  failed: ({ error }) => error !== undefined,
  passes: ({ comm }, { name }) => name === undefined || String(comm).includes(name),
  own,
  open: () => Shmsnoop.open(),
  prepare({ rodata, progs }, { tid, failed, compat }, shown) {
    // they are not handed the registers of the call
    const classic = findsUserRegisters();
    if (tid !== undefined) rodata.targ_tid = tid;
    rodata.failures_only = failed;
    rodata.with_segment = OF_SEGMENT.some((name) => shown.has(name));
    rodata.forms = syscallForms(
      rodata.forms.length,
      classic ? {} : CALLS,
      compat ? COMPAT_CALLS : {},
    );
    for (const call of Object.keys(CALLS) as (keyof typeof CALLS)[]) {
      progs[`sys_exit_${call}`].autoload = classic;
    }
    loadHooks(progs, { exit: compat || !classic });
  },
});

if (import.meta.main) await toolMain(tool);
