/** Filters of system calls, seccomp(2): a container has one by default. */
import { ENOSYS, EPERM } from "./errno.ts";
import { tryReadTextFile } from "./file.ts";
import { lastErrno, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

const calls = symbolGroup(libc, {
  // long syscall(long number, int cmd, union bpf_attr *attr, unsigned int size)
  syscall: { parameters: ["i64", "i32", "buffer", "u32"], result: "i32" },
});

/** `__NR_bpf` of asm/unistd_64.h and asm-generic/unistd.h. */
const NR_BPF = Deno.build.arch === "aarch64" ? 280n : 321n;

/** A command of bpf(2) that no kernel has: it answers EINVAL to who may use BPF. */
const NO_COMMAND = 0x7fff_ffff;

/** SECCOMP_MODE_FILTER of include/uapi/linux/seccomp.h, as /proc/PID/status shows it. */
const FILTERED = /^Seccomp:\s*2$/m;

/** Whether system calls of this process go through a filter. */
export function hasSeccompFilter(): boolean {
  return FILTERED.test(tryReadTextFile("/proc/self/status") ?? "");
}

/**
 * Whether a filter keeps bpf(2) from this process. Only one that has the capabilities for BPF can know:
 * from others the kernel keeps it as well.
 */
export function seccompForbidsBpf(): boolean {
  if (!hasSeccompFilter()) return false;
  if (calls().syscall(NR_BPF, NO_COMMAND, new Uint8Array(8), 8) >= 0) return false;
  const errno = lastErrno();
  return errno === EPERM || errno === ENOSYS;
}
