/** Members whose kind C says, by the typedefs of bpf/include/kinds.h: a tool need not declare them. */
import type { RawText } from "../../sys/raw_text.ts";
import { type Kinded, type KindName, KINDS } from "../../skeleton/kinds.ts";
import { deviceNumbers } from "../../sys/device_numbers.ts";
import { signalName } from "../../sys/signals.ts";
import { errnoRetKind } from "./kinds/errno_ret.ts";
import { integerKind } from "./kinds/integer.ts";
import type { AnyKind, Look } from "./kinds/kind.ts";
import { signalKind } from "./kinds/signal.ts";
import { textKind } from "./kinds/text.ts";
import { timeKind } from "./kinds/time.ts";
import { addressText } from "../text/address.ts";
import type { Member, Members } from "./member.ts";

/** What a record has besides the members of the C struct while a trace reads it. */
export interface Traced<C = unknown> {
  /** Wall time for the kernel's nanoseconds since boot, in nanoseconds since 1970. */
  $wall(boot: bigint): bigint;
  /** What the tool itself keeps for the trace: its `own`. */
  readonly $own: C;
}

/** The type of a member's value, by its kind. */
export type KindValues = {
  boot_ns: bigint;
  duration_ns: bigint;
  pid: number;
  tid: number;
  uid: number;
  gid: number;
  comm: RawText;
  cgroup_id: bigint;
  ns_inum: number;
  cpu_nr: number;
  syscall_nr: number;
  errno_ret: number;
  signal_nr: string;
  open_flags: number;
  file_mode: number;
  dev: string;
  ino: bigint;
  byte_count: bigint;
  ip_addr: string;
  port: number;
};

type Reading = (value: never, record: Traced) => unknown;

/** How a kind is shown, and what makes its value of what lies in the record, if not that itself. */
type Shown = readonly [kind: AnyKind, look: Omit<Look, "brief">, value?: Reading];

const SHOWN: Readonly<Record<KindName, Shown>> = {
  boot_ns: [
    timeKind,
    { width: -8 },
    (boot: bigint, record) => record.$wall(boot),
  ],
  duration_ns: [integerKind, { width: 12 }],
  pid: [integerKind, { width: -7 }],
  tid: [integerKind, { width: -7 }],
  uid: [integerKind, { width: -6 }],
  gid: [integerKind, { width: -6 }],
  comm: [textKind, { width: -16 }],
  cgroup_id: [integerKind, { width: -10 }],
  ns_inum: [integerKind, { width: -10 }],
  cpu_nr: [integerKind, { width: 3 }],
  syscall_nr: [integerKind, { width: 3 }],
  errno_ret: [errnoRetKind, { width: 3 }],
  signal_nr: [signalKind, { width: -9 }, (signal: number) => signalName(signal)],
  open_flags: [integerKind, { width: -8 }],
  file_mode: [integerKind, { width: -6 }],
  dev: [textKind, { width: -7 }, deviceNumbers],
  ino: [integerKind, { width: -10 }],
  byte_count: [integerKind, { width: 8 }],
  ip_addr: [textKind, { width: -16 }, addressText],
  port: [integerKind, { width: -5 }],
};

/** The members of a record by their names in C. Each keeps the JSDoc of the skeleton. */
export type MembersOfC<R, K> = {
  readonly [Name in keyof K]: K[Name] extends Kinded<infer Kind, never>
    ? Member<R, KindValues[Kind]>
    : never;
};

/** @param kinds what a generated codec has */
export function membersOfC(kinds: unknown): Members {
  return Object.fromEntries(
    Object.entries(kinds as Readonly<Record<string, Kinded<KindName, never>>>).map(
      ([name, { kind: name_of_kind, read }]) => {
        const [kind, look, value] = SHOWN[name_of_kind];
        const read_value = value === undefined
          ? read
          : (record: never) => value(read(record) as never, record);
        return [name, { kind, brief: KINDS[name_of_kind], ...look, value: read_value }];
      },
    ),
  );
}
