#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** oomkill: processes that the kernel kills for lack of memory. */
import { event, Oomkill } from "#skel/oomkill.ts";
import {
  containerId,
  type EventOf,
  loadHooks,
  membersOf,
  pageSize,
  partsOf,
  ringTool,
  targetOptions,
  toolMain,
  userName,
} from "#lib/tool/mod.ts";
import { canTrace } from "#lib/tool/functions.ts";

/** `enum oom_constraint` of include/linux/oom.h. */
const CONSTRAINTS = ["none", "cpuset", "mempolicy", "memcg"];

const own = () => ({ page_kb: BigInt(pageSize() / 1024) });
const { c, text, integer, ...member } = membersOf(event, own);
const parts = partsOf(event, "cgroup", "args");

/** The members of an event. */
export const members = {
  time: c.time,
  trigger_pid: { ...c.trigger_pid, brief: "Process that asked for memory", header: "TRIGGER" },
  trigger_comm: { ...c.trigger_comm, brief: "Name of its thread", header: "TRIGGER_COMM" },
  pid: { ...c.pid, brief: "Process that was killed" },
  comm: { ...c.comm, brief: "Its name" },
  uid: { ...c.uid, brief: "Its real user id" },
  user: text({ brief: "Name of the user", width: -8 }, (r) => userName(r.uid)),
  total_vm_kb: integer(
    { brief: "Its address space, in KiB", width: 11 },
    (r) => r.total_vm * r.$own.page_kb,
  ),
  anon_rss_kb: integer(
    { brief: "Its resident memory of its own, in KiB", header: "ANON_KB", width: 9 },
    (r) => r.anon_rss * r.$own.page_kb,
  ),
  file_rss_kb: integer(
    { brief: "Its resident pages of files, in KiB", header: "FILE_KB", width: 9 },
    (r) => r.file_rss * r.$own.page_kb,
  ),
  shmem_rss_kb: integer(
    { brief: "Its resident shared memory and tmpfs, in KiB", header: "SHMEM_KB", width: 9 },
    (r) => r.shmem_rss * r.$own.page_kb,
  ),
  pgtables_kb: integer(
    { brief: "Its page tables, in KiB", width: 11 },
    (r) => r.pgtables_bytes / 1024n,
  ),
  oom_score_adj: integer(
    { brief: "Its oom_score_adj, from -1000 to 1000", width: 13 },
    (r) => r.oom_score_adj,
  ),
  /** The next four are undefined where the kernel has no kprobes. */
  total_pages: integer(
    { brief: "Pages of what ran out: the limit of a cgroup, or all memory", width: 11 },
    (r) => r.cause_known ? r.total_pages : undefined,
  ),
  constraint: text(
    { brief: "What ran out: none (all memory), memcg, cpuset, mempolicy", width: -10 },
    (r) => r.cause_known ? CONSTRAINTS[r.constraint] ?? String(r.constraint) : undefined,
  ),
  order: integer(
    { brief: "2 to this power pages were asked for; -1 for a request by SysRq", width: 5 },
    (r) => r.cause_known ? r.order : undefined,
  ),
  group_kill: member.boolean(
    { brief: "Whether it died with another that was chosen (memory.oom.group)", width: -10 },
    (r) => r.cause_known ? r.group_kill !== 0 : undefined,
  ),
  /** Of version 1 or 2; undefined for the root. */
  cgroup: text({ brief: "Path of its memory cgroup", width: -24 }, parts.cgroup.path),
  container: text({ brief: "Its container", width: -12 }, (r) => containerId(parts.cgroup.path(r))),
  /** Undefined for a victim that did not ask for the memory itself. */
  args: member.words(
    { brief: "Its arguments, if it asked for memory itself" },
    (r) => r.args_size === 0 ? undefined : parts.args.strings(r),
  ),
  args_truncated: member.boolean(
    { brief: "Whether there are more arguments, or longer ones", width: -14 },
    (r) => r.args_size === 0 ? undefined : r.args_cut !== 0,
  ),
};

/** A process that the kernel killed for lack of memory. */
export type OomKill = EventOf<typeof members>;

export const { tool, start: oomkill } = ringTool({
  name: "oomkill",
  group: "memory",
  brief: "Trace processes that the kernel kills for lack of memory",
  examples: [
    ["oomkill", "all of them"],
    ["oomkill --container web", "only those in a container"],
    ["oomkill --fields time,pid,comm,constraint,total_pages,cgroup", "what ran out"],
    ["oomkill -o json", "one JSON object a line, with all that is known"],
  ],
  options: targetOptions,
  members,
  columns: () => [
    "time",
    "trigger_pid",
    "trigger_comm",
    "pid",
    "comm",
    "anon_rss_kb",
    "file_rss_kb",
    "shmem_rss_kb",
    "cgroup",
  ],
  own,
  open: () => Oomkill.open(),
  prepare({ progs }) {
    loadHooks(progs, { signal: true, victim: true });
    progs.kprobe_cause.autoload = canTrace("kprobe", "oom_kill_process");
  },
});

if (import.meta.main) await toolMain(tool);
