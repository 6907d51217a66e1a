#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * sslsniff: what programs send and receive by TLS, as it is before it is encrypted and after it is decrypted.
 *
 * As a command: `sudo tools/sslsniff.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = sslsniff({ comm: "curl" });
 * for await (const { kind, bytes, data } of trace) console.log(kind, bytes, data);
 * ```
 */
import { Sslsniff } from "#skel/sslsniff.ts";
import {
  flag,
  integer,
  list,
  mostThreads,
  option,
  ringTool,
  targetOptions,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { attachToLibraries, chooseCallPrograms, libraryFile } from "./sslsniff/libraries.ts";
import { derived, members, own } from "./sslsniff/members.ts";

export type { LibraryFile } from "./sslsniff/libraries.ts";
export type { TlsCall } from "./sslsniff/members.ts";

/** DATA_SIZE of the kernel half. */
const MOST_BYTES = 16_384;

export const { tool, start: sslsniff } = ringTool({
  name: "sslsniff",
  group: "network",
  brief: "Show what is sent and received by TLS. This has passwords in it!",
  examples: [
    ["sslsniff", "all that passes OpenSSL and GnuTLS"],
    ["sslsniff -p 181", "of process 181, also if its program has OpenSSL in itself"],
    ["sslsniff -c curl --hexdump", "of programs of this name, in hexadecimal"],
    ["sslsniff --handshake -l", "handshakes, too, and how long calls take"],
    ["sslsniff -g --max-buffer-size 0", "no GnuTLS; sizes alone"],
    ["sslsniff --extra-lib openssl:/opt/app/bin/server", "of this program, too"],
  ],
  options: {
    no_openssl: flag("", "Leave out OpenSSL"),
    no_gnutls: flag("g", "Leave out GnuTLS"),
    extra_lib: list(
      "",
      "TYPE:PATH,...",
      "Trace these files, too, which have openssl or gnutls in them",
      libraryFile,
    ),
    handshake: flag("", "Include handshakes"),
    extra: flag("x", "Include the user and the thread"),
    latency: flag("l", "Include how long calls take"),
    hexdump: flag("", "Show data in hexadecimal"),
    max_buffer_size: option(
      "",
      "SIZE",
      "Show at most SIZE bytes of a call",
      integer(0, MOST_BYTES),
      MOST_BYTES,
    ),
    ...withLetters(targetOptions, { comm: "c", cgroup: "" }),
  },
  members,
  derived,
  columns: ({ extra, latency, hexdump, max_buffer_size }) => [
    "func",
    "since_first",
    "comm",
    "pid",
    "bytes",
    extra && "uid",
    extra && "tid",
    latency && "latency_ns",
    max_buffer_size > 0 && (hexdump ? "hex" : "text"),
  ],
  own,
  open: () => Sslsniff.open(),
  prepare({ rodata, maps, progs }, { handshake, max_buffer_size }, shown) {
    const wanted = ["data", "base64", "lost_bytes", "text", "hex"].some((name) => shown.has(name));
    rodata.max_bytes = wanted ? max_buffer_size : 0;
    rodata.with_handshakes = handshake;
    rodata.with_cgroup = shown.has("cgroup") || shown.has("container");
    maps.calls.maxEntries = mostThreads();
    chooseCallPrograms(progs);
  },
  attach: ({ progs, maps }, { no_openssl, no_gnutls, extra_lib, handshake, pid }) =>
    attachToLibraries(progs, maps.execs, {
      libraries: [
        ...no_openssl ? [] : ["openssl" as const],
        ...no_gnutls ? [] : ["gnutls" as const],
      ],
      extra: extra_lib,
      pids: pid,
      handshakes: handshake,
    }),
});

if (import.meta.main) await toolMain(tool);
