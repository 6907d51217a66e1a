#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * sockets: which sockets there are, and whose they are.
 *
 * As a command: `sudo tools/sockets.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = sockets({ tcp: true, listening: true });
 * for await (const { comm, lport } of trace) console.log(comm, lport);
 * ```
 */
import { Sockets } from "#skel/sockets.ts";
import {
  countTool,
  flag,
  isTargeted,
  socketOptions,
  targetOptions,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { hasIterator } from "#lib/tool/functions.ts";
import { isChosen } from "./sockets/choice.ts";
import { derived, members } from "./sockets/members.ts";
import { Snapshot, WALKS } from "./sockets/snapshot.ts";

export type { SocketRow } from "./sockets/members.ts";

/** `enum sock_kind` of bpf/sockets.bpf.c. */
const KINDS = { tcp: 1, udp: 2, unix: 4, raw: 8, packet: 16, netlink: 32 } as const;
type Kind = keyof typeof KINDS;

/** The kinds that a user names; none for all. */
function kindsOf(options: Readonly<Record<Kind, boolean>>): Kind[] {
  return (Object.keys(KINDS) as Kind[]).filter((kind) => options[kind]);
}

export const { tool, start: sockets } = countTool({
  name: "sockets",
  group: "network",
  brief: "Show the sockets of all processes, containers and network namespaces",
  examples: [
    ["sockets", "all of them"],
    ["sockets -tul", "those of TCP and UDP that wait for others"],
    ["sockets -e", "include queues, users, inodes and namespaces"],
    ["sockets -p 181", "only those of process 181"],
    ["sockets --container web", "only those of a container"],
    ["sockets --sort -recv_queue_bytes", "those first whose processes do not read"],
    ["sockets -o json --filter state==CLOSE_WAIT", "those that should have been closed"],
  ],
  options: {
    tcp: flag("t", "Show TCP, MPTCP included; these options add up"),
    udp: flag("u", "Show UDP"),
    unix: flag("x", "Show Unix sockets"),
    raw: flag("w", "Show raw sockets"),
    packet: flag("0", "Show packet sockets"),
    netlink: flag("", "Show netlink sockets"),
    listening: flag("l", "Show those only that wait for others"),
    extended: flag("e", "Include queues, user, inode and network namespace"),
    ...socketOptions,
    ...withLetters(targetOptions, { uid: "" }),
  },
  members,
  derived,
  columns: ({ extended, ipv4, ipv6 }) => [
    "pid",
    "comm",
    "proto",
    "state",
    ...extended ? ["recvq", "sendq", "uid", "inode", "netns"] as const : [],
    ...ipv6 && !ipv4 ? ["local6", "remote6"] as const : ["local", "remote"] as const,
  ],
  runs_on: () => true,
  at_once: true,
  order: () => "pid",
  open: () => Sockets.open(),
  prepare({ rodata, progs }, { netns, ...options }) {
    for (const kind of kindsOf(options)) rodata.targ_kinds |= KINDS[kind];
    if (netns !== undefined) rodata.targ_netns = netns;
    for (const program of Object.values(progs)) program.autoattach = false;
    for (const { iterator, program } of WALKS) progs[program].autoload = hasIterator(iterator);
  },
  counter(skeleton, options) {
    const kinds = kindsOf(options);
    const targeted = isTargeted(options);
    return new Snapshot(skeleton, {
      netns: options.netns,
      walks: WALKS.filter(({ kind, rare }) => kinds.includes(kind) || kinds.length === 0 && !rare),
      isWanted: (found) => isChosen(found, options) && (!targeted || found.owner?.target === true),
    });
  },
});

if (import.meta.main) await toolMain(tool);
