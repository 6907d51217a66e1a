/** The sockets that are open when a tool starts. */
import { attachIter } from "#lib/objects/attach/iter.ts";
import type { Attachable } from "#lib/objects/program.ts";

/** Runs `seed_socks` of bpf/include/tcp_socks.h over the open files of all processes, once. */
export function seedSocks(
  { progs }: { readonly progs: { readonly seed_socks: Attachable } },
): void {
  using files = attachIter(progs.seed_socks);
  files.read();
}
