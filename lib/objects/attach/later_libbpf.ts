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
  throw tooOld(operation, since);
}

/**
 * Makes sure that libbpf knows an option, which an earlier one would refuse with EINVAL.
 * @param since the first libbpf that knows it: `1.5`
 * @throws {UnsupportedError}
 */
export function requireLibbpf(operation: string, since: string): void {
  const [wantedMajor, wantedMinor] = since.split(".").map(Number);
  const { major, minor } = libbpfVersion();
  if (major < wantedMajor || major === wantedMajor && minor < wantedMinor) {
    throw tooOld(operation, since);
  }
}

/** @internal The error for what only a later libbpf can. */
export function tooOld(operation: string, since: string): UnsupportedError {
  const { major, minor } = libbpfVersion();
  const feature = `libbpf ${since} or later (its libbpf is ${major}.${minor})`;
  const hint = "install a later libbpf1, or name one in DENOBPF_LIBBPF";
  return new UnsupportedError(operation, ENOSYS, feature, undefined, hint);
}
