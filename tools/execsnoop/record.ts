import { event_kind, type event_view } from "#skel/execsnoop.ts";
import { decodeText } from "#lib/btf/text.ts";
import { containerId } from "#lib/sys/containers.ts";
import { errnoName } from "#lib/sys/errno.ts";
import { decodePath, decodeStrings } from "#lib/tool/strings.ts";
import type { Exec } from "../execsnoop.ts";

/** What kernels give for a login uid or audit session that was never set: (uid_t) -1. */
const UNSET = 0xffff_ffff;

/** TASK_COMM_LEN of include/linux/sched.h. */
const COMM_SIZE = 16;

/** What an event is made by, besides its record. */
interface Context {
  /** Gives wall time for nanoseconds since boot. */
  wall(boot: bigint): bigint;
  /** When the trace began, in nanoseconds since boot. */
  readonly start: bigint;
  readonly max_args: number;
  /** Names of environment variables. */
  readonly env: readonly string[];
}

/** Makes an event of a record of the ring. */
export function execOf(record: event_view, context: Context): Exec {
  const { strings, ret } = record;
  let at = 0;
  /** Moves on by a size of the record: where its strings begin and end. */
  const next = (size: number): [Uint8Array, number, number] => [strings, at, at += size];

  const path = decodeText(...next(record.path_size));
  const cwd = presentPath(...next(record.cwd_size));
  const exe = presentPath(...next(record.exe_size));
  const cgroup = presentPath(...next(record.cgroup_size));
  const ancestors = ancestorsOf(record, ...next(record.ancestors_size));
  const given = decodeStrings(...next(record.args_size));
  const environment = decodeStrings(...next(record.env_size));

  const script = record.script !== 0;
  const args = script ? withoutInterpreter(given, path) : given;
  return {
    time: context.wall(record.time),
    boot_time: record.time,
    seconds: Number(record.time - context.start) / 1e9,
    pid: record.pid,
    ns_pid: record.ns_pid,
    ppid: record.ppid,
    uid: record.uid,
    gid: record.gid,
    loginuid: set(record.loginuid),
    sessionid: set(record.sessionid),
    sid: record.sid,
    tty: record.tty || undefined,
    mntns: record.mntns,
    cgroup,
    container: cgroup === undefined ? undefined : containerId(cgroup),
    comm: record.comm,
    parent_comm: record.parent_comm,
    ancestors,
    cwd,
    path: record.kind === event_kind.EXEC ? path : undefined,
    exe,
    interpreter: script ? exe : undefined,
    args: args.slice(0, context.max_args),
    args_truncated: record.args_cut !== 0 || args.length > context.max_args,
    env: environment.filter((entry) => context.env.some((name) => entry.startsWith(`${name}=`))),
    compat: record.compat !== 0,
    ret,
    error: ret < 0 ? errnoName(-ret) : undefined,
  };
}

function set(id: number): number | undefined {
  return id === UNSET ? undefined : id;
}

function presentPath(bytes: Uint8Array, start: number, end: number): string | undefined {
  return start === end ? undefined : decodePath(bytes, start, end);
}

/** From the parent on: `bash(1234)`. */
function ancestorsOf(
  record: event_view,
  bytes: Uint8Array,
  start: number,
  end: number,
): string[] {
  const pids = record.ancestor_pids;
  return Array.from({ length: (end - start) / COMM_SIZE }, (_, i) => {
    const at = start + i * COMM_SIZE;
    return `${decodeText(bytes, at, at + COMM_SIZE)}(${pids[i]})`;
  });
}

/** The kernel runs `#!/bin/sh -e` as `/bin/sh -e PATH ARGS...`: gives back `PATH ARGS...`. */
function withoutInterpreter(args: string[], path: string): string[] {
  const at = args.indexOf(path, 1);
  return at < 0 ? args : args.slice(at);
}
