import type { FlameUnit } from "./flame_tree.ts";

/** What was measured, for people: `1.234 ms`, `4096 bytes`, `17 samples`. */
export function measuredText(value: number, unit: FlameUnit): string {
  if (unit !== "nanoseconds") return `${value} ${unit}`;
  if (value < 1e3) return `${value} ns`;
  if (value < 1e6) return `${(value / 1e3).toFixed(3)} us`;
  if (value < 1e9) return `${(value / 1e6).toFixed(3)} ms`;
  return `${(value / 1e9).toFixed(3)} s`;
}
