/** What is wrong with a hook of the kernel that a program could not be attached to: the kernel is asked. */
import { EADDRNOTAVAIL, EILSEQ, EINVAL, ESRCH } from "../sys/errno.ts";
import { tryReadTextFile } from "../sys/file.ts";
import { fileExists } from "../sys/status.ts";
import { tracefs } from "../sys/mounts.ts";
import { nearest } from "../sys/nearest.ts";

/** Why a hook was refused, and what to do about it. */
interface Fault {
  readonly reason: string;
  readonly hint?: string;
}

/** Looks for what a section names, by the section's kind. */
const KINDS: Record<string, (hook: string, errno: number) => Fault | undefined> = {
  "fentry": faultOfTraced,
  "kprobe": faultOfProbed,
  "kretprobe": faultOfProbed,
  "kprobe.multi": lackingFprobes,
  "kretprobe.multi": lackingFprobes,
  "kprobe.session": lackingFprobes,
  "ksyscall": lackingKprobes,
  "kretsyscall": lackingKprobes,
  "tp": missingTracepoint,
  "tracepoint": missingTracepoint,
  "raw_tp": missingRawTracepoint,
  "raw_tracepoint": missingRawTracepoint,
};

/**
 * What is wrong with a hook.
 * @param kind the first part of a section: `kprobe`
 * @param hook the rest of it: `do_unlinkat+8`
 * @param errno what the kernel answered
 * @returns undefined where nothing is known
 */
export function faultOfHook(kind: string, hook: string, errno: number): Fault | undefined {
  return Object.hasOwn(KINDS, kind) ? KINDS[kind](hook, errno) : undefined;
}

/** @param hook `do_unlinkat` or `do_unlinkat+8` */
function faultOfProbed(hook: string, errno: number): Fault | undefined {
  const lacking = lackingKprobes();
  if (lacking !== undefined) return lacking;
  const [name, offset = "0"] = hook.split("+");
  const symbols = kernelSymbols();
  const functions = symbols.filter((symbol) => symbol.isFunction && symbol.name === name);
  const probed = readTracefs("available_filter_functions").map((line) => line.replace(/ \[.*/, ""));
  if (functions.length === 0 && (symbols.length > 0 || probed.length > 0)) {
    if (probed.includes(name)) return undefined;
    return missing("function", name, probed.length > 0 ? probed : functionNames(symbols));
  }
  if (errno === EADDRNOTAVAIL && functions.length > 1) {
    return {
      reason: `${functions.length} functions of the kernel have the name ${name}`,
      hint: "attachKprobeMulti() attaches to all of them",
    };
  }
  if (errno === EILSEQ) { // can_probe() of arch/x86/kernel/kprobes
    return { reason: `no instruction of ${name} begins at its byte ${Number(offset)}` };
  }
  if (errno === EINVAL || probed.length > 0 && !probed.includes(name)) {
    return { reason: `the kernel does not let ${name} be probed` };
  }
}

/**
 * Whether a place is within a function of the kernel, which takes other functions' places for it.
 * @returns undefined if it is, or if nobody says
 */
export function beyondFunction(name: string, offset: number): string | undefined {
  const symbols = kernelSymbols();
  const start = symbols.find((symbol) => symbol.name === name)?.address;
  if (start === undefined || /^0*$/.test(start)) return undefined;
  let end = "";
  for (const { address } of symbols) {
    if (address > start && (end === "" || address < end)) end = address;
  }
  const size = end === "" ? 0 : Number(BigInt(`0x${end}`) - BigInt(`0x${start}`));
  return size > 0 && offset >= size
    ? `${name} has ${size} bytes, and ${offset} lies beyond it`
    : undefined;
}

/** @param name of a function that is traced by its BTF */
function faultOfTraced(name: string, errno: number): Fault | undefined {
  const names = functionNames(kernelSymbols());
  if (names.length === 0) return undefined;
  if (!names.includes(name)) return missing("function", name, names);
  if (errno !== ESRCH) return undefined;
  return {
    reason: `the kernel's BTF does not have its function ${name}`,
    hint: "a kprobe needs no BTF: attachKprobe()",
  };
}

function lackingKprobes(): Fault | undefined {
  const files = ["/sys/bus/event_source/devices/kprobe", `${tracefs()}/kprobe_events`];
  if (files.some(fileExists)) return undefined;
  return { reason: "the kernel has no kprobes (CONFIG_KPROBES)" };
}

function lackingFprobes(): Fault | undefined {
  if (readTracefs("available_filter_functions").length > 0) return undefined;
  return { reason: "the kernel cannot attach to many functions at once (CONFIG_FPROBE)" };
}

/** @param hook `sched/sched_process_exec` */
function missingTracepoint(hook: string): Fault | undefined {
  const names = readTracefs("available_events").map((line) => line.replace(":", "/"));
  return names.length === 0 || names.includes(hook)
    ? undefined
    : missing("tracepoint", hook, names);
}

/** Raw tracepoints are named without their category, and those of single system calls are none. */
function missingRawTracepoint(hook: string): Fault | undefined {
  const names = readTracefs("available_events")
    .filter((line) => !line.startsWith("syscalls:"))
    .map((line) => line.slice(line.indexOf(":") + 1));
  return names.length === 0 || names.includes(hook)
    ? undefined
    : missing("tracepoint", hook, names);
}

function missing(kind: string, name: string, names: readonly string[]): Fault {
  const near = nearest(name, names);
  const reason = `the kernel has no ${kind} ${name}`;
  return near === undefined ? { reason } : { reason, hint: `did you mean ${near}?` };
}

/** A line of /proc/kallsyms. */
interface KernelSymbol {
  /** In hexadecimal digits, always as many; 0 where the kernel does not say. */
  readonly address: string;
  /** Of type t, T, w or W: nm(1). */
  readonly isFunction: boolean;
  readonly name: string;
}

function kernelSymbols(): KernelSymbol[] {
  const lines = tryReadTextFile("/proc/kallsyms") ?? "";
  return [...lines.matchAll(/^([0-9a-f]+) (\S) (\S+)/gm)].map(([, address, type, name]) => ({
    address,
    isFunction: /[tTwW]/.test(type),
    name,
  }));
}

function functionNames(symbols: readonly KernelSymbol[]): string[] {
  return symbols.filter(({ isFunction }) => isFunction).map(({ name }) => name);
}

function readTracefs(file: string): string[] {
  const text = tryReadTextFile(`${tracefs()}/${file}`) ?? "";
  return text.split("\n").filter((line) => line !== "");
}
