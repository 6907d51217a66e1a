import { tryReadTextFile } from "../../sys/file.ts";
import {
  type Flag,
  flag,
  option,
  optional,
  type Parser,
  type ValueOption,
} from "../options/declarations.ts";
import { seconds } from "../options/parsers.ts";
import { intervalOperands, topOptions } from "./counts.ts";

/** Options of a tool that shows who uses the most; `Order` are the members that `--sort` has words for. */
export type TopToolOptions<Order> = {
  /** Tables one below the other, instead of in place. */
  readonly noclear: Flag;
  /** How rows are sorted. */
  readonly sort: ValueOption<Order, Order>;
  /** How many rows are shown. */
  readonly rows: ValueOption<number, undefined>;
};

/**
 * Options of a tool that shows who uses the most, in place, table after table: to be spread into its own.
 *
 * @param orders what `--sort` calls its orders, each with the field that it stands for, as the C tool has them;
 *   the first one is that of a user who says nothing. Other fields are found by their names.
 *
 * @example
 * ```ts
 * import { topToolOptions, withDefaults } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const options = topToolOptions({ bytes: "-bytes", time: "-total_ns" });
 * assertEquals(withDefaults(options, {}).sort, "-bytes");
 * ```
 */
export function topToolOptions<const Order extends string>(
  orders: Readonly<Record<string, Order>>,
): TopToolOptions<Order> {
  const names = Object.keys(orders);
  const order: Parser<Order> = (name): Order =>
    Object.hasOwn(orders, name) ? orders[name] : name as Order;
  return {
    noclear: flag("C", "Show tables one below the other, not in place"),
    sort: option(
      "s",
      "ORDER",
      `Sort by ${names.join(", ")}; or by [-]FIELD`,
      order,
      orders[names[0]],
    ),
    rows: { ...topOptions.rows, letter: "r", brief: "Print only the first rows (default 20)" },
  };
}

/**
 * Operands of such a tool: a table each second, unless the user says otherwise.
 *
 * @example
 * ```ts
 * import { topToolOperands } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Object.keys(topToolOperands), ["interval", "count"]);
 * ```
 */
export const topToolOperands = {
  ...intervalOperands,
  interval: optional("INTERVAL", "Show a table every INTERVAL seconds", seconds, 1),
};

/**
 * How such a tool shows its tables: to be spread into its declaration.
 *
 * @example
 * ```ts
 * import { topToolTables } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(topToolTables.limit, 20);
 * ```
 */
export const topToolTables = {
  title: ({ interval }: { readonly interval: number }) =>
    `Tracing... Output every ${interval} secs. Hit Ctrl-C to end`,
  limit: 20,
  live: ({ noclear }: { readonly noclear: boolean }) => !noclear && Deno.stdout.isTerminal(),
  fills: () => true,
};

/**
 * The host's load, as it stands above the tables of such a tool (proc_loadavg(5)).
 *
 * @example
 * ```ts
 * import { loadAverages } from "@denobpf/denobpf/tool";
 * import { assert } from "@std/assert";
 *
 * assert(loadAverages().startsWith("loadavg: "));
 * ```
 */
export function loadAverages(): string {
  return `loadavg: ${tryReadTextFile("/proc/loadavg")?.trim() ?? "-"}`;
}
