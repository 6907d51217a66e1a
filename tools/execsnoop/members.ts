import { event } from "#skel/execsnoop.ts";
import {
  bootTime,
  containerId,
  errorName,
  type EventOf,
  idIfSet,
  type InPlace,
  membersOf,
  plainWords,
  userName,
  type Words,
} from "#lib/tool/mod.ts";
import { Arguments, parts } from "./arguments.ts";

/** What members are read by, besides the record. */
export function own(options: { readonly max_args: number; readonly env: readonly string[] }) {
  return { args: new Arguments(options.max_args), names: options.env, start: bootTime() };
}

/** What only the end of a process brings. */
const later = <T>(): T | undefined => undefined;

const { c, integer, text, words, boolean, ...member } = membersOf(event, own);

export const members = {
  time: c.time,
  boot_time: integer({ brief: "Nanoseconds since boot", only: "table" }, (r) => r.time),
  seconds: member.decimal({
    brief: "Seconds since the start of the trace",
    decimals: 3,
    header: "TIME(s)",
    width: -8,
    only: "table",
  }, (r) => Number(r.time - r.$own.start) / 1e9),
  pid: { ...c.pid, width: -6 },
  ns_pid: { ...c.ns_pid, brief: "Process, as its own pid namespace has it", width: -6 },
  ppid: { ...c.ppid, brief: "Parent of the process", width: -6 },
  uid: { ...c.uid, brief: "Real user id" },
  user: text({ brief: "Name of the user", width: -8 }, (r) => userName(r.uid)),
  gid: { ...c.gid, brief: "Real group id" },
  loginuid: integer({ brief: "The user who logged in", width: -8 }, (r) => idIfSet(r.loginuid)),
  sessionid: integer({ brief: "Audit session", width: -9 }, (r) => idIfSet(r.sessionid)),
  sid: { ...c.sid, brief: "Session of setsid(2)", width: -6 },
  tty: text({ brief: "Terminal: pts0", width: -6 }, (r) => r.$tty.some),
  mntns: { ...c.mntns, brief: "Mount namespace, by its inode number" },
  /** Undefined for the root. */
  cgroup: text({ brief: "Path of the cgroup (v2)", width: -24 }, parts.cgroup.path),
  container: text({ brief: "Its container", width: -12 }, (r) => containerId(parts.cgroup.path(r))),
  comm: { ...c.comm, brief: "Name of the process, after the exec", header: "PCOMM" },
  parent_comm: { ...c.parent_comm, brief: "Name of the parent", header: "PARENT" },
  cwd: text({ brief: "Working folder", width: -20 }, parts.cwd.path),
  /** Undefined for a process that never executed a file, and where the path could not be read. */
  path: text({ brief: "The file, as it was passed", width: -20 }, parts.path.text),
  exe: text({ brief: "The file that runs now, all links followed", width: -20 }, parts.exe.path),
  interpreter: text(
    { brief: "What runs a script", width: -20 },
    (r) => r.script ? parts.exe.path(r) : undefined,
  ),
  /** The kernel drops argv[0] of a script in favour of its interpreter: the path stands in its place. */
  args: words({ brief: "Arguments, argv[0] included" }, (r) => r.$own.args.words(r)),
  args_truncated: boolean({ brief: "Whether any is cut or missing" }, (r) => r.$own.args.areCut(r)),
  env: words(
    { brief: "The variables of --env: HOME=/root" },
    (r) => parts.env.strings(r).filter((entry) => r.$own.names.includes(entry.split("=", 1)[0])),
  ),
  env_truncated: boolean({ brief: "Whether some may be missing" }, (r) => r.env_cut !== 0),
  /** At most 16: `bash(1234)`. */
  ancestors: words(
    { brief: "With --ancestors: the parents, the nearest first" },
    (r) => parts.ancestors.strings(r).map((name, i) => `${name}(${r.ancestor_pids[i]})`),
  ),
  /** Of a failed exec whether it was a 32-bit call. */
  compat: boolean({ brief: "Whether it is a 32-bit program" }, (r) => r.compat !== 0),
  ret: integer({ brief: "0, or a negative errno", width: 3 }, (r) => r.ret),
  error: text({ brief: "Name of the errno: ENOENT", width: -8 }, (r) => errorName(r.ret)),
  exit_code: integer({ brief: "With --exit: exit code", width: 4 }, later<number>),
  signal: member.signal({ brief: "With --exit: signal that ended it", width: -8 }, later<string>),
  /** To the end, or to the process's next exec; without an exec from the fork on. */
  duration_ns: integer({ brief: "With --exit: how long it ran", width: 12 }, later<bigint>),
};

/** One exec(), and with the options `exit` and `forks` also how the process ended. */
export type Exec = EventOf<typeof members>;

type ExecInPlace = InPlace<typeof members>;

const table = membersOf<ExecInPlace>();

export const derived = {
  result: table.errno({ brief: "0, or an errno", header: "RET", width: 3 }, (e) => e.ret),
  exit: table.text(
    { brief: "Code or signal", width: 7 },
    (e) => e.signal ?? e.exit_code?.toString(),
  ),
  milliseconds: table.integer({
    brief: "How long it ran",
    unit: 1e6,
    decimals: 1,
    header: "MS",
    width: 9,
  }, (e) => e.duration_ns),
  variables: table.words({
    brief: "The variables of --env; ... if not all were looked at",
    header: "ENV",
  }, ({ env, env_truncated }) => env_truncated ? [...plainWords(env), "..."] : env),
  line: table.words({ brief: "The file, and argv[1] and on", header: "ARGS" }, commandLine),
  quoted: table.words({ brief: "The same, quoted", as: "shell", header: "ARGS" }, commandLine),
};

/** The file that was executed, then the arguments behind argv[0]. */
export function commandLine(exec: ExecInPlace): Words | undefined {
  const { $record } = exec;
  const raw = $record && $record.$own.args.line($record);
  if (raw !== undefined || exec.path === undefined) return raw;
  const { path, args, args_truncated } = exec;
  return [path, ...plainWords(args).slice(1), ...(args_truncated ? ["..."] : [])];
}
