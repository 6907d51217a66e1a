import { libbpfVersion } from "../../libbpf/library.ts";
import { ENOSYS } from "../../sys/errno.ts";
import { UnsupportedError } from "../errors.ts";

/**
 * The function of a later libbpf, if the one in use has it.
 * @param found the symbol, null where libbpf lacks it
 * @param since the first libbpf that has it: `1.3`
 * @throws {UnsupportedError}
 */
export function laterLibbpf<T>(found: T | null, operation: string, since: string): T {
  if (found !== null) return found;
  const { major, minor } = libbpfVersion();
  const feature = `libbpf ${since} or later (its libbpf is ${major}.${minor})`;
  const hint = "install a later libbpf1, or name one in DENOBPF_LIBBPF";
  throw new UnsupportedError(operation, ENOSYS, feature, undefined, hint);
}
