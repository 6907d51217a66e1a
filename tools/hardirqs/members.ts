import type { group, times } from "#skel/hardirqs.ts";
import { type Counted, type EventOf, membersOf, tryReadTextFile } from "#lib/tool/mod.ts";
import {
  irqCpuMember,
  irqHeading,
  irqHistogramMembers,
  irqMicroseconds,
  irqRunMembers,
  type IrqShown,
  irqTimeMember,
} from "#lib/tool/irq_times.ts";
import { INTERRUPTS, VECTORS } from "./interrupts.ts";

type Row = Counted<group & times, IrqShown>;

const member = membersOf<Row>();

const typeOf = (row: Row) => INTERRUPTS[row.interrupt];

function irqOf(row: Row): string {
  if (typeOf(row) === "device") return String(row.number);
  return typeOf(row) === "nmi" ? "NMI" : VECTORS.get(row.number)?.irq ?? "";
}

function nameOf(row: Row): string {
  if (typeOf(row) === "device") return row.name || `irq ${row.number}`;
  return typeOf(row) === "nmi" ? "nmi" : VECTORS.get(row.number)?.name ?? `vector ${row.number}`;
}

/** The controller that an irq comes through, as Documentation/ABI/testing/sysfs-kernel-irq has it. */
function chipOf(row: Row): string | undefined {
  if (typeOf(row) !== "device") return undefined;
  return tryReadTextFile(`/sys/kernel/irq/${row.number}/chip_name`)?.trim() || undefined;
}

/** The members of a row. */
export const members = {
  ...irqTimeMember,
  /** `device`, `vector` or `nmi`. */
  type: member.text(
    { brief: "What interrupts: device, vector (the kernel's own, on x86), nmi", width: -6 },
    typeOf,
  ),
  irq: member.text({ brief: "As /proc/interrupts calls it: 24, LOC", width: 4 }, irqOf),
  /** What the driver calls its handler: cut after 63 bytes. Of a vector what the kernel calls it. */
  name: member.text(
    { brief: "The handler: of a driver, or of a vector", header: "HARDIRQ", width: -33 },
    nameOf,
  ),
  ...irqCpuMember,
  ...irqRunMembers,
  none: member.integer(
    { brief: "Runs more that found nothing to do: other devices on the line", width: 9 },
    (r) => Number(r.none),
  ),
  none_ns: member.integer({ brief: "How long those took together", width: 10 }, (r) => r.none_ns),
  /** Of a device: `IO-APIC`, `PCI-MSIX-0000:00:02.0`. */
  chip: member.text({ brief: "The interrupt controller of a device", width: -22 }, chipOf),
  ...irqHistogramMembers,
};

/** A row of a table: the runs of one handler since the table before. */
export type HardirqTime = EventOf<typeof members>;

const table = membersOf<HardirqTime>();

/** What tables alone show: times in microseconds. */
export const derived = {
  ...irqMicroseconds,
  max_us: table.integer(
    { brief: "max_ns, in microseconds", header: "MAX_usecs", width: 10, unit: 1e3 },
    (e) => e.max_ns,
  ),
};

/** The line above a histogram, as the C tool has it. */
export function heading({ name, cpu }: HardirqTime): string {
  return irqHeading("hardirq", name, cpu);
}
