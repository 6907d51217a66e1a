/** `denobpf tplist`: tracepoints, USDT probes and functions that programs can be attached to, with their arguments. */
import { printType } from "#lib/btf/print.ts";
import { prototypeOf } from "#lib/tool/fetch/functions.ts";
import { COMMON, fieldsOfTracepoint } from "#lib/tool/fetch/tracepoint_fields.ts";
import { flag, list, membersOf, operand, type OptionsOf, pid, text } from "#lib/tool/mod.ts";
import { findHooks } from "#lib/tool/probes/find.ts";
import type { Hook } from "#lib/tool/probes/hook.ts";
import { parsePattern, type ProbePattern } from "#lib/tool/probes/pattern.ts";
import type { Command } from "./command.ts";

/** What a pattern means: something to attach to, or a name that is none, with the reason. */
interface Row {
  readonly kind: ProbePattern["kind"];
  readonly names: readonly string[];
  readonly owner?: string;
  readonly hook?: Hook;
  readonly reason?: string;
}

const operands = {
  pattern: operand("PATTERN", "t:CATEGORY:NAME, u:FILE:[PROVIDER:]NAME or [FILE:]NAME", text),
};

const options = {
  pid: list("p", "PID,...", "Files are those that these processes have", pid),
  regexp: flag("r", "Take NAME for a regular expression, not for a pattern with * and ?"),
  except: list("x", "PATTERN,...", "Leave out names that match", text),
};

const member = membersOf<Row>();

export const tplist: Command<OptionsOf<typeof options> & OptionsOf<typeof operands>, Row> = {
  name: "denobpf tplist",
  brief: "Show tracepoints, USDT probes and functions that tools can trace, with their arguments",
  operands,
  options,
  examples: [
    ["denobpf tplist 't:sched:*'", "tracepoints of the scheduler"],
    ["denobpf tplist 'u:c:*'", "USDT probes of libc"],
    ["denobpf tplist -p 181 'u::*'", "those of the program of process 181"],
    ["denobpf tplist 'c:*alloc'", "functions of libc"],
    ["denobpf tplist 'vfs_*' -o json", "functions of the kernel"],
  ],
  fields: {
    kind: member.text({ brief: "tracepoint, usdt or function", width: -10 }, (r) => r.kind),
    name: member.text({ brief: "Its name, which tools take", width: -32 }, (r) => r.names[0]),
    aliases: member.words(
      { brief: "Other names of the same place" },
      (r) => r.names.length > 1 ? r.names.slice(1) : undefined,
    ),
    owner: member.text(
      { brief: "Module of the kernel, or file; none for the kernel itself", width: -24 },
      (r) => r.owner,
    ),
    places: member.integer(
      { brief: "How many places it is at", width: 6 },
      (r) => r.hook?.places.length,
    ),
    arguments: member.words({ brief: "What it is passed, as far as that is known" }, argumentsOf),
    reason: member.text({ brief: "Why it cannot be traced" }, (r) => r.reason),
    shown: member.text(
      { header: "ARGUMENTS", brief: "arguments, or why it cannot be traced", only: "table" },
      (r) => r.reason ?? argumentsOf(r)?.join(", "),
    ),
  },
  columns: () => ["name", "shown"],
  *rows({ pattern, pid: pids, regexp, except }) {
    const parsed = parsePattern(pattern, regexp);
    const { hooks, refused } = findHooks(parsed, pids, except);
    for (const hook of hooks) {
      const { names, owner } = hook;
      yield { kind: parsed.kind, names, hook, ...owner !== undefined && { owner } };
    }
    for (const { name, reason } of refused) yield { kind: parsed.kind, names: [name], reason };
  },
};

function argumentsOf({ kind, names: [name], hook }: Row): readonly string[] | undefined {
  switch (kind) {
    case "tracepoint":
      return fieldsOf(name);
    case "usdt":
      return hook?.places[0].arguments?.split(" ").filter((part) => part !== "");
    case "function":
      return hook === undefined || hook.file !== undefined ? undefined : parametersOf(hook);
  }
}

/** The fields of a tracepoint's record, but those that all have. */
function fieldsOf(name: string): string[] {
  return fieldsOfTracepoint(name).filter(({ name }) => !COMMON.test(name)).map(({ name, type }) => {
    const [, element, array = ""] = /^(?:__(?:data|rel)_loc )?(.*?)(\[[^\]]*\])?$/.exec(type)!;
    return `${element} ${name}${array}`;
  });
}

/** The parameters of a function of the kernel or of a module. */
function parametersOf(hook: Hook): string[] | undefined {
  const typed = prototypeOf(hook);
  return typed?.prototype.parameters.map(({ name, type }) => printType(typed.btf, type, name));
}
