/** Functions of the kernel that every kernel has, for probes of programs that need one. */
import { cString } from "../../sys/libc.ts";
import { symbolGroup } from "../../sys/library.ts";
import { libbpf } from "../../libbpf/library.ts";
import { withLog } from "../../libbpf/log.ts";

const lookup = symbolGroup(libbpf, {
  // int libbpf_find_vmlinux_btf_id(const char *name, enum bpf_attach_type attach_type)
  libbpf_find_vmlinux_btf_id: { parameters: ["buffer", "u32"], result: "i32" },
});

/** For each: `enum bpf_attach_type`, and a function that is of no use and hurts nobody. */
const TARGETS = {
  tp_btf: { attachType: 23, name: "sched_process_exit" },
  fentry: { attachType: 24, name: "bpf_fentry_test1" },
  fexit: { attachType: 25, name: "bpf_fentry_test1" },
  // The kernel lets every function of its security hooks be modified, and few others.
  fmod_ret: { attachType: 26, name: "security_file_mprotect" },
  lsm: { attachType: 27, name: "file_mprotect" },
  iter: { attachType: 28, name: "task" },
  lsm_cgroup: { attachType: 43, name: "socket_bind" },
} as const;

const known = new Map<string, number>();

/** What to attach a program of this kind to; undefined where the kernel's BTF has no such function. */
export function kernelFunction(
  kind: keyof typeof TARGETS,
): { attachType: number; btfId: number } | undefined {
  const { attachType, name } = TARGETS[kind];
  let btfId = known.get(kind);
  if (btfId === undefined) {
    const find = lookup().libbpf_find_vmlinux_btf_id;
    btfId = withLog(() => find(cString(name), attachType)).result;
    known.set(kind, btfId);
  }
  return btfId > 0 ? { attachType, btfId } : undefined;
}
