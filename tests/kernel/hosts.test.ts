/** Hosts that cannot run a tool, or only just. */

import { assertEquals } from "@std/assert";
import { kernelTest, startCommand } from "./harness.ts";
import { type Host, testHost, TOOLS } from "./hosts.ts";

/** `__NR_bpf` of asm/unistd_64.h and asm-generic/unistd.h. */
const NR_BPF = Deno.build.arch === "aarch64" ? 280 : 321;

const hosts: Host[] = [
  {
    name: "a plain user",
    // The checkout may be closed to others.
    host: `setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+dac_read_search ` +
      `--ambient-caps=-all,+dac_read_search "$@"`,
    code: 77,
    words: ["Operation not permitted (EPERM)", "run it as root (sudo)", "CAP_BPF"],
  },
  {
    name: "a root without capabilities",
    host: `setpriv --bounding-set=-all --inh-caps=-all "$@"`,
    code: 77,
    words: ["Operation not permitted (EPERM)", "this root lacks capabilities"],
  },
  {
    name: "the root of a user namespace",
    host: `unshare --user --map-root-user "$@"`,
    code: 77,
    words: ["(EPERM)", "this is root of a user namespace alone", "it must be root of the host"],
  },
  ...[1, 38].map((errno) => ({ // EPERM, as Docker's filter answers; ENOSYS
    name: `a host whose seccomp filter answers bpf(2) with ${errno}`,
    host: `build/tests/forbid ${errno} ${NR_BPF} "$@"`,
    code: 77,
    words: ["a seccomp filter forbids bpf(2) to this process", "--security-opt seccomp="],
  })),
  {
    name: "a kernel without BTF",
    needs: ["btf"],
    host: `unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh "$@"`,
    code: 69,
    words: ["BTF", "CONFIG_DEBUG_INFO_BTF"],
  },
  {
    name: "a limit on locked memory that does not hold the maps",
    needs: ["memlock_charged"],
    host: `setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource sh -c ` +
      `'ulimit -l 64 && exec "$@"' sh "$@"`,
    code: 77,
    words: ["ulimit -l"],
  },
];

for (const host of hosts) testHost(host);

kernelTest("without tracefs the tools run all the same", { needs: ["tracefs"] }, async () => {
  const host = `unshare -m sh -c 'umount -a -t tracefs; exec "$@"' sh "$@"`;
  const deno = [Deno.execPath(), "run", "--cached-only", "--allow-ffi", "--allow-read"];
  for (const tool of TOOLS) {
    const command = [...deno, `tools/${tool}.ts`, "--seconds", "0"];
    const { code, stderr } = await startCommand(["sh", "-c", host, "sh", ...command]).finish();
    assertEquals([code, stderr], [0, ""]);
  }
});
