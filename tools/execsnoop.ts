#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * execsnoop: every exec() on this host, with its arguments.
 *
 * As a command: `sudo tools/execsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = execsnoop({ fails: true });
 * for await (const exec of trace) console.log(exec.pid, exec.args);
 * ```
 */
import { event_kind, Execsnoop } from "#skel/execsnoop.ts";
import { ExecsnoopBrief } from "#skel/variants/execsnoop_brief.ts";
import { bootTime } from "#lib/sys/clock.ts";
import { hasBtf } from "#lib/sys/kernel.ts";
import { userName } from "#lib/sys/users.ts";
import { exitOf } from "#lib/sys/wait_status.ts";
import {
  type Fields,
  flag,
  integer,
  type Lazy,
  list,
  loadHooks,
  loadTargeted,
  missesOf,
  option,
  type OptionsOf,
  plainWords,
  RingTrace,
  targetOptions,
  text,
  type Tool,
  toolMain,
  type Trace,
  type TraceOptions,
  withDefaults,
  type Words,
} from "#lib/tool/mod.ts";
import { Ends } from "./execsnoop/ends.ts";
import { ExecView } from "./execsnoop/view.ts";

/** ARGS_SIZE and MAX_ANCESTORS of bpf/execsnoop.bpf.c. */
const ARGS_SIZE = 8192;
const MAX_ANCESTORS = 16;

/** The fields that fill_details() and write_process() of the kernel half gather. */
const DETAILS = ["ns_pid", "sid", "mntns", "parent_comm", "tty", "loginuid", "sessionid"];
const STRINGS = ["ancestors", "cwd", "exe", "interpreter", "cgroup", "container"];

const options = {
  time: flag("T", "Include the time of day (HH:MM:SS)"),
  timestamp: flag("t", "Include the time since the start, in seconds"),
  fails: flag("x", "Include failed exec()s"),
  quote: flag("q", "Quote the arguments as a shell would"),
  name: option("n", "NAME", "Print only commands with NAME in their name", text),
  line: option("l", "LINE", "Print only commands with LINE in their arguments", text),
  print_uid: flag("U", "Include the user id"),
  max_args: option("", "N", "Show at most N arguments", integer(1, 1024), 20),
  args_bytes: option(
    "",
    "N",
    "Read at most N bytes of arguments",
    integer(1, ARGS_SIZE),
    ARGS_SIZE,
  ),
  exit: flag("", "Print a process when it ends, with its exit code and how long it ran"),
  forks: flag("", "Include processes that end without an exec()"),
  ancestors: flag("", "Include the parents, up to init"),
  env: list("", "NAME,...", "Include these environment variables", text),
  ...targetOptions,
};

type Options = OptionsOf<typeof options>;

/** One exec(), and with the options `exit` and `forks` also how the process ended. */
export interface Exec {
  /** When it happened, in nanoseconds since 1970. */
  readonly time: bigint;
  /** When it happened, in nanoseconds since boot: the kernel's own clock, which nobody sets. */
  readonly boot_time: bigint;
  /** Seconds since the trace began. */
  readonly seconds: number;
  readonly pid: number;
  /** The pid as the processes in its own pid namespace see it. */
  readonly ns_pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly gid: number;
  /** The user who logged in, whatever he became since; undefined without a login. */
  readonly loginuid?: number;
  /** The audit subsystem's session, undefined without a login. */
  readonly sessionid?: number;
  /** The session of setsid(2). */
  readonly sid: number;
  /** The terminal: `pts0`. */
  readonly tty?: string;
  /** Inode number of the mount namespace. */
  readonly mntns: number;
  /** Path of the cgroup (v2), undefined for the root. */
  readonly cgroup?: string;
  /** Id of the container that the cgroup belongs to. */
  readonly container?: string;
  /** Name of the process, after the exec if that succeeded. */
  readonly comm: string;
  readonly parent_comm: string;
  /** The parents, the nearest first, at most 16: `bash(1234)`. */
  readonly ancestors: readonly string[];
  /** The working folder. */
  readonly cwd?: string;
  /** The file, as it was passed; undefined for a process that never executed one. */
  readonly path?: string;
  /** The file that runs now, all links followed: for a script its interpreter. */
  readonly exe?: string;
  /** What runs a script (`#!`). */
  readonly interpreter?: string;
  /**
   * argv as it was passed. The kernel drops argv[0] of a script in favour of its interpreter; the path
   * stands in its place.
   */
  readonly args: readonly string[];
  /** Whether there are more arguments than `args` has, or longer ones. */
  readonly args_truncated: boolean;
  /** With the option `env`: the variables asked for, `HOME=/root`. */
  readonly env: readonly string[];
  /** Whether it is a 32-bit program; of a failed exec, whether it was a 32-bit call. */
  readonly compat: boolean;
  /** 0, or a negative errno. */
  readonly ret: number;
  /** The errno's name: `ENOENT`. */
  readonly error?: string;
  /** What the process gave to exit(3), unless a signal ended it. */
  readonly exit_code?: number;
  /** The signal that ended it: `SIGKILL`. */
  readonly signal?: string;
  /** From the exec to the end, or to the process's next exec; without an exec from the fork on. */
  readonly duration_ns?: bigint;
}

