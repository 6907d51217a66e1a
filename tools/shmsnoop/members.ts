/** What shmsnoop shows of a call. */
import { event, type event_view, shm_call } from "#skel/shmsnoop.ts";
import { errnoName, type EventOf, type InPlace, membersOf, plainWords } from "#lib/tool/mod.ts";
import { atFlagNames, commandName, getFlagNames, MODE } from "./words.ts";

const { SHM_GET, SHM_AT, SHM_DT, SHM_CTL } = shm_call;

const CALLS: Readonly<Record<number, string>> = {
  [SHM_GET]: "shmget",
  [SHM_AT]: "shmat",
  [SHM_DT]: "shmdt",
  [SHM_CTL]: "shmctl",
};

/** The highest number of an error: MAX_ERRNO of include/linux/err.h. What is above may be an address. */
const MAX_ERRNO = 4095n;

/** What is kept for a trace: when the first event that is shown happened, in nanoseconds since boot. */
export function own(): { first?: bigint } {
  return {};
}

const { c, ...member } = membersOf(event, own);

/** The members of a call. */
export const members = {
  time: { ...c.time, brief: "When the call returned" },
  pid: { ...c.pid, width: -6 },
  tid: { ...c.tid, width: -6 },
  uid: { ...c.uid, brief: "User who calls" },
  comm: c.comm,
  call: member.text({ brief: "shmget, shmat, shmdt, shmctl" }, (r) => CALLS[r.call]),
  /** An identifier of shmget, an address of shmat, or a negative errno. */
  ret: member.integer({ brief: "What it returned", width: 16 }, (r) => r.ret),
  error: member.text(
    { brief: "Name of the errno if it failed: EEXIST", width: -8 },
    (r) => isError(r) ? errnoName(Number(-r.ret)) : undefined,
  ),
  key: member.integer(
    { brief: "Key that shmget was passed, or that the segment has; 0: private", base: "hex" },
    (r) => r.call === SHM_GET ? r.key : r.has_segment ? r.segment_key : undefined,
  ),
  /** Undefined for shmdt, which is passed an address alone. */
  shmid: member.integer(
    { brief: "Identifier of the segment", width: 7 },
    (r) => r.shmid < 0 ? undefined : r.shmid,
  ),
  size_bytes: member.integer(
    { brief: "Size that shmget was asked for", width: 10 },
    (r) => r.call === SHM_GET ? r.size : undefined,
  ),
  address: member.integer(
    { brief: "Where the segment is attached, or was until shmdt", base: "hex", width: 16 },
    (r) => r.call === SHM_DT ? r.address : r.call === SHM_AT && !isError(r) ? r.ret : undefined,
  ),
  requested_address: member.integer(
    { brief: "Where it was to be attached; 0: anywhere", base: "hex", width: 16 },
    (r) => r.call === SHM_AT ? r.address : undefined,
  ),
  flags: member.words(
    { brief: "Flags of shmget and shmat: IPC_CREAT, SHM_RDONLY" },
    (r) =>
      r.call === SHM_GET ? getFlagNames(r.flags) : r.call === SHM_AT ? atFlagNames(r.flags) : [],
  ),
  mode: member.integer(
    { brief: "Permissions that shmget was passed", base: "oct", digits: 4, width: -5 },
    (r) => r.call === SHM_GET ? r.flags & MODE : undefined,
  ),
  cmd: member.text(
    { brief: "What shmctl is to do: IPC_RMID", width: -12 },
    (r) => r.call === SHM_CTL ? commandName(r.cmd) : undefined,
  ),
  shm_size_bytes: member.integer(
    { header: "BYTES", brief: "Size of the segment", width: 10 },
    (r) => r.has_segment ? r.segment_size : undefined,
  ),
  nattch: member.integer(
    { brief: "How often it is attached, when the call has returned", width: 6 },
    (r) => r.has_segment ? r.segment_attached : undefined,
  ),
  owner: member.integer(
    { brief: "User who owns it", width: 6 },
    (r) => r.has_segment ? r.segment_uid : undefined,
  ),
  creator_pid: member.integer(
    { header: "CPID", brief: "Process that made it, if that is still known", width: 7 },
    (r) => r.segment_creator || undefined,
  ),
  compat: member.boolean({ brief: "Whether it is a 32-bit call" }, (r) => r.compat),
  cgroup_id: { ...c.cgroup_id, brief: "Cgroup of the process" },
  since_first: member.decimal(
    {
      header: "TIME(s)",
      brief: "Seconds since the first one",
      only: "table",
      width: -13,
      decimals: 9,
    },
    ({ time, $own }) => Number(time - ($own.first ??= time)) / 1e9,
  ),
};

/** A call on shared memory. */
export type Shm = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  sys: table.text(
    { brief: "call, in capitals", width: 6 },
    ({ call }) => String(call).toUpperCase(),
  ),
  result: table.text(
    { header: "RET", brief: "ret in hexadecimal digits, or error", width: 16 },
    ({ ret, error }) => error ?? ret.toString(16),
  ),
  args: table.text({ header: "ARGs", brief: "What the call was passed" }, argumentsOf),
};

function isError({ ret }: event_view): boolean {
  return ret < 0n && ret >= -MAX_ERRNO;
}

function argumentsOf({ $record, key, size_bytes, flags, cmd }: InPlace<typeof members>): string {
  const { call, argument, address, buffer, flags: bits, cmd: number } = $record!;
  const shmid = `shmid: ${hex(argument >>> 0)}`;
  const names = plainWords(flags);
  switch (call) {
    case SHM_GET: {
      const mode = bits & MODE;
      const all = mode === 0 ? names : [...names, `0${mode.toString(8)}`];
      return `key: ${hex(key!)}, size: ${size_bytes}, shmflg: ${withNames(bits, all)}`;
    }
    case SHM_AT:
      return `${shmid}, shmaddr: ${hex(address)}, shmflg: ${withNames(bits, names)}`;
    case SHM_DT:
      return `shmaddr: ${hex(address)}`;
    default: {
      const name = cmd === String(number) ? "" : ` (${cmd})`;
      return `${shmid}, cmd: ${number}${name}, buf: ${hex(buffer)}`;
    }
  }
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function withNames(flags: number, names: readonly string[]): string {
  return flags === 0 ? "0x0" : `${hex(flags)} (${names.join("|")})`;
}
