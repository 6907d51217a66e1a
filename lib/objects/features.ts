/** Which kinds of programs and maps the kernel takes, found out by making one of each. */
import { EOPNOTSUPP } from "../sys/errno.ts";
import { probes } from "../libbpf/symbols.ts";
import { withLog } from "../libbpf/log.ts";
import { BpfError } from "./errors.ts";

/** A kind of program or map that libbpf knows, and whether the kernel takes it from this process. */
export interface Kind {
  /** As libbpf and bpftool call it: `raw_tracepoint`, `ringbuf`. */
  readonly name: string;
  /** `enum bpf_prog_type` or `enum bpf_map_type` of include/uapi/linux/bpf.h. */
  readonly number: number;
  readonly supported: boolean;
}

/**
 * Probes every kind of program that libbpf knows; some milliseconds. Without the capabilities to load
 * programs most are refused, which says nothing about the kernel.
 * @throws {BpfError} if libbpf cannot probe a kind
 */
export function programKinds(): Kind[] {
  const { libbpf_bpf_prog_type_str, libbpf_probe_bpf_prog_type } = probes();
  return kinds(libbpf_bpf_prog_type_str, (type) => libbpf_probe_bpf_prog_type(type, null));
}

/** The same for maps. */
export function mapKinds(): Kind[] {
  const { libbpf_bpf_map_type_str, libbpf_probe_bpf_map_type } = probes();
  return kinds(libbpf_bpf_map_type_str, (type) => libbpf_probe_bpf_map_type(type, null));
}

/** libbpf cannot make a probe for every kind that it has a name for. */

/** The kinds are numbered without gaps; 0 is none. */
function kinds(
  nameOf: (type: number) => Deno.PointerValue,
  probe: (type: number) => number,
): Kind[] {
  const found: Kind[] = [];
  for (let number = 1;; number++) {
    const pointer = nameOf(number);
    if (pointer === null) return found;
    const name = Deno.UnsafePointerView.getCString(pointer);
    const { result } = withLog(() => probe(number));
    if (result === -EOPNOTSUPP) continue;
    if (result < 0) throw new BpfError(`probe for ${name}`, -result);
    found.push({ name, number, supported: result === 1 });
  }
}