const fields: Fields<Lazy<Exec>> = {
  time: { type: "time", brief: "When it happened", width: -8, value: (e) => e.time },
  seconds: {
    type: "decimal",
    brief: "When it happened, in seconds since the start of the trace",
    decimals: 3,
    header: "TIME(s)",
    width: -8,
    only: "table",
    value: (e) => e.seconds,
  },
  pid: { type: "integer", brief: "Process", width: -6, value: (e) => e.pid },
  ns_pid: {
    type: "integer",
    brief: "Process, as its own pid namespace has it",
    width: -6,
    value: (e) => e.ns_pid,
  },
  ppid: { type: "integer", brief: "Parent of the process", width: -6, value: (e) => e.ppid },
  uid: { type: "integer", brief: "Real user id", width: -6, value: (e) => e.uid },
  user: { type: "text", brief: "Name of the user", width: -8, value: (e) => userName(e.uid) },
  gid: { type: "integer", brief: "Real group id", width: -6, value: (e) => e.gid },
  loginuid: {
    type: "integer",
    brief: "The user who logged in, whoever he is by now",
    width: -8,
    value: (e) => e.loginuid,
  },
  sessionid: {
    type: "integer",
    brief: "Session of the audit subsystem",
    width: -9,
    value: (e) => e.sessionid,
  },
  sid: { type: "integer", brief: "Session of setsid(2)", width: -6, value: (e) => e.sid },
  tty: { type: "text", brief: "Terminal: pts0", width: -6, value: (e) => e.tty },
  mntns: {
    type: "integer",
    brief: "Mount namespace, by its inode number",
    width: -10,
    value: (e) => e.mntns,
  },
  cgroup: { type: "text", brief: "Path of the cgroup (v2)", width: -24, value: (e) => e.cgroup },
  container: { type: "text", brief: "Id of the container", width: -12, value: (e) => e.container },
  comm: {
    type: "text",
    brief: "Name of the process, after the exec if that succeeded",
    header: "PCOMM",
    width: -16,
    value: (e) => e.comm,
  },
  parent_comm: {
    type: "text",
    brief: "Name of the parent",
    header: "PARENT",
    width: -16,
    value: (e) => e.parent_comm,
  },
  cwd: { type: "text", brief: "Working folder", width: -20, value: (e) => e.cwd },
  path: { type: "text", brief: "The file, as it was passed", width: -20, value: (e) => e.path },
  exe: {
    type: "text",
    brief: "The file that runs now, all links followed",
    width: -20,
    value: (e) => e.exe,
  },
  interpreter: {
    type: "text",
    brief: "What runs a script",
    width: -20,
    value: (e) => e.interpreter,
  },
  args: { type: "words", brief: "Arguments, argv[0] included", value: (e) => e.args },
  args_truncated: {
    type: "boolean",
    brief: "Whether there are more arguments, or longer ones",
    value: (e) => e.args_truncated,
  },
  env: { type: "words", brief: "The variables of --env", value: (e) => e.env },
  ancestors: {
    type: "words",
    brief: "With --ancestors: the parents, the nearest first",
    value: (e) => e.ancestors,
  },
  compat: { type: "boolean", brief: "Whether it is a 32-bit program", value: (e) => e.compat },
  ret: { type: "integer", brief: "0, or a negative errno", width: 3, value: (e) => e.ret },
  error: { type: "text", brief: "Name of the errno: ENOENT", width: -8, value: (e) => e.error },
  exit_code: {
    type: "integer",
    brief: "With --exit: what exit(3) was given",
    width: 4,
    value: (e) => e.exit_code,
  },
  signal: {
    type: "text",
    brief: "With --exit: the signal that ended the process",
    width: -8,
    value: (e) => e.signal,
  },
  duration_ns: {
    type: "integer",
    brief: "With --exit: how long it ran, in nanoseconds",
    width: 12,
    value: (e) => e.duration_ns,
  },
  result: {
    type: "text",
    brief: "0, or the name of the errno",
    header: "RET",
    width: 3,
    only: "table",
    value: (e) => e.error ?? String(e.ret),
  },
  exit: {
    type: "text",
    brief: "With --exit: exit code or signal",
    width: 7,
    only: "table",
    value: (e) => e.signal ?? e.exit_code?.toString(),
  },
  milliseconds: {
    type: "decimal",
    brief: "With --exit: how long it ran",
    decimals: 1,
    header: "MS",
    width: 9,
    only: "table",
    value: (e) => e.duration_ns === undefined ? undefined : Number(e.duration_ns) / 1e6,
  },
  line: {
    type: "words",
    brief: "The file, and the arguments behind argv[0]",
    header: "ARGS",
    only: "table",
    value: commandLine,
  },
  quoted: {
    type: "words",
    brief: "The same, quoted as a shell would",
    quote: true,
    header: "ARGS",
    only: "table",
    value: commandLine,
  },
};

