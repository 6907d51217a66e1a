import { netkits, tcxs } from "../../libbpf/attach_symbols.ts";
import { EACCES, ENXIO } from "../../sys/errno.ts";
import { interfaceIndex } from "../../sys/network.ts";
import { BpfError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { laterLibbpf } from "./later_libbpf.ts";
import { type OrderOptions, orderStruct } from "./program_order.ts";

/**
 * Attaches a program of a section `tcx/ingress` or `tcx/egress` to a network interface; Linux 6.6 and
 * libbpf 1.3. Before that: {@link attachTc}.
 *
 * @example
 * ```ts
 * import { attachTcx, BpfObject, hasAttachKind, libbpfVersion } from "@denobpf/denobpf";
 *
 * if (hasAttachKind("tcx") && libbpfVersion().minor >= 3) {
 *   using object = BpfObject.open("build/examples/tc.bpf.o");
 *   const program = object.program("tc_ingress");
 *   program.attachType = "tcx_ingress"; // its section says tc
 *   object.load();
 *   attachTcx(program, "lo", { before: "all" });
 * }
 * ```
 *
 * @param device name or number of the interface
 * @throws {UnsupportedError} with an earlier libbpf; {BpfError}
 */
export function attachTcx(
  program: Attachable,
  device: string | number,
  options: OrderOptions = {},
): Link {
  const { bpf_program__attach_tcx } = tcxs();
  return attachTo(program, `tcx of ${device}`, bpf_program__attach_tcx, device, options);
}

/**
 * Attaches a program of a section `netkit/primary` or `netkit/peer` to a netkit device, from the host's
 * side; Linux 6.7 and libbpf 1.3.
 *
 * @example
 * ```ts
 * import { attachNetkit, BpfObject, libbpfVersion } from "@denobpf/denobpf";
 *
 * // made by `ip link add nk-web type netkit`
 * const present = [...Deno.readDirSync("/sys/class/net")].some(({ name }) => name === "nk-web");
 * if (present && libbpfVersion().minor >= 3) {
 *   using object = BpfObject.open("build/examples/tc.bpf.o");
 *   const program = object.program("tc_ingress");
 *   program.attachType = "netkit_primary"; // its section says tc
 *   object.load();
 *   attachNetkit(program, "nk-web");
 * }
 * ```
 *
 * @param device name or number of the primary device
 * @throws {UnsupportedError} with an earlier libbpf; {BpfError}
 */
export function attachNetkit(
  program: Attachable,
  device: string | number,
  options: OrderOptions = {},
): Link {
  const { bpf_program__attach_netkit } = netkits();
  return attachTo(
    program,
    `netkit of ${device}`,
    bpf_program__attach_netkit,
    device,
    options,
    (operation, errno) => netkitFault(operation, errno, device),
  );
}

/** What netkit_dev_fetch() of drivers/net/netkit.c refuses a device for. */
function netkitFault(operation: string, errno: number, device: string | number) {
  switch (errno) {
    case ENXIO:
      return new BpfError(operation, errno, undefined, `${device} is no netkit device`);
    case EACCES: {
      const hint = "attach to the primary device, programs of type netkit_peer too";
      return new BpfError(operation, errno, hint, `${device} is the peer of its pair`);
    }
  }
}

function attachTo(
  program: Attachable,
  hook: string,
  symbol: ReturnType<typeof tcxs>["bpf_program__attach_tcx"],
  device: string | number,
  options: OrderOptions,
  fault?: (operation: string, errno: number) => BpfError | undefined,
): Link {
  const attach = laterLibbpf(symbol, `attach ${program.name} to ${hook}`, "1.3");
  const index = interfaceIndex(device);
  const struct = orderStruct(options);
  return program.attachTo(hook, (pointer) => attach(pointer, index, struct.bytes), {
    takes: ["sched_cls"],
    fault,
  });
}
