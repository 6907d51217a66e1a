/**
 * Why the kernel drops packets, for tcpdrop and skbdrop: numbers that nearly every release gives anew, so they are
 * read from its types.
 */
import { Btf } from "../btf/layout.ts";
import { enumNames } from "./enum_names.ts";
import { ExitCode, ExitError } from "./ending/exit.ts";
import { fileId } from "../sys/status.ts";
import { membersOf } from "./members/members_of.ts";
import { flag, list, option, type OptionsOf, type Parser } from "./options/declarations.ts";
import { pid } from "./options/parsers.ts";
import { setSocketTargets, socketOptions, type SocketTargets } from "./options/sockets.ts";
import { ValueError } from "./options/usage_errors.ts";
import { quoted } from "./text/escape.ts";

/** The upper half of a reason says which part of the kernel it is of: include/net/dropreason.h. */
const SUBSYSTEM_SHIFT = 16;

/** The number of the part that all protocols share. */
const CORE = 0;

const PREFIX = /^SKB_(?:DROP_REASON_)?(?:SUBSYS_)?/;

/** What is among them, and no reason but the bits of that half: SKB_DROP_REASON_SUBSYS_MASK. */
const MASK = 0xffff_0000;

/** The reasons of this kernel. Linux before 5.17 names none. */
export class DropReasons {
  readonly #names: ReadonlyMap<number, string>;
  readonly #subsystems: ReadonlyMap<number, string>;

  /** Reads them. @param btf the types that have them; those of the running kernel if left out */
  constructor(btf: Btf = Btf.kernel()) {
    this.#names = new Map(
      [...enumNames(["skb_drop_reason"], PREFIX, btf)].filter(([number]) => number >>> 0 !== MASK),
    );
    this.#subsystems = enumNames(["skb_drop_reason_subsys"], PREFIX, btf);
  }

  /** `CORE`, or which other part of the kernel has this reason; undefined for no reason. */
  subsystem(reason: number): string | undefined {
    if (reason === 0) return undefined;
    const number = reason >>> SUBSYSTEM_SHIFT;
    return this.#subsystems.get(number) ?? (number === CORE ? "CORE" : String(number));
  }

  /** `NO_SOCKET`; `OPENVSWITCH_3` where a module has the name; undefined for no reason. */
  name(reason: number): string | undefined {
    if (reason === 0) return undefined;
    const name = this.#names.get(reason);
    if (name !== undefined) return name;
    return `${this.subsystem(reason)}_${reason & (1 << SUBSYSTEM_SHIFT) - 1}`;
  }

  /** The number of a reason by its name, in capitals or not. */
  number(name: string): number | undefined {
    const wanted = name.toUpperCase().replace(PREFIX, "");
    return [...this.#names].find(([number, name]) => number !== 0 && name === wanted)?.[0];
  }

  /** Whether this kernel has any. */
  get known(): boolean {
    return this.#names.size > 0;
  }
}

/** What members of a reason are read from. */
export interface Reasoned {
  /** The number that this kernel has for it; 0 for none. */
  readonly reason: number;
  /** What names it. */
  readonly $own: { readonly reasons: DropReasons };
}

const member = membersOf<Reasoned>();

/** The members of a reason. */
export const reasonMembers = {
  /** Undefined before Linux 5.17. */
  reason: member.text(
    { brief: "Why, as this kernel names it (Linux 5.17)", width: -20 },
    (r) => r.$own.reasons.name(r.reason),
  ),
  code: member.integer(
    { brief: "The number that this kernel has for the reason", width: 4 },
    (r) => r.reason || undefined,
  ),
  subsystem: member.text(
    { brief: "Part of the kernel that the reason is of", width: -11 },
    (r) => r.$own.reasons.subsystem(r.reason),
  ),
};

/**
 * A reason by its name in this kernel, `NO_SOCKET` or `no_socket`, or by its number.
 *
 * @throws {ExitError} this kernel names no reasons
 */
export const dropReason: Parser<number> = (text): number => {
  const reasons = new DropReasons();
  if (!reasons.known) {
    throw new ExitError(
      ExitCode.Unavailable,
      "Cannot choose by reasons: this kernel names none, as Linux 5.17 and later do",
    );
  }
  const number = /^\d+$/.test(text) ? Number(text) : reasons.number(text);
  if (number !== undefined && number > 0 && number <= 0xffff_ffff) return number;
  throw new ValueError(`${quoted(text)} is no reason of this kernel, such as NO_SOCKET`);
};

/** Which packets are traced: options to be spread into those of a tool. */
export const dropOptions = {
  reason: list("", "NAME,...", "Show only these reasons", dropReason),
  purged: flag("", "Include what a socket has not read when it is closed"),
  ...socketOptions,
  netns: { ...socketOptions.netns, alias: "netns-id" },
  pid_netns: option("", "PID", "Trace the network namespace of this process only", pid),
};

/** The variables of bpf/include/drops.h, to be set before load. */
export interface DropTargets extends SocketTargets {
  /** Numbers of reasons, as many as there are; then 0. */
  targ_reasons: readonly number[];
  /** How many there are; 0 for all. */
  targ_reason_count: number;
  /** Whether what a socket has not read counts. */
  with_purged: boolean;
}

/**
 * Sets what {@link dropOptions} ask for.
 * @throws {ExitError} too many reasons, or no such process
 */
export function setDropTargets(
  rodata: DropTargets,
  { reason, purged, pid_netns, ...options }: OptionsOf<typeof dropOptions>,
): void {
  const most = rodata.targ_reasons.length;
  if (reason.length > most) {
    throw new ExitError(ExitCode.Usage, `--reason: no more than ${most} can be chosen`);
  }
  const netns = pid_netns === undefined ? options.netns : netnsOf(pid_netns);
  setSocketTargets(rodata, { ...options, netns });
  rodata.targ_reasons = rodata.targ_reasons.map((_, at) => reason[at] ?? 0);
  rodata.targ_reason_count = reason.length;
  rodata.with_purged = purged;
}

/** The inode of a process's network namespace. */
function netnsOf(pid: number): number {
  return Number(fileId(`/proc/${pid}/ns/net`).ino);
}
