import { NATIVE_ABI, syscallNumbers } from "#lib/sys/syscalls.ts";
import type { Scenario } from "../../kernel/scenario.ts";
import { ofTest } from "../../kernel/trace_pipe.ts";

const libc = Deno.dlopen("libc.so.6", {
  // long syscall(long number, ...): bpf(int cmd, union bpf_attr *attr, unsigned int size)
  syscall: { parameters: ["i64", "i32", "buffer", "u32"], result: "i64" },
});

/** BPF_PROG_GET_NEXT_ID of include/uapi/linux/bpf.h: asks for something, and changes nothing. */
const BPF_PROG_GET_NEXT_ID = 11;

function callBpf(): void {
  const [number] = syscallNumbers(NATIVE_ABI, "bpf");
  const attr = new Uint8Array(128);
  libc.symbols.syscall(BigInt(number), BPF_PROG_GET_NEXT_ID, attr, attr.length);
}

export const scenario: Scenario = {
  needs: ["lsm", "tracefs"],
  alone: "trace_pipe",
  workload() {
    for (let i = 0; i < 23; i++) callBpf();
  },
  event: ofTest(`LSM: block bpf\\(\\) worked`),
  count: 23,
};
