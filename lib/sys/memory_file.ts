import { EINVAL } from "./errno.ts";
import { check, cString, lastErrno, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { writeAll } from "./write.ts";

const memoryFiles = symbolGroup(libc, {
  // int memfd_create(const char *name, unsigned int flags)
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
});

/** From include/uapi/linux/memfd.h. */
const MFD_CLOEXEC = 0x1;
const MFD_NOEXEC_SEAL = 0x8;

/**
 * Puts `bytes` into a file that is in no directory and goes with this process, however that ends.
 * @param name what /proc/PID/maps shows of it, `/memfd:NAME`
 * @returns a path that this process can open it by, as long as /proc is mounted; it stays open
 * @throws {SystemError} before Linux 3.17
 */
export function memoryFile(name: string, bytes: Uint8Array): string {
  const fd = check(create(name), "make a file in memory");
  writeAll(fd, bytes);
  return `/proc/self/fd/${fd}`;
}

/**
 * The seal forbids to run the file as a program, which nobody wants here: with vm.memfd_noexec=2 the
 * kernel refuses a file without it. Linux knows it since 6.3.
 */
function create(name: string): number {
  const { memfd_create } = memoryFiles();
  const fd = memfd_create(cString(name), MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  if (fd >= 0 || lastErrno() !== EINVAL) return fd;
  return memfd_create(cString(name), MFD_CLOEXEC);
}
