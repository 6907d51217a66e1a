/** Which kinds of programs and maps the kernel takes, found out by making one of each. */
import { EOPNOTSUPP } from "../../sys/errno.ts";
import { textAt } from "../../sys/libc.ts";
import { probes } from "../../libbpf/symbols.ts";
import { withLog } from "../../libbpf/log.ts";
import { BpfError } from "../errors.ts";
import { createMap, loadProgram, release } from "./bpf_call.ts";
import { MAP_SINCE, PROGRAM_SINCE } from "./kernel_versions.ts";

/** A kind of program or map, and whether the kernel takes it from this process. */
export interface Kind {
  /** As libbpf and bpftool call it: `raw_tracepoint`, `ringbuf`. */
  readonly name: string;
  /** `enum bpf_prog_type` or `enum bpf_map_type` of include/uapi/linux/bpf.h. */
  readonly number: number;
  /** Whether the kernel took it when it was tried. */
  readonly supported: boolean;
  /** The first Linux that has it: `5.8`. Undefined for a kind that is newer than this library. */
  readonly since: string | undefined;
}

/** Kinds that are newer than the oldest libbpf: it neither names nor probes them. */
const NETFILTER = { type: 32, attachType: 45 };
const ARENA = { type: 33, flags: 1 << 10 }; // BPF_F_MMAPABLE

let programs: readonly Kind[] | undefined;
let maps: readonly Kind[] | undefined;

/**
 * Probes every kind of program, in the kernel's order, once; some milliseconds. Without the capabilities
 * to load programs most are refused, which says nothing about the kernel.
 *
 * @example
 * ```ts
 * import { programKinds } from "@denobpf/denobpf";
 *
 * const missing = programKinds().filter(({ supported }) => !supported);
 * for (const { name, since } of missing) console.log(`${name}: Linux ${since}`);
 * ```
 *
 * @throws {BpfError} if libbpf cannot probe a kind
 */
export function programKinds(): readonly Kind[] {
  const { libbpf_bpf_prog_type_str, libbpf_probe_bpf_prog_type } = probes();
  return programs ??= kinds(
    PROGRAM_SINCE,
    libbpf_bpf_prog_type_str,
    (type) =>
      type === NETFILTER.type
        ? made(loadProgram(NETFILTER).result)
        : libbpf_probe_bpf_prog_type(type, null),
  );
}

/**
 * The same for maps.
 *
 * @example
 * ```ts
 * import { mapKinds } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(mapKinds()[0].name, "hash");
 * ```
 */
export function mapKinds(): readonly Kind[] {
  const { libbpf_bpf_map_type_str, libbpf_probe_bpf_map_type } = probes();
  return maps ??= kinds(
    MAP_SINCE,
    libbpf_bpf_map_type_str,
    (type) => type === ARENA.type ? made(createArena()) : libbpf_probe_bpf_map_type(type, null),
  );
}

function createArena(): number {
  return createMap(ARENA.type, { key: 0, value: 0, entries: 1, flags: ARENA.flags });
}

/** What libbpf's probes answer: 1 or 0. */
function made(result: number): number {
  release(result);
  return result >= 0 ? 1 : 0;
}

/** The kinds are numbered without gaps; 0 is none. Those that libbpf cannot make a probe for are left out. */
function kinds(
  since: ReadonlyMap<string, string>,
  nameOf: (type: number) => Deno.PointerValue,
  probe: (type: number) => number,
): Kind[] {
  const known = [...since.keys()];
  const found: Kind[] = [];
  for (let number = 1;; number++) {
    const name = textAt(nameOf(number)) ?? known[number - 1];
    if (name === undefined) return found;
    const { result } = withLog(() => probe(number));
    if (result === -EOPNOTSUPP) continue;
    if (result < 0) throw new BpfError(`probe for ${name}`, -result);
    found.push({ name, number, supported: result === 1, since: since.get(name) });
  }
}
