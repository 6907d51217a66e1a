import { cgroups, netNamespaces } from "../../libbpf/attach_symbols.ts";
import { OpenFile } from "../../sys/file.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";

/**
 * Attaches a program to a cgroup (version 2): it sees the processes in it and below.
 *
 * @example
 * ```ts ignore
 * const link = attachCgroup(skel.progs.on_connect, "/sys/fs/cgroup/web.slice");
 * ```
 *
 * @param path the cgroup's directory
 * @throws {SystemError} if it cannot be opened; {BpfError} EBADF if it is no cgroup of version 2
 */
export function attachCgroup(program: Attachable, path: string): Link {
  using cgroup = OpenFile.open(path);
  const { bpf_program__attach_cgroup } = cgroups();
  return program.attachTo(
    `cgroup ${path}`,
    (pointer) => bpf_program__attach_cgroup(pointer, cgroup.fd),
  );
}

/**
 * Attaches a program of `sk_lookup` or `flow_dissector` to a network namespace.
 *
 * @example
 * ```ts ignore
 * const link = attachNetns(skel.progs.steer, "/proc/1234/ns/net");
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
  );
}
