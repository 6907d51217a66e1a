import { oneOf } from "../../sys/nearest.ts";
import { interfaceIndex } from "../../sys/network.ts";
import type { Attachable } from "../program.ts";
import { createLink, type LinkByFd } from "./link_by_fd.ts";

/** How a program is attached to an interface's receive path. */
export interface XdpOptions {
  /**
   * `native` in the driver, `generic` in the network stack, `offload` on the card; by default native where
   * the driver can, else generic.
   */
  mode?: "native" | "generic" | "offload";
}

/** XDP_FLAGS_DRV_MODE and the others of include/uapi/linux/if_link.h. */
const MODES = { native: 1 << 2, generic: 1 << 1, offload: 1 << 3 } as const;

/** BPF_XDP of `enum bpf_attach_type`. */
const BPF_XDP = 37;

/**
 * Attaches a program to the receive path of a network interface: a link, so that nobody else replaces
 * it; Linux 5.9.
 *
 * @example
 * ```ts
 * import { attachXdp, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/xdp.bpf.o");
 * object.load();
 * using link = attachXdp(object.program("xdp_pass"), "lo", { mode: "generic" });
 * ```
 *
 * @param device name or number of the interface
 * @throws {SystemError} if there is no such interface; {BpfError} EBUSY if it has a program already
 */
export function attachXdp(
  program: Attachable,
  device: string | number,
  { mode }: XdpOptions = {},
): LinkByFd {
  const flags = mode === undefined ? 0 : oneOf(MODES, mode, "mode of xdp");
  return createLink(program, `xdp of ${device}`, interfaceIndex(device), BPF_XDP, ["xdp"], flags);
}
