import { event, type event_view } from "#skel/trace.ts";
import {
  bootTime,
  type EventOf,
  type LazyOf,
  membersOf,
  plainWords,
  type Structure,
} from "#lib/tool/mod.ts";
import {
  type Facts,
  formatted,
  type Shown,
  type SymbolNames,
  type Value,
} from "#lib/tool/fetch.ts";
import { frameName, frameText, StackNames, Symbolizer } from "#lib/tool/stacks.ts";
import type { Plan } from "./plan.ts";

/** What members are read by, besides the record. */
export class Own {
  /** When the trace began, in nanoseconds since boot. */
  readonly start = bootTime();
  readonly plan: Plan;
  readonly #names: StackNames;
  readonly #symbolizer = new Symbolizer();
  readonly #withAddresses: boolean;

  constructor(
    plan: Plan,
    options: { readonly kernel_stack: boolean; readonly address: boolean },
  ) {
    this.plan = plan;
    this.#withAddresses = options.address;
    this.#names = new StackNames(options.address ? frameText : frameName);
    if (options.kernel_stack) this.#names.readKernel();
  }

  /** Names for the addresses of a process, and of the kernel. */
  symbolsOf(pid: number): SymbolNames {
    const symbolizer = this.#symbolizer;
    return {
      kernel: (address) => frameName(symbolizer.kernel(address)),
      user: (address) => frameName(symbolizer.user(pid, address)),
    };
  }

  kernelStack(record: event_view): string[] | undefined {
    const [stack] = this.plan.stacksOf(record);
    if (stack.start === stack.end) return undefined;
    return this.#names.kernel(
      stack,
      this.#withAddresses ? "" : this.plan.probes[record.probe].label,
    );
  }

  userStack(record: event_view): string[] | undefined {
    const [, stack] = this.plan.stacksOf(record);
    return stack.start === stack.end ? undefined : this.#names.user(record.pid, stack);
  }

  /** The line that the user's format makes; all values where there is none. */
  message(record: event_view): string | undefined {
    const { values, format } = this.plan.probes[record.probe].compiled;
    if (values.length === 0 && format === undefined) return undefined;
    const facts = this.plan.factsOf(record);
    if (format === undefined) {
      return values.map((value) => `${value.name}=${plain(value, facts)}`).join(" ");
    }
    const symbols = this.symbolsOf(facts.pid);
    let at = 0;
    return format.map((conversion) => {
      if (conversion.letter === undefined) return conversion.text;
      const value = values[at++];
      const number = value.evaluate(facts);
      return formatted(conversion, number, {
        name: nameOf(value, number),
        size: value.type?.size,
        symbols,
      });
    }).join("");
  }

  /** The values by the names that they were written with. */
  values(record: event_view): Structure | undefined {
    const { values } = this.plan.probes[record.probe].compiled;
    if (values.length === 0) return undefined;
    const facts = this.plan.factsOf(record);
    return Object.fromEntries(values.map((value) => {
      const number = value.evaluate(facts);
      return [value.name, nameOf(value, number) ?? asHex(value, number) ?? number ?? null];
    }));
  }
}

/** What an enum calls a number. */
function nameOf({ type }: Shown, value: Value): string | undefined {
  return typeof value === "bigint" ? type?.names?.get(value) : undefined;
}

/** Addresses are known by their hexadecimal digits. */
function asHex({ type }: Shown, value: Value): string | undefined {
  return typeof value === "bigint" && type?.isPointer ? `0x${value.toString(16)}` : undefined;
}

function plain(value: Shown, facts: Facts): string {
  const number = value.evaluate(facts);
  return nameOf(value, number) ?? asHex(value, number) ?? String(number ?? "?");
}

/** Makes what members are read by. */
export const own = (plan: Plan, options: ConstructorParameters<typeof Own>[1]) =>
  new Own(plan, options);

const NANOSECONDS = 1e9;

const { c, integer, decimal, text, words, boolean, structure } = membersOf(event, own);

export const members = {
  time: c.time,
  /** Seconds. */
  unix_time: decimal(
    {
      brief: "The time in seconds since 1970",
      header: "TIME",
      width: -17,
      decimals: 6,
      only: "table",
    },
    (r) => Number(r.$wall(r.time) / 1000n) / 1e6,
  ),
  /** Seconds. */
  elapsed: decimal(
    {
      brief: "Seconds since the trace began",
      header: "TIME",
      width: -9,
      decimals: 6,
      only: "table",
    },
    (r) => Number(r.time - r.$own.start) / NANOSECONDS,
  ),
  cpu: integer({ brief: "CPU", width: -3 }, (r) => r.cpu),
  pid: { ...c.pid, width: -7 },
  tid: { ...c.tid, width: -7 },
  uid: c.uid,
  comm: { ...c.comm, width: -15 },
  func: text(
    { brief: "Function, tracepoint or USDT probe", width: -16 },
    (r) => r.$own.plan.probes[r.probe].label,
  ),
  probe: text(
    { brief: "The probe as it was given", width: -24 },
    (r) => r.$own.plan.probes[r.probe].specification.text,
  ),
  message: text(
    { brief: "The values by the format, or by their names", header: "-" },
    (r) => r.$own.message(r),
  ),
  /** An object; a value that could not be read is null. */
  values: structure(
    { brief: "The values by their names" },
    (r) => r.$own.values(r),
  ),
  /** Of `-Z` bytes. */
  cut: boolean(
    { brief: "Whether a text is as long as -Z, and may go on" },
    (r) => r.$own.plan.isCut(r),
  ),
  /** The innermost function first. */
  kstack: words({ brief: "With -K: stack in the kernel" }, (r) => r.$own.kernelStack(r)),
  ustack: words({ brief: "With -U: stack in the process" }, (r) => r.$own.userStack(r)),
};

/** A probe that was passed. */
export type Passed = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  stacks: table.words(
    { brief: "With -K and -U: the stacks", header: " ", as: "lines" },
    ({ kstack, ustack }) => [
      "",
      ...[kstack, ustack].flatMap((stack) => stack ? plainWords(stack) : [])
        .map((frame) => `        ${frame}`),
      "",
    ],
  ),
};
