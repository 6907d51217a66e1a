/**
 * What tools share that trace how files lose their names.
 *
 * @module
 */

/** The functions of the hooks of bpf/include/removals.h. */
export const REMOVALS = {
  unlink: "security_path_unlink",
  rmdir: "security_path_rmdir",
  rename: "security_path_rename",
  deleted: "d_delete",
  moved: "d_move",
  exchanged: "d_exchange",
} as const;

/** The types of files of inode(7), by the upper four bits of a mode. */
const TYPES: Readonly<Record<number, string>> = {
  0o14: "socket",
  0o12: "symlink",
  0o10: "regular",
  0o6: "block",
  0o4: "directory",
  0o2: "char",
  0o1: "fifo",
};

/** The type of a file: `regular`. @param mode `st_mode` of stat(2) */
export function fileType(mode: number): string {
  return TYPES[mode >>> 12] ?? "other";
}
