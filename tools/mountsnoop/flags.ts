/** Names of the flags of mounts: include/uapi/linux/mount.h. */
import { atFlagNames, flagNames } from "#lib/tool/mod.ts";
import { mount_op } from "#skel/mountsnoop.ts";

type Flags = readonly (readonly [name: string, bits: number])[];

const MS: Flags = [
  ["MS_RDONLY", 1],
  ["MS_NOSUID", 1 << 1],
  ["MS_NODEV", 1 << 2],
  ["MS_NOEXEC", 1 << 3],
  ["MS_SYNCHRONOUS", 1 << 4],
  ["MS_REMOUNT", 1 << 5],
  ["MS_MANDLOCK", 1 << 6],
  ["MS_DIRSYNC", 1 << 7],
  ["MS_NOSYMFOLLOW", 1 << 8],
  ["MS_NOATIME", 1 << 10],
  ["MS_NODIRATIME", 1 << 11],
  ["MS_BIND", 1 << 12],
  ["MS_MOVE", 1 << 13],
  ["MS_REC", 1 << 14],
  ["MS_SILENT", 1 << 15],
  ["MS_POSIXACL", 1 << 16],
  ["MS_UNBINDABLE", 1 << 17],
  ["MS_PRIVATE", 1 << 18],
  ["MS_SLAVE", 1 << 19],
  ["MS_SHARED", 1 << 20],
  ["MS_RELATIME", 1 << 21],
  ["MS_KERNMOUNT", 1 << 22],
  ["MS_I_VERSION", 1 << 23],
  ["MS_STRICTATIME", 1 << 24],
  ["MS_LAZYTIME", 1 << 25],
  ["MS_SUBMOUNT", 1 << 26],
  ["MS_NOREMOTELOCK", 1 << 27],
  ["MS_NOSEC", 1 << 28],
  ["MS_BORN", 1 << 29],
  ["MS_ACTIVE", 1 << 30],
  ["MS_NOUSER", 1 << 31],
];

/** What old programs set in the upper half, which the kernel drops then. */
const MS_MGC_VAL = 0xc0ed_0000;
const MS_MGC_MASK = 0xffff_0000;

const UMOUNT: Flags = [
  ["MNT_FORCE", 1],
  ["MNT_DETACH", 2],
  ["MNT_EXPIRE", 4],
  ["UMOUNT_NOFOLLOW", 8],
];

const MOUNT_ATTR: Flags = [
  ["MOUNT_ATTR_RDONLY", 1],
  ["MOUNT_ATTR_NOSUID", 2],
  ["MOUNT_ATTR_NODEV", 4],
  ["MOUNT_ATTR_NOEXEC", 8],
  ["MOUNT_ATTR__ATIME", 0x70],
  ["MOUNT_ATTR_NOATIME", 0x10],
  ["MOUNT_ATTR_STRICTATIME", 0x20],
  ["MOUNT_ATTR_NODIRATIME", 0x80],
  ["MOUNT_ATTR_IDMAP", 0x10_0000],
  ["MOUNT_ATTR_NOSYMFOLLOW", 0x20_0000],
];

const MOVE_MOUNT: Flags = [
  ["MOVE_MOUNT_F_SYMLINKS", 1],
  ["MOVE_MOUNT_F_AUTOMOUNTS", 2],
  ["MOVE_MOUNT_F_EMPTY_PATH", 4],
  ["MOVE_MOUNT_T_SYMLINKS", 0x10],
  ["MOVE_MOUNT_T_AUTOMOUNTS", 0x20],
  ["MOVE_MOUNT_T_EMPTY_PATH", 0x40],
  ["MOVE_MOUNT_SET_GROUP", 0x100],
  ["MOVE_MOUNT_BENEATH", 0x200],
];

const FSPICK: Flags = [
  ["FSPICK_CLOEXEC", 1],
  ["FSPICK_SYMLINK_NOFOLLOW", 2],
  ["FSPICK_NO_AUTOMOUNT", 4],
  ["FSPICK_EMPTY_PATH", 8],
];

const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;

const COMMANDS = [
  "FSCONFIG_SET_FLAG",
  "FSCONFIG_SET_STRING",
  "FSCONFIG_SET_BINARY",
  "FSCONFIG_SET_PATH",
  "FSCONFIG_SET_PATH_EMPTY",
  "FSCONFIG_SET_FD",
  "FSCONFIG_CMD_CREATE",
  "FSCONFIG_CMD_RECONFIGURE",
  "FSCONFIG_CMD_CREATE_EXCL",
];

/** What fsconfig is to do: `FSCONFIG_SET_STRING`. */
export function commandName(cmd: number): string {
  return COMMANDS[cmd] ?? String(cmd);
}

/** The names of flags that mount(2) takes. */
export function mountFlagNames(flags: number): string[] {
  if ((flags & MS_MGC_MASK) >>> 0 !== MS_MGC_VAL) return flagNames(flags, MS);
  return ["MS_MGC_VAL", ...flagNames(flags & ~MS_MGC_MASK, MS)];
}

/** The names of attributes that mount_setattr and fsmount take. */
export function attributeNames(flags: number): string[] {
  return flagNames(flags, MOUNT_ATTR);
}

/** The names of a call's flags. */
export function flagNamesOf(op: mount_op, flags: number): string[] {
  switch (op) {
    case mount_op.CALL_MOUNT:
      return mountFlagNames(flags);
    case mount_op.CALL_UMOUNT:
      return flagNames(flags, UMOUNT);
    case mount_op.CALL_FSOPEN:
      return flagNames(flags, [["FSOPEN_CLOEXEC", 1]]);
    case mount_op.CALL_FSMOUNT:
      return flagNames(flags, [["FSMOUNT_CLOEXEC", 1]]);
    case mount_op.CALL_MOVE_MOUNT:
      return flagNames(flags, MOVE_MOUNT);
    case mount_op.CALL_FSPICK:
      return flagNames(flags, FSPICK);
    case mount_op.CALL_OPEN_TREE:
    case mount_op.CALL_OPEN_TREE_ATTR: {
      const own = flagNames(flags & (OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), [
        ["OPEN_TREE_CLONE", OPEN_TREE_CLONE],
        ["OPEN_TREE_CLOEXEC", OPEN_TREE_CLOEXEC],
      ]);
      return [...own, ...atFlagNames(flags & ~(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC))];
    }
    default:
      return atFlagNames(flags);
  }
}
