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
import { type event_view, Execsnoop } from "#skel/execsnoop.ts";
import { decodeText } from "#lib/btf/text.ts";
import { bootTime } from "#lib/sys/clock.ts";
import {
  flag,
  integer,
  option,
  type OptionsOf,
  RingTrace,
  text,
  type Tool,
  toolMain,
  type Trace,
  user,
  withDefaults,
} from "#lib/tool/mod.ts";

const options = {
  time: flag("T", "Include the time of day (HH:MM:SS)"),
  timestamp: flag("t", "Include the time since the start, in seconds"),
  fails: flag("x", "Include failed exec()s"),
  uid: option("u", "UID|NAME", "Trace this user only", user),
  quote: flag("q", "Quote the arguments as a shell would"),
  name: option("n", "NAME", "Print only commands with NAME in their name", text),
  line: option("l", "LINE", "Print only commands with LINE in their arguments", text),
  print_uid: flag("U", "Include the user id"),
  max_args: option("", "N", "Show at most N arguments", integer(1, 1024), 20),
};

type Options = OptionsOf<typeof options>;

/** One exec(). */
export interface Exec {
  /** When it happened, in nanoseconds since 1970. */
  readonly time: bigint;
  /** Seconds since the trace began. */
  readonly seconds: number;
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  /** Name of the process, after the exec if that succeeded. */
  readonly comm: string;
  /** The file, as it was passed. */
  readonly path: string;
  /**
   * argv as it was passed. The kernel drops argv[0] of a script (`#!`) in favour of its interpreter;
   * the path stands in its place.
   */
  readonly args: readonly string[];
  /** Whether there are more arguments than `args` has, or longer ones. */
  readonly args_truncated: boolean;
  /** 0, or a negative errno. */
  readonly ret: number;
}

export const tool: Tool<Options, Exec> = {
  name: "execsnoop",
  brief: "Trace new processes: every exec() on this host",
  options,
  examples: [
    ["execsnoop", "trace all exec() calls"],
    ["execsnoop -x", "include those that failed"],
    ["execsnoop -T", "include the time of day"],
    ["execsnoop -U", "include the user id"],
    ["execsnoop -u root", "only those of one user"],
    ["execsnoop -q", "quote the arguments, to paste them"],
    ["execsnoop -n main", "only commands with main in their name"],
    ["execsnoop -l tpkg", "only commands with tpkg in their arguments"],
    ["execsnoop -o json", "one JSON object a line"],
  ],
  fields: {
    time: { type: "time", width: -8, value: (e) => e.time },
    seconds: {
      type: "decimal",
      decimals: 3,
      header: "TIME(s)",
      width: -8,
      only: "table",
      value: (e) => e.seconds,
    },
    pid: { type: "integer", width: -6, value: (e) => e.pid },
    ppid: { type: "integer", width: -6, value: (e) => e.ppid },
    uid: { type: "integer", width: -6, value: (e) => e.uid },
    comm: { type: "text", header: "PCOMM", width: -16, value: (e) => e.comm },
    path: { type: "text", value: (e) => e.path },
    args: { type: "words", value: (e) => e.args },
    args_truncated: { type: "boolean", value: (e) => e.args_truncated },
    ret: { type: "integer", width: 3, value: (e) => e.ret },
    line: { type: "words", header: "ARGS", only: "table", value: commandLine },
    quoted: { type: "words", quote: true, header: "ARGS", only: "table", value: commandLine },
  },
  columns: (options) => [
    options.time && "time",
    options.timestamp && "seconds",
    options.print_uid && "uid",
    "comm",
    "pid",
    "ppid",
    "ret",
    options.quote ? "quoted" : "line",
  ],
  failed: (exec) => exec.ret !== 0,
  trace: execsnoop,
};

/** Starts tracing: the programs are attached when this returns. */
export function execsnoop(given: Partial<Options> = {}): Trace<Exec> {
  const wanted = withDefaults(options, given);
  const opened = Execsnoop.open();
  if (wanted.uid !== undefined) opened.rodata.targ_uid = wanted.uid;
  opened.rodata.max_args = wanted.max_args;
  opened.progs.handle_failure.autoload = wanted.fails;
  const start = bootTime();
  const skeleton = opened.load();
  return new RingTrace({
    skeleton,
    ring: skeleton.maps.events,
    event(record, wall) {
      const comm = record.comm;
      if (wanted.name !== undefined && !comm.includes(wanted.name)) return;
      const exec = {
        time: wall(record.time),
        seconds: Number(record.time - start) / 1e9,
        pid: record.pid,
        ppid: record.ppid,
        uid: record.uid,
        comm,
        ...command(record, wanted.max_args),
        ret: record.ret,
      };
      if (wanted.line !== undefined && !commandLine(exec).join(" ").includes(wanted.line)) return;
      return exec;
    },
    lost: () => skeleton.bss.lost,
  });
}

/** Path and arguments out of an event's strings: the path, then the arguments, each with its NUL. */
function command(
  record: event_view,
  max_args: number,
): Pick<Exec, "path" | "args" | "args_truncated"> {
  const { strings, path_size } = record;
  const path = decodeText(strings, 0, path_size);
  let args: string[] = [];
  for (let at = path_size; at < strings.length;) {
    const nul = strings.indexOf(0, at);
    const end = nul < 0 ? strings.length : nul;
    args.push(decodeText(strings, at, end));
    at = end + 1;
  }
  if (record.script !== 0) args = withoutInterpreter(args, path);
  return {
    path,
    args: args.slice(0, max_args),
    args_truncated: record.args_cut !== 0 || args.length > max_args,
  };
}

/** The kernel runs `#!/bin/sh -e` as `/bin/sh -e PATH ARGS...`: gives back `PATH ARGS...`. */
function withoutInterpreter(args: string[], path: string): string[] {
  const at = args.indexOf(path, 1);
  return at < 0 ? args : args.slice(at);
}

/** What a table shows: the file that was executed, then the arguments behind argv[0]. */
function commandLine(exec: Pick<Exec, "path" | "args" | "args_truncated">): string[] {
  const words = [exec.path, ...exec.args.slice(1)];
  if (exec.args_truncated) words.push("...");
  return words;
}

if (import.meta.main) await toolMain(tool);
