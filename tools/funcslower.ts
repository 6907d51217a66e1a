#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * funcslower: calls of functions of the kernel or of programs that take long.
 *
 * As a command: `sudo tools/funcslower.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = funcslower({ function: "c:getaddrinfo", min_ms: 100 });
 * for await (const { comm, latency_ns, retval } of trace) console.log(comm, latency_ns, retval);
 * ```
 */
import { Funcslower } from "#skel/funcslower.ts";
import {
  count,
  decimal,
  ExitCode,
  ExitError,
  flag,
  integer,
  list,
  MAX_SECONDS,
  operand,
  option,
  quoted,
  rest,
  ringTool,
  targetOptions,
  text,
  toolMain,
  ValueError,
  withLetters,
} from "#lib/tool/mod.ts";
import { numberType } from "#lib/tool/fetch.ts";
import { derived, members, own } from "./funcslower/members.ts";
import { Plan } from "./funcslower/plan.ts";

export type { SlowCall } from "./funcslower/members.ts";

/** CALL_ARGS of bpf/funcslower.bpf.c. */
const MOST_ARGUMENTS = 6;

/** The functions of the trace that is being started. */
let plan: Plan;

export const { tool, start: funcslower } = ringTool({
  name: "funcslower",
  group: "functions",
  brief: "Trace calls of functions that take long",
  examples: [
    ["funcslower vfs_write", "calls that take 1 ms and more"],
    ["funcslower -m 10 vfs_write vfs_read", "10 ms and more, of several functions"],
    ["funcslower -u 10 -p 181 c:open", "10 us and more, of libc, in one process"],
    ["funcslower -a 2 c:open", "with the first two arguments"],
    ["funcslower -a 3 -K vfs_write", "with arguments by their names, and the stack in the kernel"],
    ["funcslower -U --return-type int c:connect", "with the stack of the process, and -1 as -1"],
    ["funcslower -T '/usr/bin/bash:execute_*'", "functions of a program, with the time"],
  ],
  options: {
    ...withLetters(targetOptions, { uid: "" }), // -u is the Python tool's
    min_ms: option(
      "m",
      "MS",
      "Show only calls that take MS or more (default 1)",
      decimal(0, MAX_SECONDS * 1e3),
    ),
    min_us: option("u", "US", "The same in microseconds", decimal(0, MAX_SECONDS * 1e6)),
    arguments: option("a", "N", "Show the first N arguments", integer(0, MOST_ARGUMENTS), 0),
    time: flag("T", "Show the time of the day"),
    timestamp: flag("t", "Show the time since the trace began"),
    user_stack: flag("U", "Show the stack in the process"),
    kernel_stack: flag("K", "Show the stack in the kernel"),
    folded: flag("f", "Show each stack in one line"),
    return_type: option(
      "",
      "TYPE",
      "What functions of programs return: int, unsigned char",
      numericType,
    ),
    regexp: flag("r", "Take NAME for a regular expression, not for a pattern with * and ?"),
    except: list("x", "PATTERN,...", "Leave out names that match", text),
    max: option("", "N", "Trace no more than N (default 1000; 20000 where all go at once)", count),
    force: flag("", "Trace programs of Go too, which may crash"),
  },
  operands: {
    function: operand("FUNCTION", "[FILE:]NAME", text),
    functions: rest("FUNCTION", "Further functions", text),
  },
  demanding: [{ arguments: MOST_ARGUMENTS, kernel_stack: true, user_stack: true }],
  members,
  derived,
  columns: ({ time, timestamp, min_us, arguments: count, kernel_stack, user_stack, folded }) => [
    time && "time",
    timestamp && "elapsed",
    "comm",
    "pid",
    min_us === undefined ? "lat_ms" : "lat_us",
    "rval",
    count > 0 ? "call" : "func",
    (kernel_stack || user_stack) && (folded ? "folded" : "stacks"),
  ],
  own: (options) => own(plan, options),
  open(options) {
    plan = new Plan(options);
    return Funcslower.open();
  },
  prepare(opened, { min_ms, min_us }) {
    if (min_ms !== undefined && min_us !== undefined) {
      throw new ExitError(ExitCode.Usage, "-m and -u exclude each other");
    }
    opened.rodata.min_ns = BigInt(
      Math.round(min_us === undefined ? (min_ms ?? 1) * 1e6 : min_us * 1e3),
    );
    plan.choose(opened);
  },
  attach: (skeleton) => plan.kind === undefined ? undefined : plan.attachCalls(skeleton),
});

/** @throws {ValueError} if it is no type of a number */
function numericType(name: string): string {
  if (numberType(name) !== undefined) return name;
  throw new ValueError(`${quoted(name)} is no type of a number, such as int or unsigned long`);
}

if (import.meta.main) await toolMain(tool);