export const tool: Tool<Options, Lazy<Exec>> = {
  name: "execsnoop",
  brief: "Trace new processes: every exec() on this host",
  options,
  demanding: [{ fails: true }, { exit: true }],
  examples: [
    ["execsnoop", "trace all exec() calls"],
    ["execsnoop -x", "include those that failed"],
    ["execsnoop -T", "include the time of day"],
    ["execsnoop -U", "include the user id"],
    ["execsnoop -u root", "only those of one user"],
    ["execsnoop -q", "quote the arguments, to paste them"],
    ["execsnoop -n main", "only commands with main in their name"],
    ["execsnoop -l tpkg", "only commands with tpkg in their arguments"],
    ["execsnoop --exit", "each process when it ends, with its exit code"],
    ["execsnoop --container web", "only those in a container"],
    ["execsnoop -o json", "one JSON object a line, with all that is known"],
  ],
  fields,
  columns: (options) => [
    options.time && "time",
    options.timestamp && "seconds",
    options.print_uid && "uid",
    "comm",
    "pid",
    "ppid",
    "result",
    ...(options.exit || options.forks ? ["exit", "milliseconds"] : []),
    options.env.length > 0 && "env",
    options.ancestors && "ancestors",
    options.quote ? "quoted" : "line",
  ],
  failed: (exec) => exec.ret !== 0 || exec.signal !== undefined || (exec.exit_code ?? 0) !== 0,
  trace: execsnoop,
};

/**
 * Starts tracing: the programs are attached when this returns.
 * @param shown the fields that are looked at; the kernel half need not gather the dear ones of others
 */
export function execsnoop(
  given: TraceOptions<Options> = {},
  shown: ReadonlySet<string> = new Set(Object.keys(fields)),
): Trace<Exec, Lazy<Exec>> {
  const wanted = withDefaults(options, given);
  const start = bootTime();
  const ends = new Ends();
  const view = new ExecView({ start, ...wanted });
  const passes = (exec: Lazy<Exec>) =>
    (wanted.name === undefined || String(exec.comm).includes(wanted.name)) &&
    (wanted.line === undefined || lineOf(exec).includes(wanted.line));
  const brief = ![...DETAILS, ...STRINGS].some((name) => shown.has(name));
  // libbpf looks for each type that an object names: 8 instead of 22, for an earlier start.
  const opened = brief ? ExecsnoopBrief.open({ name: "execsnoop" }) : Execsnoop.open();
  const skeleton = loadTargeted(opened, wanted, ({ rodata, progs }) => {
    rodata.max_args = wanted.max_args;
    rodata.args_bytes = wanted.args_bytes;
    if (wanted.env.length > 0) rodata.env_bytes = ARGS_SIZE;
    if (shown.has("ancestors")) rodata.max_ancestors = MAX_ANCESTORS;
    rodata.with_details = DETAILS.some((name) => shown.has(name));
    rodata.with_cwd = shown.has("cwd");
    rodata.with_exe = shown.has("exe") || shown.has("interpreter");
    rodata.with_cgroup = shown.has("cgroup") || shown.has("container");
    rodata.exits = wanted.exit;
    rodata.forks = wanted.forks;
    loadHooks(progs, {
      exec: true,
      failure: wanted.fails,
      exit: wanted.exit || wanted.forks,
    });
    progs.tp_image.autoload = progs.tp_exec.autoload && hasBtf();
  });
  return new RingTrace({
    skeleton,
    ring: skeleton.maps.events,
    event(record, wall) {
      const exec = view.place(record, wall).copy();
      if (record.kind === event_kind.EXIT) return ends.ended(exec, record.status);
      if (!passes(exec)) return;
      if (record.kind === event_kind.FORK) {
        return { ...exec, ...exitOf(record.status), duration_ns: record.time - record.start };
      }
      return wanted.exit && exec.ret === 0 ? ends.started(exec) : exec;
    },
    // An exec that waits for its end must be kept.
    view: wanted.exit || wanted.forks ? undefined : (record, wall) => {
      const exec = view.place(record, wall);
      return passes(exec) ? exec : undefined;
    },
    rest: () => ends.rest(),
    readerRests: (yes) => skeleton.bss.reader_rests = yes,
    lost: () => ({
      ring: skeleton.bss.lost,
      missed: missesOf(skeleton.progs, "exec", "exit"),
    }),
    signal: given.signal,
  });
}

/** What a table shows: the file that was executed, then the arguments behind argv[0]. */
function commandLine(exec: Lazy<Exec>): Words | undefined {
  const raw = exec instanceof ExecView ? exec.commandLine : undefined;
  if (raw !== undefined || exec.path === undefined) return raw;
  const { path, args, args_truncated } = exec;
  return [path, ...plainWords(args).slice(1), ...(args_truncated ? ["..."] : [])];
}

function lineOf(exec: Lazy<Exec>): string {
  return plainWords(commandLine(exec) ?? []).join(" ");
}

if (import.meta.main) await toolMain(tool);
