/**
 * Which tasks a tool traces: options that tools share, and what they set in the kernel half, which is
 * bpf/include/targets.h. A tool spreads {@link targetOptions} into its options, loads its skeleton with
 * {@link loadTargeted}, and asks `is_target()` in its programs.
 */
import { encodeText } from "../../sys/text.ts";
import type { BpfMap } from "../../objects/map.ts";
import { cgroupLevel, cgroupMount, isCgroup } from "../../sys/cgroups.ts";
import {
  type Container,
  knownNames,
  listContainers,
  matchContainers,
} from "../../sys/containers.ts";
import { OpenFile } from "../../sys/file.ts";
import { fileId } from "../../sys/status.ts";
import { quoted } from "../text/escape.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { list, option, type OptionsOf, type Parser } from "./declarations.ts";
import { integer, pid, text, user } from "./parsers.ts";
import { ValueError } from "./usage_errors.ts";

/** TASK_COMM_LEN of include/linux/sched.h, less the NUL. */
const MAX_COMM = 15;

/** PROC_PID_INIT_INO of include/linux/proc_ns.h: the pid namespace of the host. */
const HOST_PIDNS = 0xefff_fffcn;

/** Longer names are cut by the kernel, and a longer text would match nothing. */
const comm: Parser<string> = (text) => {
  const bytes = encodeText(text);
  if (bytes.length >= 1 && bytes.length <= MAX_COMM) return text;
  throw new ValueError(`${quoted(text)} is no name of a process: those have 1 to 15 bytes`);
};

/** An inode number as lsns(8) and `stat -L` show it, or all of `mnt:[4026531832]`. */
function namespace(kind: string): Parser<number> {
  return (text) => {
    const number = new RegExp(`^(?:${kind}:\\[(\\d+)\\]|(\\d+))$`).exec(text);
    if (number) return integer(1, 0xffff_ffff)(number[1] ?? number[2]);
    throw new ValueError(`${quoted(text)} is no inode number, such as lsns(8) shows`);
  };
}

/**
 * The options, to be spread into those of a tool; {@link without} leaves some out, and
 * {@link withLetters} their letters.
 *
 * @example
 * ```ts
 * import { flag, targetOptions } from "@denobpf/denobpf/tool";
 *
 * const options = { fails: flag("x", "Include failures"), ...targetOptions };
 * ```
 */
export const targetOptions = {
  pid: list("p", "PID,...", "Trace these processes only", pid),
  ppid: option("", "PID", "Trace children of this process only", pid),
  uid: option("u", "UID|NAME", "Trace this user only", user),
  comm: option("", "NAME", "Trace processes of exactly this name only", comm),
  cgroup: option("c", "PATH", "Trace this cgroup (v2) and those below it only", text),
  container: option("", "ID|NAME", "Trace this container only", text),
  mntns: option("", "INODE", "Trace this mount namespace only", namespace("mnt")),
  pidns: option("", "INODE", "Trace this pid namespace only", namespace("pid")),
};

/** What a user has asked for by {@link targetOptions}, or by those of them that a tool has. */
export type Targets = Partial<OptionsOf<typeof targetOptions>>;

/**
 * Whether only some tasks are traced.
 *
 * @example
 * ```ts
 * import { isTargeted, targetOptions, withDefaults } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isTargeted(withDefaults(targetOptions, {})), false);
 * assertEquals(isTargeted(withDefaults(targetOptions, { comm: "dd" })), true);
 * ```
 */
export function isTargeted({ pid, ...others }: Targets): boolean {
  const names = Object.keys(targetOptions).filter((name) => name !== "pid");
  return pid !== undefined && pid.length > 0 ||
    names.some((name) => others[name as keyof typeof others] !== undefined);
}

/** What targets.h puts into every skeleton: its variables, and its maps once they are loaded. */
export interface Targeted {
  /** The variables, to be set before load. */
  readonly rodata: {
    targ_by_pid: boolean;
    targ_ppid: number;
    targ_uid: number;
    targ_comm: string;
    targ_by_cgroup: boolean;
    targ_cgroup_id: bigint;
    targ_cgroup_level: number;
    targ_mntns: number;
    targ_pidns: number;
    targ_pids_in: number;
  };
  /** The map that is as large as there are processes to be traced. */
  readonly maps: { readonly targ_pids: { maxEntries: number } };
}

/** The same maps, loaded. */
export interface LoadedTargets extends Disposable {
  /** Which processes and which cgroup are traced. */
  readonly maps: {
    readonly targ_pids: BpfMap<number, boolean>;
    readonly targ_cgroups: BpfMap<number, number>;
  };
}

/**
 * Loads a skeleton that traces the given targets only. It is closed if that fails.
 * @param prepare sets what else is to be set before load, if anything is
 * @throws {ExitError} (64) when there is no such cgroup or container
 * @throws {BpfError} what `load` throws
 *
 * @example
 * ```ts
 * import { Bootstrap } from "#skel/bootstrap.ts";
 * import { loadTargeted, targetOptions, withDefaults } from "@denobpf/denobpf/tool";
 *
 * const targets = withDefaults(targetOptions, { uid: 0 });
 * using bootstrap = loadTargeted(Bootstrap.open(), targets);
 * bootstrap.attach();
 * ```
 */
