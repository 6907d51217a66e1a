import {
  type Counted,
  drawHistogram,
  escapeText,
  type EventOf,
  type Histogram,
  membersOf,
  type Structure,
  usedSlots,
} from "#lib/tool/mod.ts";
import { type CountedValue, shownNumber, type Value } from "#lib/tool/fetch.ts";
import type { Distributed } from "./counter.ts";
import type { Plan, Ranges } from "./plan.ts";

/** What rows depend on, besides what was counted. */
export interface Shown {
  readonly linear: Ranges | undefined;
}

const { time, text, integer, integers, decimal, structure } = membersOf<
  Counted<Distributed, Shown>
>();

/** As it is shown: a name of an enum, hexadecimal digits of an address. */
function shown(value: Value, { type }: CountedValue): bigint | string | undefined {
  return typeof value === "bigint" && type !== undefined ? shownNumber(value, type) : value;
}

/** `count = 100, $comm = sh`. */
function eventOf({ spec, values }: Distributed): string | undefined {
  if (values === undefined) return undefined;
  if (values.length === 0) return "total calls";
  return values
    .map((value, i) => `${spec.values[i].name} = ${shown(value, spec.values[i]) ?? "?"}`)
    .join(", ");
}

function structureOf({ spec, values }: Distributed): Structure | undefined {
  if (values === undefined || values.length === 0) return undefined;
  return Object.fromEntries(
    values.map((value, i) => [spec.values[i].name, shown(value, spec.values[i]) ?? null]),
  );
}

/** The slots from one on, in one direction. */
function slotsFrom({ slots }: Distributed, first: number, step: number): number[] | undefined {
  if (slots === undefined) return undefined;
  const most = Math.max(-1, ...[...slots.keys()].map((slot) => (slot - first) * step));
  return usedSlots(Array.from({ length: most + 1 }, (_, i) => slots.get(first + i * step) ?? 0));
}

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  spec: text({ brief: "What was asked for, or its #label", width: -32 }, (r) => r.spec.title),
  count: integer({ brief: "How often the values passed", width: -10 }, (r) => r.count),
  event: text({ brief: "The values by their names" }, (r) => eventOf(r)),
  /** An object; a value that could not be read is null. None for a histogram. */
  values: structure({ brief: "The same as an object" }, (r) => structureOf(r)),
  /** Only of a histogram, like all below. */
  expression: text(
    { brief: "The value whose histogram it is", width: -16 },
    (r) => r.spec.isHistogram ? r.spec.values[0].name : undefined,
  ),
  total: integer({ brief: "Sum of the values of a histogram", width: 12 }, (r) => r.total),
  avg: decimal(
    { brief: "Their average", width: 12, decimals: 1 },
    (r) => r.total === undefined || r.count === 0 ? undefined : Number(r.total) / r.count,
  ),
  unread: integer({ brief: "Values of a histogram that could not be read" }, (r) => r.unread),
  /** At `i` those from 2^i to 2^(i+1) - 1, and 0 with 1; with `--linear` those of the range `i`. */
  histogram: integers(
    { brief: "How many values there are in each slot" },
    (r) => {
      const slots = slotsFrom(r, 0, 1);
      return r.$own.linear === undefined ? slots : slots?.slice(0, r.$own.linear.count);
    },
  ),
  /** At `i` those from -2^i to -2^(i+1) + 1. */
  negative: integers(
    { brief: "The same of values below 0, the nearest to 0 first" },
    (r) => r.$own.linear === undefined ? slotsFrom(r, -1, -1) : undefined,
  ),
  below: integer(
    { brief: "With --linear: values below all ranges" },
    (r) => r.$own.linear && r.slots && (r.slots.get(-1) ?? 0),
  ),
  above: integer(
    { brief: "With --linear: values above all ranges" },
    (r) => r.$own.linear && r.slots && (r.slots.get(r.$own.linear.count) ?? 0),
  ),
};

/** A row of a table: values and how often they passed, or a histogram. */
export type ValueCount = EventOf<typeof members>;

/** A table as the Python tool prints it: what was asked for, and below it values or a histogram. */
export function tableOf(rows: readonly ValueCount[], { specs, linear }: Plan): string {
  const titles = new Map(specs.map((spec) => [`${spec.isHistogram} ${spec.title}`, spec]));
  return [...titles.values()].map(({ title: spec, isHistogram }) => {
    // The same may be counted, and be shown as a histogram.
    const own = rows.filter((row) =>
      row.spec === spec && isHistogram === (row.histogram !== undefined)
    );
    if (own.length === 0) return "";
    const drawn = own.map((row) => row.histogram === undefined ? "" : drawnOf(row, linear));
    const counts = own.filter(({ histogram }) => histogram === undefined);
    const lines = counts.map(({ count, event }) =>
      `\t${String(count).padEnd(10)} ${escapeText(event ?? "")}\n`
    );
    const header = lines.length > 0 ? `\t${"COUNT".padEnd(10)} EVENT\n` : "";
    return `${escapeText(spec)}\n${header}${lines.join("")}${drawn.join("")}`;
  }).join("");
}

function drawnOf(row: ValueCount, linear: Ranges | undefined): string {
  const { histogram = [], negative = [], expression = "", unread, below, above } = row;
  const look = {
    unit: escapeText(expression),
    ...linear && { linear: { base: Number(linear.first), step: Number(linear.size) } },
  };
  const drawn = drawHistogram(histogram as Histogram, { ...look, negative: negative as Histogram });
  const notes = [
    [below, "below the first range"],
    [above, "above the last range"],
    [unread, "could not be read"],
  ].filter(([count]) => count).map(([count, what]) => `     ${count} ${what}\n`);
  return drawn + notes.join("");
}
