/** Network namespaces: which there are, and how to look around in one. See network_namespaces(7). */
import { tryReadDirectory } from "./directory.ts";
import { SystemError } from "./errno.ts";
import { OpenFile } from "./file.ts";
import { check, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { fileId } from "./status.ts";

const spaces = symbolGroup(libc, {
  // int setns(int fd, int nstype)
  setns: { parameters: ["i32", "i32"], result: "i32" },
});

/** include/uapi/linux/sched.h */
const CLONE_NEWNET = 0x40000000;

const OWN = "/proc/thread-self/ns/net";

/** Where ip(8) and Docker keep those that need not have a process. */
const FOLDERS = ["/run/netns", "/run/docker/netns"];

/**
 * Those that a process is in or that have a name, by their inode numbers, each with the files that stand for it:
 * a process may end before its file is opened.
 */
export function networkNamespaces(): Map<number, string[]> {
  const processes = tryReadDirectory("/proc").filter(({ name }) => /^\d+$/.test(name));
  const named = FOLDERS.flatMap((folder) =>
    tryReadDirectory(folder).map(({ name }) => `${folder}/${name}`)
  );
  const found = new Map<number, string[]>();
  for (const path of [OWN, ...named, ...processes.map(({ name }) => `/proc/${name}/ns/net`)]) {
    const inode = tryInode(path);
    if (inode === undefined) continue;
    const paths = found.get(inode);
    if (paths === undefined) found.set(inode, [path]);
    else paths.push(path);
  }
  return found;
}

function tryInode(path: string): number | undefined {
  try {
    return Number(fileId(path).ino);
  } catch {
    return undefined;
  }
}

/**
 * Calls `look` while this thread is in another network namespace. It must not wait for anything.
 * @param paths files that stand for it
 * @returns undefined if it cannot be entered: that takes CAP_SYS_ADMIN
 * @throws {SystemError} the thread cannot come back
 */
export function lookInto<T>(paths: readonly string[], look: () => T): T | undefined {
  // where it is already, which takes no privilege
  if (paths[0] === OWN) return look();
  using before = OpenFile.open(OWN);
  const { setns } = spaces();
  if (!paths.some((path) => tryEnter(path, setns))) return undefined;
  try {
    return look();
  } finally {
    check(setns(before.fd, CLONE_NEWNET), "go back to the own network namespace");
  }
}

function tryEnter(path: string, setns: (fd: number, type: number) => number): boolean {
  try {
    using file = OpenFile.open(path);
    return setns(file.fd, CLONE_NEWNET) === 0;
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}
