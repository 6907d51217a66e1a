/**
 * The flags of open(2) that files are opened with, from include/uapi/asm-generic/fcntl.h; arm64 has its own
 * O_DIRECTORY and O_NOFOLLOW, in arch/arm64/include/uapi/asm/fcntl.h.
 */
const ARM64 = Deno.build.arch === "aarch64";

export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY = ARM64 ? 0o40000 : 0o200000;
export const O_NOFOLLOW = ARM64 ? 0o100000 : 0o400000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
