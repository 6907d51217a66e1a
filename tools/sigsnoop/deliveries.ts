import { event_kind, type event_view } from "#skel/sigsnoop.ts";
import { type Join, Waiting } from "#lib/tool/mod.ts";
import { frameName, Symbolizer } from "#lib/tool/stacks.ts";
import type { Signal } from "./members.ts";

const SIGKILL = 9;

/** From here on a signal may be pending several times. */
const SIGRTMIN = 32;

/** include/uapi/asm-generic/signal-defs.h */
const SIG_DFL = 0n;
const SIG_IGN = 1n;

/** A signal that waits, and when it was sent: nanoseconds since boot. */
interface Sent {
  readonly signal: Signal;
  readonly at: bigint;
}

/** Joins the delivery of each signal to it. What the kernel drops is shown at once. */
export class Deliveries implements Join<Signal, event_view> {
  /** By target and number, the oldest first. */
  readonly #sent = new Waiting<string, Sent[]>();
  readonly #symbols = new Symbolizer();

  take(
    signal: Signal,
    record: event_view,
    passes: boolean,
    show: (signal: Signal) => void,
  ): void {
    if (record.kind === event_kind.SIGNAL_HANDLED) return this.#deliver(record, show);
    if (!passes) return;
    if (signal.result !== "delivered") return show(signal);
    const key = keyOf(record, signal.fatal! ? "fatal" : signal.group! ? "process" : "thread");
    let waiting = this.#sent.take(key) ?? [];
    if (record.signal < SIGRTMIN) {
      // It is not pending any more: sigwait(3) or signalfd(2) has taken it.
      for (const { signal } of waiting) show(signal);
      waiting = [];
    }
    waiting.push({ signal, at: record.time });
    this.#keep(key, waiting, record, show);
  }

  #keep(key: string, sent: Sent[], record: event_view, show: (signal: Signal) => void): void {
    this.#sent.keep(key, sent, record.$$length, (dropped) => {
      for (const { signal } of dropped) show(signal);
    });
  }

  #deliver(record: event_view, show: (signal: Signal) => void): void {
    for (const kind of record.signal === SIGKILL ? FATAL : OTHERS) {
      const key = keyOf(record, kind);
      const [sent, ...later] = this.#sent.take(key) ?? [];
      if (sent === undefined) continue;
      if (later.length > 0) this.#keep(key, later, record, show);
      const latency_ns = record.time - sent.at;
      return show({ ...sent.signal, latency_ns, handler: this.#handlerOf(record) });
    }
  }

  #handlerOf({ handler, target_pid }: event_view): string {
    if (handler === SIG_DFL) return "SIG_DFL";
    if (handler === SIG_IGN) return "SIG_IGN";
    return frameName(this.#symbols.user(target_pid, handler));
  }

  /** The signals that nobody has handled. */
  rest(): Signal[] {
    return this.#sent.takeAll().flat().map(({ signal }) => signal);
  }
}

type Kind = "fatal" | "process" | "thread";

/** The kernel delivers SIGKILL to a process that any signal ends. */
const FATAL: readonly Kind[] = ["fatal", "thread"];
const OTHERS: readonly Kind[] = ["thread", "process"];

function keyOf({ target_pid, target_tid, signal }: event_view, kind: Kind): string {
  if (kind === "fatal") return `fatal ${target_pid}`;
  return kind === "process" ? `process ${target_pid} ${signal}` : `thread ${target_tid} ${signal}`;
}
