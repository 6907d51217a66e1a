/** Lines as runqlen and cpuunclaimed of others have them. */
import type { RunQueueLength } from "./members.ts";

/** The line above a histogram, as the C tool has it: `cpu = 1`. */
export function heading({ node, cpu, class: name }: RunQueueLength): string {
  return Object.entries({ node, cpu, class: name })
    .filter(([, value]) => value !== undefined)
    .map(([what, value]) => `${what} = ${value}`)
    .join(", ");
}

const percent = (value: number, width = 0) => `${value.toFixed(2).padStart(width)}%`;

/** How often tasks waited: `runqocc, CPU 1    12.50%`. */
export function occupancyLine({ node, cpu, class: name, occupancy }: RunQueueLength): string {
  const parts = [
    node !== undefined && `node ${String(node).padEnd(3)}`,
    cpu !== undefined && `CPU ${String(cpu).padEnd(3)}`,
    name?.padEnd(8),
  ].filter(Boolean);
  return parts.length > 0
    ? `runqocc, ${parts.join(", ")} ${percent(occupancy, 7)}\n`
    : `runqocc: ${percent(occupancy)}\n`;
}

/** What CPUs do, and what they could: `%CPU  83.00%, unclaimed idle 0.12%, bound idle 3.00%`. */
export function unclaimedLine(row: RunQueueLength): string {
  const { node, cpu_percent, unclaimed_percent, bound_percent } = row;
  const parts = [
    `%CPU ${percent(cpu_percent!, 7)}`,
    `unclaimed idle ${percent(unclaimed_percent!)}`,
    `bound idle ${percent(bound_percent!)}`,
  ];
  return `${node === undefined ? "" : `node ${node}: `}${parts.join(", ")}\n`;
}
