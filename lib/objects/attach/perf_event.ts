import { perfEvents } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { onlineCpus } from "../../sys/cpus.ts";
import { EINVAL, ENODEV, ENOENT, EOPNOTSUPP, SystemError } from "../../sys/errno.ts";
import { files } from "../../sys/libc.ts";
import {
  counterName,
  openPerfEvent,
  type PerfCounter,
  type PerfRate,
} from "../../sys/perf_event.ts";
import type { PerfScope } from "../../sys/perf_event_open.ts";
import { explain } from "../diagnosis.ts";
import { BpfError, UnsupportedError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { ByHand } from "./attached_by_hand.ts";
import { missingProcess } from "./missing_targets.ts";

/** Which events a program is run for. */
export type PerfEventOptions = PerfCounter & PerfRate & {
  /** One thread, by its id; by default every one. */
  readonly pid?: number;
  /** These CPUs only; by default all that are online, or, with a `pid`, whichever it runs on. */
  readonly cpus?: readonly number[];
  /** What bpf_get_attach_cookie() gives the program; Linux 5.15. */
  readonly cookie?: bigint;
};

/** `struct bpf_perf_event_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 24, bpf_cookie: 8 };

/** A program attached to perf events: one link for each CPU. */
export class PerfEventLinks extends ByHand {
  /** @internal {@link attachPerfEvent} makes these. */
  constructor(program: string, readonly links: readonly Link[]) {
    super(program);
  }

  /** Detaches it. */
  protected undo(): void {
    for (const link of this.links) link.destroy();
  }
}

/**
 * Attaches a program to an event of perf: a timer, a counter of the CPU or of the kernel. Each CPU has an
 * event of its own. A CPU that comes online later has none.
 *
 * @example
 * ```ts
 * import { attachPerfEvent, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/profile.bpf.o");
 * object.load();
 * const program = object.program("profile");
 * attachPerfEvent(program, { software: "cpu_clock", frequency: 49 });
 * attachPerfEvent(program, { software: "page_faults", period: 100, pid: Deno.pid });
 * ```
 *
 * @throws {UnsupportedError} where the host has no such counter, as virtual machines often have none of
 *   the hardware's
 * @throws {RangeError} for a rate that is no whole number, or no CPUs
 * @throws {BpfError}
 */
export function attachPerfEvent(program: Attachable, options: PerfEventOptions): PerfEventLinks {
  const { pid = -1, cpus = pid < 0 ? onlineCpus() : [-1] } = options;
  if (cpus.length === 0) throw new RangeError(`${program.name}: a perf event wants CPUs, not none`);
  const links: Link[] = [];
  try {
    for (const cpu of cpus) links.push(attachTo(program, options, { pid, cpu }));
  } catch (error) {
    for (const link of links) link.destroy();
    throw error;
  }
  return program.own(new PerfEventLinks(program.name, links));
}

function attachTo(program: Attachable, options: PerfEventOptions, scope: PerfScope): Link {
  const on = scope.cpu < 0 ? "" : ` on CPU ${scope.cpu}`;
  const hook = `the perf event ${counterName(options)}${on}`;
  const fd = open(`attach ${program.name} to ${hook}`, options, scope);
  const struct = new OptionStruct(OPTIONS).u64(OPTIONS.bpf_cookie, options.cookie ?? 0n);
  const { bpf_program__attach_perf_event_opts } = perfEvents();
  try {
    return program.attachTo(
      hook,
      (pointer) => bpf_program__attach_perf_event_opts(pointer, fd, struct.bytes),
      { takes: ["perf_event"] },
    );
  } catch (error) {
    files().close(fd);
    throw error;
  }
}

const INVALID =
  "there may be no such CPU, or the frequency be above kernel.perf_event_max_sample_rate";

function open(operation: string, options: PerfEventOptions, scope: PerfScope): number {
  try {
    return openPerfEvent(options, options, scope);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if ([ENOENT, ENODEV, EOPNOTSUPP].includes(error.errno)) {
      const feature = `counter of ${counterName(options)}`;
      const hint = "a virtual machine often has no hardware counters; software: cpu_clock works";
      throw new UnsupportedError(operation, error.errno, feature, undefined, hint);
    }
    if (error.errno === EINVAL) throw new BpfError(operation, EINVAL, INVALID);
    throw missingProcess(scope.pid, operation, error.errno) ?? explain(operation, error.errno);
  }
}
