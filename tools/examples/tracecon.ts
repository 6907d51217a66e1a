#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tracecon: TCP connections, with the name of the host where one was looked up: programs in libc and in
 * the kernel that share maps.
 */
import { Tracecon } from "#skel/examples/tracecon.ts";
import { attachUprobe } from "#lib/objects/attach/uprobe.ts";
import { loadSkeleton } from "#lib/tool/load.ts";
import {
  integer,
  option,
  type OptionsOf,
  RingTrace,
  text,
  type Tool,
  toolMain,
  type Trace,
  type TraceOptions,
  withDefaults,
} from "#lib/tool/mod.ts";

const options = {
  pid: option("p", "PID", "Trace this process only", integer(1, 4_194_304)),
  glibc: option("g", "FILE", "The C library that programs call", text, "libc.so.6"),
};
type Options = OptionsOf<typeof options>;

/** A connection. */
interface Connection {
  readonly ip: string;
  /** The name that was looked up before, if one was. */
  readonly hostname?: string;
}

export const tool: Tool<Options, Connection> = {
  name: "tracecon",
  brief: "Show TCP connections over IPv4 as they are opened, with the name that was looked up",
  options,
  examples: [["tracecon", "those of all processes"], ["tracecon -p 1234", "those of one"]],
  fields: {
    ip: { type: "text", brief: "The address", value: (e) => e.ip },
    hostname: { type: "text", brief: "The name that was looked up", value: (e) => e.hostname },
    event: {
      type: "text",
      header: "CONNECTIONS",
      only: "table",
      brief: "The name, or else the address",
      value: ({ ip, hostname }) => hostname ? `host event: ${hostname}` : `ip event: ${ip}`,
    },
  },
  columns: () => ["event"],
  trace: tracecon,
};

/** Starts tracing: the programs are attached when this returns. */
export function tracecon(given: TraceOptions<Options> = {}): Trace<Connection> {
  const { pid, glibc } = withDefaults(options, given);
  const skeleton = loadSkeleton(Tracecon.open(), ({ rodata }) => {
    if (pid !== undefined) rodata.target_pid = pid;
  });
  const { links, maps, progs } = skeleton;
  return new RingTrace({
    skeleton,
    attach() {
      for (const name of ["getaddrinfo_enter", "getaddrinfo_exit"] as const) {
        links[name] = attachUprobe(progs[name], glibc, "getaddrinfo", { pid });
      }
    },
    ring: maps.events,
    event: ({ ip, hostname }) => ({
      ip: new Uint8Array(Uint32Array.of(ip).buffer).join("."), // as it lies in memory
      hostname: hostname || undefined,
    }),
    lost: () => BigInt(maps.events.lost),
    signal: given.signal,
  });
}

if (import.meta.main) await toolMain(tool);
