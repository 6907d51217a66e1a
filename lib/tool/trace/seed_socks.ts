/** The sockets that are open when a tool starts. */
import type { Attachable } from "../../objects/program.ts";
import { runIterator } from "./run_iterator.ts";

/**
 * Runs `seed_socks` of bpf/include/tcp_socks.h over the open files of all processes, once.
 *
 * @example
 * ```ts
 * import { Tcplife } from "#skel/tcplife.ts";
 * import { seedSocks } from "@denobpf/denobpf/tool";
 *
 * using opened = Tcplife.open();
 * opened.progs.seed_socks.autoattach = false;
 * seedSocks(opened.load());
 * ```
 *
 * @throws {BpfError} the iterator cannot be attached or read
 */
export function seedSocks(
  { progs }: { readonly progs: { readonly seed_socks: Attachable } },
): void {
  runIterator(progs.seed_socks);
}
