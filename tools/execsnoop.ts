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
import { Execsnoop } from "#skel/execsnoop.ts";
import { ExecsnoopBrief } from "#skel/variants/execsnoop_brief.ts";
import {
  flag,
  hasBtf,
  integer,
  list,
  loadHooks,
  option,
  plainWords,
  ringTool,
  targetOptions,
  text,
  toolMain,
} from "#lib/tool/mod.ts";
import { Ends } from "./execsnoop/ends.ts";
import { commandLine, derived, members, own } from "./execsnoop/members.ts";

export type { Exec } from "./execsnoop/members.ts";

/** ARGS_SIZE and MAX_ANCESTORS of bpf/execsnoop.bpf.c. */
const ARGS_SIZE = 8192;
const MAX_ANCESTORS = 16;

/** The fields that fill_details() and write_process() of the kernel half gather. */
const DETAILS = ["ns_pid", "sid", "mntns", "parent_comm", "tty", "loginuid", "sessionid"];
const STRINGS = ["ancestors", "cwd", "exe", "interpreter", "cgroup", "container"];

export const { tool, start: execsnoop } = ringTool({
  name: "execsnoop",
  group: "processes",
  brief: "Trace new processes: every exec() on this host",
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
  options: {
    time: flag("T", "Include the time of day (HH:MM:SS)"),
    timestamp: flag("t", "Include the time since the start, in seconds"),
    fails: flag("x", "Include failed exec()s"),
    quote: flag("q", "Quote the arguments as a shell would"),
    name: option("n", "NAME", "Print only commands with NAME in their name", text),
    line: option("l", "LINE", "Print only commands with LINE in their arguments", text),
    print_uid: flag("U", "Include the user id"),
    max_args: option("", "N", "Show at most N arguments", integer(1, 1024), 20),
    args_bytes: option("", "N", "Read at most N bytes of them", integer(1, ARGS_SIZE), ARGS_SIZE),
    exit: flag("", "Print a process when it ends, with its exit code and how long it ran"),
    forks: flag("", "Include processes that end without an exec()"),
    ancestors: flag("", "Include the parents, up to init"),
    env: list("", "NAME", "Include this environment variable; may be given several times", text),
    ...targetOptions,
  },
  demanding: [{ fails: true }, { exit: true }],
  members,
  derived,
  columns: (options) => [
    options.time && "time",
    options.timestamp && "seconds",
    options.print_uid && "uid",
    "comm",
    "pid",
    "ppid",
    "result",
    ...(options.exit || options.forks ? ["exit", "milliseconds"] as const : []),
    options.env.length > 0 && "variables",
    options.ancestors && "ancestors",
    options.quote ? "quoted" : "line",
  ],
  failed: (e) => e.ret !== 0 || e.signal !== undefined || (e.exit_code ?? 0) !== 0,
  passes: (e, { name, line }) =>
    (name === undefined || String(e.comm).includes(name)) &&
    (line === undefined || plainWords(commandLine(e) ?? []).join(" ").includes(line)),
  join: ({ exit, forks }) => exit || forks ? new Ends(exit) : undefined,
  own,
  open(_, shown) {
    if ([...DETAILS, ...STRINGS].some((name) => shown.has(name))) return Execsnoop.open();
    // libbpf looks for each type that an object names: 8 instead of 22, for an earlier start.
    return ExecsnoopBrief.open({ name: "execsnoop" }) as unknown as ReturnType<
      typeof Execsnoop.open
    >;
  },
  prepare({ rodata, progs }, { max_args, args_bytes, env, fails, exit, forks }, shown) {
    rodata.max_args = max_args;
    rodata.args_bytes = args_bytes;
    if (env.length > 0) rodata.env_bytes = ARGS_SIZE;
    if (shown.has("ancestors")) rodata.max_ancestors = MAX_ANCESTORS;
    rodata.with_details = DETAILS.some((name) => shown.has(name));
    rodata.with_cwd = shown.has("cwd");
    rodata.with_exe = shown.has("exe") || shown.has("interpreter");
    rodata.with_cgroup = shown.has("cgroup") || shown.has("container");
    rodata.exits = exit;
    rodata.forks = forks;
    loadHooks(progs, { exec: true, exit: fails, end: exit || forks });
    progs.tp_image.autoload = progs.tp_exec.autoload && hasBtf();
  },
});

if (import.meta.main) await toolMain(tool);
