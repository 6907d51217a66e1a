/**
 * What the kernel under test offers, told by its own files and by bpftool, never by denobpf: a test
 * is skipped because the kernel lacks something, not because the library fails to find it.
 */

const probes = {
  btf: () => exists("/sys/kernel/btf/vmlinux"),
  kprobe: () => exists("/sys/bus/event_source/devices/kprobe"),
  pid_namespace: () => exists("/proc/self/ns/pid"),
  tracefs: () => /\ttracefs$/m.test(Deno.readTextFileSync("/proc/filesystems")),
  uprobe: () => exists("/sys/bus/event_source/devices/uprobe"),
};

/** A part of the kernel that a test may need. */
export type Feature = keyof typeof probes;

/** Why a test with these needs cannot run here; `fault` when it is this run's fault, not the kernel's. */
export interface Obstacle {
  reason: string;
  fault: boolean;
}

/** The first thing that stands in the way of a kernel test, if any does. */
export function findObstacle(needs: readonly Feature[]): Obstacle | undefined {
  if (!exists("/proc/sys/kernel/unprivileged_bpf_disabled")) {
    return { reason: "the kernel has no BPF", fault: false };
  }
  if (Deno.uid() !== 0) return { reason: "not root", fault: true };
  if (!bpfAllowed()) return { reason: "the bpf system call is refused", fault: true };
  const lacking = needs.filter((feature) => !probes[feature]());
  if (lacking.length === 0) return undefined;
  return { reason: `the kernel lacks ${lacking.join(", ")}`, fault: false };
}

let allowed: boolean | undefined;
function bpfAllowed(): boolean {
  allowed ??= new Deno.Command("bpftool", {
    args: ["prog", "list"],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    stdout: "null",
    stderr: "null",
  }).outputSync().success;
  return allowed;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
