/** All rows, in the order of docs/performance.md. */
import type { Row } from "./row.ts";
import { execs, lone } from "./rows/execs.ts";
import { hooks, readers } from "./rows/hooks.ts";
import { idle } from "./rows/idle.ts";
import { memory, programs } from "./rows/kernel.ts";
import { lines } from "./rows/lines.ts";
import { latency, live } from "./rows/live.ts";
import { maps } from "./rows/maps.ts";
import { resident } from "./rows/resident.ts";
import { ring } from "./rows/ring.ts";
import { rates, threads, tools } from "./rows/scale.ts";
import { exit, start } from "./rows/start.ts";
import { syscalls } from "./rows/syscalls.ts";

export const rows: readonly Row[] = [
  start,
  exit,
  ring,
  lines,
  live,
  latency,
  execs,
  lone,
  syscalls,
  maps,
  memory,
  programs,
  hooks,
  readers,
  resident,
  idle,
  tools,
  rates,
  threads,
];
