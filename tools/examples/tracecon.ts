#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tracecon: TCP connections, with the name of the host where one was looked up: programs in libc and in
 * the kernel that share maps.
 */
import { lookup, Tracecon } from "#skel/examples/tracecon.ts";
import { attachUprobe } from "#lib/objects/attach/uprobe.ts";
import {
  integer,
  type LazyOf,
  membersOf,
  option,
  ringTool,
  text,
  toolMain,
} from "#lib/tool/mod.ts";

const member = membersOf(lookup);

/** A connection. */
const members = {
  ip: member.text(
    { brief: "The address" },
    (r) => new Uint8Array(Uint32Array.of(r.ip).buffer).join("."), // as it lies in memory
  ),
  hostname: member.text({ brief: "The name that was looked up" }, (r) => r.hostname || undefined),
};

const table = membersOf<LazyOf<typeof members>>();

export const { tool, start: tracecon } = ringTool({
  name: "tracecon",
  brief: "Show TCP connections over IPv4 as they are opened, with the name that was looked up",
  examples: [["tracecon", "those of all processes"], ["tracecon -p 1234", "those of one"]],
  options: {
    pid: option("p", "PID", "Trace this process only", integer(1, 4_194_304)),
    glibc: option("g", "FILE", "The C library that programs call", text, "libc.so.6"),
  },
  members,
  derived: {
    event: table.text(
      { brief: "The name, or else the address", header: "CONNECTIONS" },
      ({ ip, hostname }) => hostname ? `host event: ${hostname}` : `ip event: ${ip}`,
    ),
  },
  columns: () => ["event"],
  open: () => Tracecon.open(),
  prepare({ rodata }, { pid }) {
    if (pid !== undefined) rodata.target_pid = pid;
  },
  attach({ links, progs }, { pid, glibc }) {
    for (const name of ["getaddrinfo_enter", "getaddrinfo_exit"] as const) {
      links[name] = attachUprobe(progs[name], glibc, "getaddrinfo", { pid });
    }
  },
});

if (import.meta.main) await toolMain(tool);
