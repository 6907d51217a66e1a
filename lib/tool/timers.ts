/** Programs that a timer runs on each CPU, or on one. */
import { attachPerfEvent } from "../objects/attach/perf_event.ts";
import { UnsupportedError } from "../objects/errors.ts";
import type { Attachable } from "../objects/program.ts";
import { CpuHotplug } from "../sys/cpu_hotplug.ts";
import { onlineCpus } from "../sys/cpus.ts";
import type { Parser } from "./options/declarations.ts";
import { integer } from "./options/parsers.ts";
import { ValueError } from "./options/usage_errors.ts";

export { cpuNodes } from "../sys/cpus.ts";

/** How often CPUs are looked for that have come online, in milliseconds. */
const LOOK_MS = 1000;

/** A CPU by its number, which must be online. */
export const onlineCpu: Parser<number> = (text): number => {
  const cpu = integer(0, 0xffff)(text);
  const online = onlineCpus();
  if (online.includes(cpu)) return cpu;
  throw new ValueError(`CPU ${cpu} is not online: ${online.join(", ")} are`);
};

/**
 * Attaches a program to a timer of each CPU: its cycles, which stand still while it is idle, or its clock
 * where these cannot be counted, as in most virtual machines.
 * @param frequency times a second
 * @returns what detaches it
 * @throws {BpfError | SystemError}
 */
export function attachTimer(program: Attachable, frequency: number): Disposable {
  try {
    return attachPerfEvent(program, { hardware: "cpu_cycles", frequency });
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return attachPerfEvent(program, { software: "cpu_clock", frequency });
  }
}

/**
 * A program that the clock of each CPU runs, of those too that come online later: at most a second later, as
 * often as they are looked for.
 */
export class CpuClocks implements Disposable {
  readonly #program: Attachable;
  readonly #frequency: number;
  readonly #attached = new Map<number, Disposable>();
  readonly #hotplug: CpuHotplug | undefined;
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * Attaches the program.
   * @param frequency times a second
   * @param cpu this one only, which must be online
   * @throws {BpfError} EINVAL above kernel.perf_event_max_sample_rate
   */
  constructor(program: Attachable, frequency: number, cpu?: number) {
    this.#program = program;
    this.#frequency = frequency;
    if (cpu === undefined) {
      this.#hotplug = CpuHotplug.listen();
      this.#timer = setInterval(() => this.#follow(this.#hotplug?.online() ?? []), LOOK_MS);
    }
    try {
      this.#follow(cpu === undefined ? onlineCpus() : [cpu]);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Attaches it to the clocks of these CPUs. One that was offline has lost the event that it had. */
  #follow(cpus: Iterable<number>): void {
    for (const cpu of cpus) {
      this.#attached.get(cpu)?.[Symbol.dispose]();
      this.#attached.delete(cpu);
      const attached = attachClock(this.#program, this.#frequency, cpu);
      if (attached !== undefined) this.#attached.set(cpu, attached);
    }
  }

  /** Detaches the program. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#hotplug?.[Symbol.dispose]();
    for (const attached of this.#attached.values()) attached[Symbol.dispose]();
    this.#attached.clear();
  }
}

/**
 * A program that the clock of one CPU runs: of the last one that is online, as the first ones have most to do. If
 * that goes offline, it is another's at most a second later, as often as CPUs are looked for.
 */
export class OneClock implements Disposable {
  readonly #program: Attachable;
  readonly #frequency: number;
  readonly #hotplug = CpuHotplug.listen();
  readonly #timer: ReturnType<typeof setInterval>;
  #cpu: number | undefined;
  #attached: Disposable | undefined;

  /**
   * Attaches the program.
   * @param frequency times a second
   * @throws {BpfError} EINVAL above kernel.perf_event_max_sample_rate
   */
  constructor(program: Attachable, frequency: number) {
    this.#program = program;
    this.#frequency = frequency;
    this.#timer = setInterval(() => this.#follow(), LOOK_MS);
    try {
      this.#follow();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** A CPU that was offline has lost the event that it had. */
  #follow(): void {
    const last = onlineCpus().at(-1)!;
    const back = [...this.#hotplug?.online() ?? []];
    if (last === this.#cpu && !back.includes(last)) return;
    this.#attached?.[Symbol.dispose]();
    this.#attached = attachClock(this.#program, this.#frequency, last);
    this.#cpu = this.#attached && last;
  }

  /** Detaches the program. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#hotplug?.[Symbol.dispose]();
    this.#attached?.[Symbol.dispose]();
  }
}

/** @returns undefined if the CPU has gone offline meanwhile */
function attachClock(
  program: Attachable,
  frequency: number,
  cpu: number,
): Disposable | undefined {
  try {
    return attachPerfEvent(program, { software: "cpu_clock", frequency, cpus: [cpu] });
  } catch (error) {
    if (!(error instanceof UnsupportedError) || onlineCpus().includes(cpu)) throw error;
  }
}