export function loadTargeted<
  Opened extends Targeted & Disposable & { load(): LoadedTargets },
>(
  opened: Opened,
  targets: Targets,
  prepare?: (opened: Opened) => void,
): ReturnType<Opened["load"]> {
  try {
    prepare?.(opened);
    const cgroup = targetCgroup(targets);
    setConstants(opened, targets, cgroup);
    const loaded = opened.load() as ReturnType<Opened["load"]>;
    for (const pid of targets.pid ?? []) loaded.maps.targ_pids.update(pid, true);
    if (cgroup !== undefined) {
      using directory = OpenFile.open(cgroup);
      loaded.maps.targ_cgroups.update(0, directory.fd);
    }
    return loaded;
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

function setConstants(
  { rodata, maps }: Targeted,
  targets: Targets,
  cgroup: string | undefined,
): void {
  const { pid = [] } = targets;
  if (cgroup !== undefined) {
    rodata.targ_by_cgroup = true;
    rodata.targ_cgroup_id = fileId(cgroup).ino;
    rodata.targ_cgroup_level = cgroupLevel(cgroup) ?? rodata.targ_cgroup_level;
  }
  if (pid.length > 0) {
    rodata.targ_by_pid = true;
    maps.targ_pids.maxEntries = pid.length;
  }
  if (targets.ppid !== undefined) rodata.targ_ppid = targets.ppid;
  if (pid.length > 0 || targets.ppid !== undefined) rodata.targ_pids_in = ownPidns();
  if (targets.uid !== undefined) rodata.targ_uid = targets.uid;
  if (targets.comm !== undefined) rodata.targ_comm = targets.comm;
  if (targets.mntns !== undefined) rodata.targ_mntns = targets.mntns;
  if (targets.pidns !== undefined) rodata.targ_pidns = targets.pidns;
}

/**
 * The pid namespace whose pids the user of this process knows; 0 for the host's, which needs no search.
 *
 * @example
 * ```ts
 * import { ownPidns } from "@denobpf/denobpf/tool";
 *
 * console.log(ownPidns() === 0 ? "on the host" : "in a container");
 * ```
 */
export function ownPidns(): number {
  const { ino } = fileId("/proc/self/ns/pid");
  return ino === HOST_PIDNS ? 0 : Number(ino);
}

/** The directory of the cgroup that `--cgroup` or `--container` names. */
function targetCgroup({ cgroup, container }: Targets): string | undefined {
  if (cgroup !== undefined && container !== undefined) {
    throw wrong("--cgroup and --container exclude each other");
  }
  if (cgroup !== undefined) return cgroupDirectory(cgroup);
  if (container !== undefined) return containerDirectory(container);
}

/** A path as it is, or as /proc/PID/cgroup has it, which begins at the mount. */
function cgroupDirectory(path: string): string {
  const mount = cgroupMount();
  if (mount === undefined) throw wrong("--cgroup: cgroup2 is not mounted on this host");
  const found = [path, `${mount}/${path}`].find((path) => isCgroup(path));
  if (found !== undefined) return found;
  throw wrong(`--cgroup: ${quoted(path)} is not a cgroup of version 2; they are below ${mount}`);
}

function containerDirectory(wanted: string): string {
  const containers = listContainers();
  const found = matchContainers(wanted, containers);
  if (found.length === 1) return cgroupMount() + found[0].cgroup;
  throw wrong(
    `--container: ${found.length > 1 ? ambiguous(wanted, found) : unknown(wanted, containers)}`,
  );
}

function ambiguous(wanted: string, found: readonly Container[]): string {
  return `${quoted(wanted)} may be any of ${enumerate(found)}`;
}

function unknown(wanted: string, containers: readonly Container[]): string {
  const stopped = knownNames().some(({ id, names }) => id === wanted || names.includes(wanted));
  if (stopped) return `${quoted(wanted)} is not running, or has no cgroup of version 2`;
  if (containers.length === 0) return `no container ${quoted(wanted)}: none has a cgroup here`;
  return `no container ${quoted(wanted)}; there are ${enumerate(containers)}`;
}

/** This many containers at most are named in one line. */
const MOST = 8;

function enumerate(containers: readonly Container[]): string {
  const shown = containers.slice(0, MOST).map(({ id, names, cgroup, trusted }) => {
    const short = quoted(id.slice(0, 12));
    const name = names.at(-1);
    const called = name === undefined ? short : `${quoted(name)} (${short})`;
    const claimed = !trusted || containers.filter((other) => other.id === id).length > 1;
    return claimed ? `${called} in ${quoted(cgroup)}` : called;
  });
  const more = containers.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function wrong(message: string): ExitError {
  return new ExitError(ExitCode.Usage, message);
}
