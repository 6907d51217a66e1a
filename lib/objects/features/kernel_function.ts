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

/**
 * Whether the kernel's BTF has this function: none that the compiler has made part of its callers, or
 * has changed the parameters of.
 */
export function hasKernelFunction(name: string): boolean {
  return btfIdOf(name, TARGETS.fentry.attachType) > 0;
}

/** What to attach a program of this kind to; undefined where the kernel's BTF has no such function. */
export function kernelFunction(
  kind: keyof typeof TARGETS,
): { attachType: number; btfId: number } | undefined {
  const { attachType, name } = TARGETS[kind];
  let btfId = known.get(kind);
  if (btfId === undefined) {
    btfId = btfIdOf(name, attachType);
    known.set(kind, btfId);
  }
  return btfId > 0 ? { attachType, btfId } : undefined;
}

/** The id of what is attached to, or a negated errno. */
function btfIdOf(name: string, attachType: number): number {
  const find = lookup().libbpf_find_vmlinux_btf_id;
  return withLog(() => find(cString(name), attachType)).result;
}
