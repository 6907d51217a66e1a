import { event, event_kind, type event_view } from "#skel/sigsnoop.ts";
import {
  COMPAT_ABI,
  errnoName,
  type EventOf,
  type InPlace,
  membersOf,
  NATIVE_ABI,
  signalName,
  signalNumber,
  syscallName,
} from "#lib/tool/mod.ts";
import { codeName } from "./codes.ts";

/** TRACE_SIGNAL_... of include/trace/events/signal.h. */
const RESULTS = ["delivered", "ignored", "pending", "overflow", "lost"];

/** From here on system calls of 64-bit programs are those of x32. */
const X32_NUMBERS = 512;

const { c, boolean, integer, text } = membersOf(event);

/** What only --latency brings. */
const later = () => undefined as bigint | undefined;

const isCall = (r: event_view) => r.kind === event_kind.SENDING_CALL;
const hasTarget = (r: event_view) => r.target_pid !== 0;

/** The members of a signal, or of a call that sends some. */
export const members = {
  time: c.time,
  /** Undefined if nobody did. */
  pid: integer(
    { brief: "The process that sent it, if one did", width: -7 },
    (r) => r.has_sender ? r.pid : undefined,
  ),
  tid: integer(
    { brief: "The thread that sent it", width: -7 },
    (r) => r.has_sender ? r.tid : undefined,
  ),
  comm: text(
    { brief: "Name of that thread", width: -16 },
    (r) => r.has_sender ? r.$comm : undefined,
  ),
  uid: integer(
    { brief: "Real user id of the sender", width: -6 },
    (r) => r.has_sender ? r.uid : undefined,
  ),
  from: text(
    { brief: "process or kernel: who made it", width: -7 },
    (r) => r.from_kernel ? "kernel" : "process",
  ),
  signal: { ...c.signal, brief: "Name of the signal: SIGTERM", width: -12 },
  /** Undefined for a call. */
  code: text(
    { brief: "Why it was sent: SI_USER, SI_KERNEL, CLD_EXITED", width: -13 },
    (r) => isCall(r) ? undefined : codeName(signalName(r.signal), r.code),
  ),
  /** Undefined if a call's target is gone, is a group, or is everybody. */
  target_pid: integer(
    { brief: "The process that it is sent to", width: -10 },
    (r) => hasTarget(r) ? r.target_pid : undefined,
  ),
  target_tid: integer(
    { brief: "The thread that it is sent to; of a process the first one", width: -10 },
    (r) => hasTarget(r) ? r.target_tid : undefined,
  ),
  target_comm: text(
    { brief: "Name of the thread that it is sent to", width: -16 },
    (r) => hasTarget(r) ? r.$target_comm : undefined,
  ),
  target_uid: integer(
    { brief: "Real user id of the target", width: -10 },
    (r) => hasTarget(r) ? r.target_uid : undefined,
  ),
  /** Undefined for a call. */
  group: boolean(
    { brief: "Whether it is for the process, not for one of its threads", width: -5 },
    (r) => isCall(r) ? undefined : r.group !== 0,
  ),
  /** Undefined for a call, which may have sent several. */
  result: text(
    { brief: `What came of it: ${RESULTS.join(", ")}`, width: -9 },
    (r) => isCall(r) ? undefined : RESULTS[r.result] ?? String(r.result),
  ),
  fatal: boolean(
    { brief: "Whether it ends the process", width: -5 },
    (r) => isCall(r) ? undefined : r.fatal !== 0,
  ),
  syscall: text({ brief: "With -k: the system call", width: -17 }, syscallOf),
  argument: integer(
    { brief: "With -k: the pid, 0, -1, negated group or descriptor that it names", width: 8 },
    (r) => isCall(r) ? r.argument : undefined,
  ),
  error: text(
    { brief: "With -k: name of the errno if it failed: ESRCH", width: -8 },
    (r) => r.ret < 0 ? errnoName(-r.ret) : undefined,
  ),
  latency_ns: integer(
    { brief: "With --latency: until it was handled, in nanoseconds", width: 12 },
    later,
  ),
  handler: text(
    { brief: "With --latency: SIG_DFL, SIG_IGN, or the function that handled it", width: -16 },
    () => undefined as string | undefined,
  ),
};

/** A signal that is sent, or with -k and -x a call that sends some. */
export type Signal = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show, as the C tool has it. */
export const derived = {
  number: table.integer(
    { brief: "Number of the signal", header: "SIG", width: -12 },
    (e) => e.$record?.signal ?? signalNumber(String(e.signal)),
  ),
  name: table.text({ brief: "Name of the signal", header: "SIG", width: -12 }, (e) => e.signal),
  tpid: table.integer(
    {
      brief: "target_pid; for several, or one that is gone, the argument",
      header: "TPID",
      width: -7,
    },
    (e) => e.target_pid ?? (e.syscall === "pidfd_send_signal" ? undefined : e.argument),
  ),
  tcomm: table.text(
    { brief: "target_comm", header: "TCOMM", width: -16 },
    (e) => e.target_comm,
  ),
  outcome: table.text(
    {
      brief: "Of a call 0 or the errno, else what came of the signal",
      header: "RESULT",
      width: -9,
    },
    (e) => e.result ?? e.error ?? "0",
  ),
  latency_us: table.decimal(
    { brief: "latency_ns, in microseconds", header: "LAT(us)", width: 9, decimals: 1 },
    (e) => e.latency_ns === undefined ? undefined : Number(e.latency_ns) / 1e3,
  ),
  handled: table.text(
    { brief: "handler", header: "HANDLER", width: -16 },
    (e) => e.handler,
  ),
};

function syscallOf(r: event_view): string | undefined {
  if (!isCall(r)) return undefined;
  const abi = r.compat ? COMPAT_ABI : r.syscall >= X32_NUMBERS ? "x32" : NATIVE_ABI;
  return syscallName(abi, r.syscall);
}
