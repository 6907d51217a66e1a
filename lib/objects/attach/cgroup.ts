import { cgroupOrders, cgroups, netNamespaces } from "../../libbpf/attach_symbols.ts";
import { EBADF } from "../../sys/errno.ts";
import { OpenFile } from "../../sys/file.ts";
import { BpfError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { laterLibbpf } from "./later_libbpf.ts";
import { type OrderOptions, orderStruct } from "./program_order.ts";

/** The types of programs that a cgroup takes. */
const CGROUP = [
  "cgroup_skb",
  "cgroup_sock",
  "cgroup_sock_addr",
  "cgroup_sockopt",
  "cgroup_device",
  "cgroup_sysctl",
  "sock_ops",
  "lsm",
] as const;

/**
 * Attaches a program to a cgroup (version 2): it sees the processes in it and below. Others that are
 * attached there stay, and run before it.
 *
 * @example
 * ```ts
 * import { attachCgroup, BpfObject } from "@denobpf/denobpf";
 *
 * const [, root] = /^\S+ (\S+) cgroup2 /m.exec(Deno.readTextFileSync("/proc/mounts"))!;
 * using object = BpfObject.open("build/tests/attach_network.bpf.o");
 * object.load();
 * using link = attachCgroup(object.program("on_socket_create"), root);
 * ```
 *
 * @param path the cgroup's directory
 * @param order to run before others; Linux 6.17 and libbpf 1.6
 * @throws {SystemError} if it cannot be opened; {BpfError} EBADF if it is no cgroup of version 2;
 *   {UnsupportedError} for an order with an earlier libbpf
 */
export function attachCgroup(program: Attachable, path: string, order?: OrderOptions): Link {
  using cgroup = OpenFile.open(path);
  const hook = `cgroup ${path}`;
  const way = {
    takes: CGROUP,
    fault: (operation: string, errno: number) =>
      errno === EBADF
        ? new BpfError(operation, errno, undefined, `${path} is no cgroup of version 2`)
        : undefined,
  };
  if (order === undefined) {
    const { bpf_program__attach_cgroup } = cgroups();
    return program.attachTo(
      hook,
      (pointer) => bpf_program__attach_cgroup(pointer, cgroup.fd),
      way,
    );
  }
  const symbol = cgroupOrders().bpf_program__attach_cgroup_opts;
  const attach = laterLibbpf(symbol, `attach ${program.name} to ${hook} in an order`, "1.6");
  const struct = orderStruct(order);
  return program.attachTo(hook, (pointer) => attach(pointer, cgroup.fd, struct.bytes), way);
}

/**
 * Attaches a program of `sk_lookup` or `flow_dissector` to a network namespace.
 *
 * @example
 * ```ts
 * import { attachNetns, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/tests/attach_network.bpf.o");
 * object.load();
 * using link = attachNetns(object.program("on_lookup"), `/proc/${Deno.pid}/ns/net`);
 * ```
 *
 * @param path the namespace's file; by default this process's
 * @throws {SystemError} if it cannot be opened; {BpfError}
 */
export function attachNetns(program: Attachable, path = "/proc/self/ns/net"): Link {
  using namespace = OpenFile.open(path);
  const { bpf_program__attach_netns } = netNamespaces();
  return program.attachTo(
    `the network namespace ${path}`,
    (pointer) => bpf_program__attach_netns(pointer, namespace.fd),
    { takes: ["sk_lookup", "flow_dissector"] },
  );
}
