import { errnoName, errnoText } from "../sys/errno.ts";

/**
 * No libbpf that will do.
 *
 * @example
 * ```ts
 * import { LibraryError, libbpfVersion } from "@denobpf/denobpf";
 *
 * try {
 *   console.log(libbpfVersion());
 * } catch (error) {
 *   if (!(error instanceof LibraryError)) throw error;
 *   console.error(error.message, error.hint);
 * }
 * ```
 */
export class LibraryError extends Error {
  /** The name of its class. */
  override readonly name = "LibraryError";

  /** Makes the error. */
  constructor(message: string, readonly hint: string) {
    super(message);
  }
}

/** libbpf's own error numbers, `enum libbpf_errno` of libbpf.h, from 4000 on. */
const LIBBPF_ERRNO_START = 4000;
const LIBBPF_ERRNO = [
  ["LIBELF", "something is wrong in libelf"],
  ["FORMAT", "the BPF object's format is invalid"],
  ["KVERSION", "the 'version' section is incorrect or missing"],
  ["ENDIAN", "the object was built for another byte order"],
  ["INTERNAL", "internal error in libbpf"],
  ["RELOC", "a relocation failed"],
  ["LOAD", "the program failed to load"],
  ["VERIFY", "the kernel's verifier rejected the program"],
  ["PROG2BIG", "the program is too big"],
  ["KVER", "incorrect kernel version"],
  ["PROGTYPE", "the kernel does not support this program type"],
  ["WRNGPID", "wrong pid in a netlink message"],
  ["INVSEQ", "invalid netlink sequence"],
  ["NLPARSE", "a netlink message could not be parsed"],
];

/** The name of an error number of libbpf or the kernel: `EPERM`, `LIBBPF_ERRNO__FORMAT`. */
export function errorName(errno: number): string {
  const own = LIBBPF_ERRNO[errno - LIBBPF_ERRNO_START];
  return own === undefined ? errnoName(errno) : `LIBBPF_ERRNO__${own[0]}`;
}

/** What an error number of libbpf or the kernel means. */
export function errorText(errno: number): string {
  return LIBBPF_ERRNO[errno - LIBBPF_ERRNO_START]?.[1] ?? errnoText(errno);
}
