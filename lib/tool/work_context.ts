/**
 * Where the kernel counts what it is in the middle of, an interrupt or not: the user half of
 * bpf/include/work_context.h. It stands apart from mod.ts, as few tools need it.
 *
 * @module
 */
import { Btf } from "../btf/layout.ts";
import type { TypeId } from "../btf/types.ts";
import { KernelSymbols } from "../symbols/mod.ts";
import { ExitCode, ExitError } from "./ending/exit.ts";

/** The section of the variables that each CPU has. */
const PER_CPU = ".data..percpu";

/** Where these variables lie in the part of each CPU, in bytes. */
type Places = ReadonlyMap<string, bigint>;

/** What `rodata` of a kernel half with work_context.h is set to. */
export interface WorkContext {
  readonly preempt_count_from_rq: bigint;
  readonly irqs_count_higher: boolean;
}

/**
 * Looks where this kernel counts.
 * @param tool the name of the tool, for the error
 * @throws {ExitError} if the kernel does not show that
 */
export function workContext(tool: string, btf: Btf = Btf.kernel()): WorkContext {
  const places = placesInTypes(btf) ?? placesOfSymbols();
  const irqs_count_higher = places.has("local_interrupt_disable_state");
  if (memberOffset(btf, "thread_info", "preempt_count") !== undefined) {
    return { preempt_count_from_rq: 0n, irqs_count_higher };
  }
  const count = countPlace(btf, places);
  const rq = places.get("runqueues");
  if (count !== undefined && rq !== undefined && memberOffset(btf, "sched_entity", "cfs_rq")) {
    return { preempt_count_from_rq: count - rq, irqs_count_higher };
  }
  throw new ExitError(
    ExitCode.Unavailable,
    `Cannot start ${tool} like this: the kernel does not show where it counts interrupts`,
  );
}

/** Linux 6.2 to 6.14 has it in a struct with others. */
function countPlace(btf: Btf, places: Places): bigint | undefined {
  const hot = places.get("pcpu_hot");
  const within = memberOffset(btf, "pcpu_hot", "preempt_count");
  if (hot === undefined || within === undefined) return places.get("__preempt_count");
  return hot + BigInt(within);
}

/** Undefined if these types have no variables, as those of Linux 5.10 in Debian. */
function placesInTypes(btf: Btf): Places | undefined {
  for (const [, { name, variables }] of btf.ofKind("section")) {
    if (name !== PER_CPU) continue;
    return new Map(variables.flatMap(({ type, offset }) => {
      const variable = btf.type(type);
      return variable.kind === "variable" ? [[variable.name, BigInt(offset)]] : [];
    }));
  }
  return undefined;
}

/** None if the kernel hides the addresses: then all are 0. */
function placesOfSymbols(): Places {
  const symbols = KernelSymbols.tryRead();
  return new Map(
    ["__preempt_count", "runqueues"].flatMap((name) => {
      const address = symbols.find(name)?.address;
      return address ? [[name, address]] : [];
    }),
  );
}

/** Where a member lies, in bytes. */
function memberOffset(btf: Btf, struct: string, member: string): number | undefined {
  const id = btf.find("struct", struct);
  return id === undefined ? undefined : offsetIn(btf, id, member);
}

/** Members of structs and unions without a name are members of what these lie in. */
function offsetIn(btf: Btf, id: TypeId, member: string): number | undefined {
  const type = btf.resolved(id);
  if (type.kind !== "struct" && type.kind !== "union") return undefined;
  for (const { name, type: inner, bitOffset } of type.members) {
    const within = name === member ? 0 : name === "" ? offsetIn(btf, inner, member) : undefined;
    if (within !== undefined) return bitOffset / 8 + within;
  }
  return undefined;
}
