import type { Codec } from "../btf/codec.ts";
import { cpus } from "../libbpf/symbols.ts";

let known = 0;

/** How many CPUs the kernel keeps per-CPU values for: all that could ever be plugged in. */
export function possibleCpus(): number {
  return known ||= cpus().libbpf_num_possible_cpus();
}

/** Per-CPU values cross the system call boundary one behind the other, each padded to 8 bytes. */
export function perCpu<T>(codec: Codec<T>): Codec<T[]> {
  const stride = (codec.size + 7) & ~7;
  const count = possibleCpus();
  return {
    name: `${codec.name} per CPU`,
    size: count * stride,
    decode: (from, at) =>
      Array.from({ length: count }, (_, cpu) => {
        const start = at + cpu * stride;
        return codec.decode(from, start, start + codec.size);
      }),
    encode(into, at, values) {
      if (values.length !== count) {
        throw new RangeError(`${this.name}: ${count} values are needed, not ${values.length}`);
      }
      values.forEach((value, cpu) => codec.encode(into, at + cpu * stride, value));
    },
  };
}
