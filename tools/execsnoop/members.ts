import { event, event_kind } from "#skel/execsnoop.ts";
import {
  bootTime,
  containerId,
  errnoName,
  type EventOf,
  type InPlace,
  membersOf,
  plainWords,
  userName,
  type Words,
} from "#lib/tool/mod.ts";
import { ExecStrings } from "./strings.ts";

/** What kernels have for a login uid or audit session that was never set: (uid_t) -1. */
const UNSET = 0xffff_ffff;
const ifSet = (id: number) => id === UNSET ? undefined : id;

/** What members are read by, besides the record. */
export function own(options: { readonly max_args: number; readonly env: readonly string[] }) {
  return { strings: new ExecStrings(options), start: bootTime() };
}

const member = membersOf(event, own);
const { c } = member;

/** The members of an exec. */
export const members = {
  time: c.time,
  /** When it happened, in nanoseconds since boot: the kernel's own clock, which nobody sets. */
  boot_time: member.integer(
    { brief: "When it happened, in nanoseconds since boot", only: "table" },
    (r) => r.time,
  ),
  /** Seconds since the trace began. */
  seconds: member.decimal({
    brief: "When it happened, in seconds since the start of the trace",
    decimals: 3,
    header: "TIME(s)",
    width: -8,
    only: "table",
  }, (r) => Number(r.time - r.$own.start) / 1e9),
  pid: { ...c.pid, width: -6 },
  ns_pid: { ...c.ns_pid, brief: "Process, as its own pid namespace has it", width: -6 },
  ppid: { ...c.ppid, brief: "Parent of the process", width: -6 },
  uid: { ...c.uid, brief: "Real user id" },
  user: member.text({ brief: "Name of the user", width: -8 }, (r) => userName(r.uid)),
  gid: { ...c.gid, brief: "Real group id" },
  /** The user who logged in, whatever he became since; undefined without a login. */
  loginuid: member.integer(
    { brief: "The user who logged in, whoever he is by now", width: -8 },
    (r) => ifSet(r.loginuid),
  ),
  sessionid: member.integer(
    { brief: "Session of the audit subsystem", width: -9 },
    (r) => ifSet(r.sessionid),
  ),
  sid: { ...c.sid, brief: "Session of setsid(2)", width: -6 },
  tty: member.text({ brief: "Terminal: pts0", width: -6 }, (r) => {
    const { $tty } = r;
    return $tty.bytes[$tty.start] === 0 ? undefined : $tty;
  }),
  mntns: { ...c.mntns, brief: "Mount namespace, by its inode number" },
  /** Path of the cgroup (v2), undefined for the root. */
  cgroup: member.text(
    { brief: "Path of the cgroup (v2)", width: -24 },
    (r) => r.$own.strings.cgroup(r),
  ),
  /** Id of the container that the cgroup belongs to. */
  container: member.text({ brief: "Id of the container", width: -12 }, (r) => {
    const cgroup = r.$own.strings.cgroup(r);
    return cgroup === undefined ? undefined : containerId(cgroup);
  }),
  comm: {
    ...c.comm,
    brief: "Name of the process, after the exec if that succeeded",
    header: "PCOMM",
  },
  parent_comm: { ...c.parent_comm, brief: "Name of the parent", header: "PARENT" },
  cwd: member.text({ brief: "Working folder", width: -20 }, (r) => r.$own.strings.cwd(r)),
  /** The file, as it was passed; undefined for a process that never executed one. */
  path: member.text(
    { brief: "The file, as it was passed", width: -20 },
    (r) => r.kind === event_kind.EXEC ? r.$own.strings.path(r) : undefined,
  ),
  /** The file that runs now, all links followed: for a script its interpreter. */
  exe: member.text(
    { brief: "The file that runs now, all links followed", width: -20 },
    (r) => r.$own.strings.exe(r),
  ),
  interpreter: member.text(
    { brief: "What runs a script", width: -20 },
    (r) => r.script ? r.$own.strings.exe(r) : undefined,
  ),
  /**
   * argv as it was passed. The kernel drops argv[0] of a script in favour of its interpreter; the path
   * stands in its place.
   */
  args: member.words({ brief: "Arguments, argv[0] included" }, (r) => r.$own.strings.args(r)),
  args_truncated: member.boolean(
    { brief: "Whether there are more arguments, or longer ones" },
    (r) => r.$own.strings.areArgsCut(r),
  ),
  /** With the option `env`: the variables asked for, `HOME=/root`. */
  env: member.words({ brief: "The variables of --env" }, (r) => r.$own.strings.env(r)),
  env_truncated: member.boolean(
    { brief: "With --env: whether there is more environment than was looked at" },
    (r) => r.env_cut !== 0,
  ),
  /** The parents, the nearest first, at most 16: `bash(1234)`. */
  ancestors: member.words(
    { brief: "With --ancestors: the parents, the nearest first" },
    (r) => r.$own.strings.ancestors(r),
  ),
  /** Whether it is a 32-bit program; of a failed exec, whether it was a 32-bit call. */
  compat: member.boolean({ brief: "Whether it is a 32-bit program" }, (r) => r.compat !== 0),
  ret: member.integer({ brief: "0, or a negative errno", width: 3 }, (r) => r.ret),
  error: member.text(
    { brief: "Name of the errno: ENOENT", width: -8 },
    (r) => r.ret < 0 ? errnoName(-r.ret) : undefined,
  ),
  /** What the process passed to exit(3), unless a signal ended it. */
  exit_code: member.integer(
    { brief: "With --exit: what was passed to exit(3)", width: 4 },
    (): number | undefined => undefined,
  ),
  /** The signal that ended it: `SIGKILL`. */
  signal: member.signal(
    { brief: "With --exit: the signal that ended the process", width: -8 },
    (): string | undefined => undefined,
  ),
  /** From the exec to the end, or to the process's next exec; without an exec from the fork on. */
  duration_ns: member.integer(
    { brief: "With --exit: how long it ran, in nanoseconds", width: 12 },
    (): bigint | undefined => undefined,
  ),
};

/** One exec(), and with the options `exit` and `forks` also how the process ended. */
export type Exec = EventOf<typeof members>;

type ExecInPlace = InPlace<typeof members>;

const table = membersOf<ExecInPlace>();

/** What tables alone show. */
export const derived = {
  result: table.text(
    { brief: "0, or the name of the errno", header: "RET", width: 3 },
    (e) => e.error ?? String(e.ret),
  ),
  exit: table.text(
    { brief: "With --exit: exit code or signal", width: 7 },
    (e) => e.signal ?? e.exit_code?.toString(),
  ),
  milliseconds: table.decimal(
    { brief: "With --exit: how long it ran", decimals: 1, header: "MS", width: 9 },
    (e) => e.duration_ns === undefined ? undefined : Number(e.duration_ns) / 1e6,
  ),
  line: table.words(
    { brief: "The file, and the arguments behind argv[0]", header: "ARGS" },
    commandLine,
  ),
  quoted: table.words(
    { brief: "The same, quoted as a shell would", as: "shell", header: "ARGS" },
    commandLine,
  ),
};

/** The file that was executed, then the arguments behind argv[0]. */
export function commandLine(exec: ExecInPlace): Words | undefined {
  const { $record } = exec;
  const raw = $record && $record.$own.strings.line($record);
  if (raw !== undefined || exec.path === undefined) return raw;
  const { path, args, args_truncated } = exec;
  return [path, ...plainWords(args).slice(1), ...(args_truncated ? ["..."] : [])];
}
