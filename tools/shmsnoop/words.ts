/** Names of what calls on shared memory take: include/uapi/linux/ipc.h and shm.h. */
import { flagNames } from "#lib/tool/mod.ts";

/** What of the flags of shmget is a mode. */
export const MODE = 0o777;

/** Where they have the size of huge pages: a power of two, in six bits. */
const HUGE_SHIFT = 26;

const GET_FLAGS = [
  ["IPC_CREAT", 0o1000],
  ["IPC_EXCL", 0o2000],
  ["SHM_HUGETLB", 0o4000],
  ["SHM_NORESERVE", 0o10000],
] as const;

const AT_FLAGS = [
  ["SHM_RDONLY", 0o10000],
  ["SHM_RND", 0o20000],
  ["SHM_REMAP", 0o40000],
  ["SHM_EXEC", 0o100000],
] as const;

const COMMANDS: Readonly<Record<number, string>> = {
  0: "IPC_RMID",
  1: "IPC_SET",
  2: "IPC_STAT",
  3: "IPC_INFO",
  11: "SHM_LOCK",
  12: "SHM_UNLOCK",
  13: "SHM_STAT",
  14: "SHM_INFO",
  15: "SHM_STAT_ANY",
};

/** The flags of shmget without the mode. A size of huge pages is one flag, of which any is possible. */
export function getFlagNames(flags: number): string[] {
  const power = flags >>> HUGE_SHIFT;
  const others = flags & (1 << HUGE_SHIFT) - 1 & ~MODE;
  return [...flagNames(others, GET_FLAGS, 8), ...power === 0 ? [] : [`SHM_HUGE_${size(power)}`]];
}

/** The flags of shmat. */
export function atFlagNames(flags: number): string[] {
  return flagNames(flags, AT_FLAGS, 8);
}

/** A command of shmctl. */
export function commandName(command: number): string {
  return COMMANDS[command] ?? String(command);
}

/** 2 to this power in bytes, as the header names it: 2MB. */
function size(power: number): string {
  const unit = Math.floor(power / 10);
  return `${2 ** (power % 10)}${["B", "KB", "MB", "GB", "TB", "PB", "EB"][unit]}`;
}
