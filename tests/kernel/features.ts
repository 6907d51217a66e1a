/**
 * What the kernel under test offers, as its own files and bpftool show, never denobpf: a test
 * is skipped because the kernel lacks something, not because the library fails to find it.
 *
 * A kernel may lack a feature by its configuration, or because it is older than `since`, the first Linux
 * that has it, or as young as `until`, the first one that has it no more. Stock kernels have everything:
 * there tests/vm takes every other skip as a failure.
 */
import { exists } from "../exists.ts";

interface Probe {
  readonly since: string;
  readonly until?: string;
  readonly present: () => boolean;
}

const URING_COMPLETE = "/sys/kernel/tracing/events/io_uring/io_uring_complete";
const KPROBES = "/sys/bus/event_source/devices/kprobe";

const probes = {
  arena: { since: "6.9", present: () => inBtf("BPF_MAP_TYPE_ARENA") },
  attach_cookie: { since: "5.15", present: () => inBtf("BPF_FUNC_get_attach_cookie") },
  bloom_filter: { since: "5.16", present: () => inBtf("BPF_MAP_TYPE_BLOOM_FILTER") },
  bpf_loop: { since: "5.17", present: () => inBtf("BPF_FUNC_loop") },
  btf: { since: "5.4", present: () => exists("/sys/kernel/btf/vmlinux") },
  cgrp_storage: { since: "6.2", present: () => inBtf("BPF_MAP_TYPE_CGRP_STORAGE") },
  cgroup_iter: { since: "6.1", present: () => inBtf("bpf_iter__cgroup") },
  cgroup_order: { since: "6.17", present: () => inBtf("revisions") },
  /** A second CPU that can be taken away. Linux panics under QEMU from 7.0 on when it has two. */
  cpu_hotplug: {
    since: "2.6",
    until: "7.0",
    present: () => exists("/sys/devices/system/cpu/cpu1/online"),
  },
  /** A machine of which nothing is left after the tests: one of tests/vm. */
  disposable: { since: "0", present: () => Deno.env.get("DENOBPF_DISPOSABLE") === "true" },
  // A kernel that is hardened by leaving out kprobes refuses these kinds of programs as well.
  fentry: { since: "5.5", present: () => exists(KPROBES) },
  inode_storage: {
    since: "5.10",
    present: () => inBtf("bpf_lsm_file_open") && /^$|\bbpf\b/.test(activeSecurityModules()),
  },
  freplace: { since: "5.6", present: () => exists(KPROBES) },
  // Hardened kernels refuse it, and no file says so.
  iter_elem: { since: "5.9", present: () => bpftoolLoads("attach_iter_elem") },
  iter_task_pid: { since: "6.1", present: () => inBtf("BPF_TASK_ITER_TGID") },
  /** Sockets bound and made to listen by io_uring. */
  io_uring_bind: { since: "6.11", present: () => inBtf("io_bind") },
  /** The request of io_uring that has ended, at its tracepoint, for programs whose maps are not preallocated. */
  io_uring_request: {
    since: "6.1",
    present: () => exists(URING_COMPLETE) && !isOlder(release(), "6.1"),
  },
  kprobe: { since: "4.17", present: () => exists(KPROBES) },
  // From 5.18 on, but Debian has built it in only later.
  kprobe_multi: { since: "6.12", present: () => inBtf("register_fprobe_ips") },
  kprobe_session: {
    since: "6.12",
    present: () => inBtf("register_fprobe_ips") && inBtf("BPF_TRACE_KPROBE_SESSION"),
  },
  lockdown: { since: "5.4", present: () => exists("/sys/kernel/security/lockdown") },
  lsm: {
    since: "5.7",
    present: () => exists(KPROBES) && /\bbpf\b/.test(activeSecurityModules()),
  },
  /** Memory is limited by cgroups of version 2, which can be killed as a group. */
  memory_groups: {
    since: "4.19",
    present: () => /\bmemory\b/.test(readIfThere("/sys/fs/cgroup/cgroup.controllers")),
  },
  /** Maps and programs count against RLIMIT_MEMLOCK; a memory cgroup's matter later. */
  memlock_charged: { since: "0", until: "5.11", present: () => isOlder(release(), "5.11") },
  /** Software RAID that mirrors. */
  mirrors: { since: "2.6", present: () => exists("/sys/module/raid1") },
  netkit: { since: "6.7", present: () => inBtf("netkit_prog_attach") },
  netfilter_link: { since: "6.4", present: () => inBtf("bpf_nf_link_attach") },
  pid_namespace: { since: "3.8", present: () => exists("/proc/self/ns/pid") },
  /** A task can lose the CPU in the middle of a tracepoint. */
  preemptible_tracepoints: { since: "7.0", present: () => !isOlder(release(), "7.0") },
  raw_tracepoint_cookie: {
    since: "6.10",
    present: () => inBtf("bpf_get_attach_cookie_tracing") && !isOlder(release(), "6.10"),
  },
  syscall_programs: { since: "5.14", present: () => inBtf("BPF_PROG_TYPE_SYSCALL") },
  /** Programs find the run queues of all CPUs by the kernel's name for them. */
  run_queues: {
    since: "6.1",
    present: () =>
      inBtf("runqueues") && / runqueues$/m.test(Deno.readTextFileSync("/proc/kallsyms")),
  },
  struct_ops: { since: "5.6", present: () => inBtf("bpf_struct_ops_tcp_congestion_ops") },
  task_storage: { since: "5.12", present: () => inBtf("BPF_MAP_TYPE_TASK_STORAGE") },
  tcx: { since: "6.6", present: () => inBtf("BPF_TCX_INGRESS") },
  time_namespace: { since: "5.6", present: () => exists("/proc/self/ns/time") },
  trace_cookie: { since: "6.0", present: () => inBtf("bpf_get_attach_cookie_tracing") },
  tracefs: {
    since: "4.1",
    present: () => /\ttracefs$/m.test(Deno.readTextFileSync("/proc/filesystems")),
  },
  uprobe: { since: "4.17", present: () => exists("/sys/bus/event_source/devices/uprobe") },
  uprobe_multi: { since: "6.6", present: () => inBtf("BPF_TRACE_UPROBE_MULTI") },
  uprobe_session: { since: "6.13", present: () => inBtf("BPF_TRACE_UPROBE_SESSION") },
  user_ringbuf: { since: "6.1", present: () => inBtf("BPF_FUNC_user_ringbuf_drain") },
  veth: { since: "2.6.24", present: () => makesLink("veth") },
} as const satisfies Record<string, Probe>;

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
  const lacking = needs.filter((feature) => !hasFeature(feature));
  if (lacking.length === 0) return undefined;
  return { reason: LACKS + lacking.join(", "), fault: false };
}

const LACKS = "the kernel lacks ";

/** The features that an obstacle's reason names; none when it is of another kind. */
export function lackingFeatures(reason: string): Feature[] {
  if (!reason.startsWith(LACKS)) return [];
  return reason.slice(LACKS.length).split(", ") as Feature[];
}

export function hasFeature(feature: Feature): boolean {
  return probes[feature].present();
}

/** The features that the kernel of this machine lacks. */
export function lackedHere(): Feature[] {
  return (Object.keys(probes) as Feature[]).filter((feature) => !hasFeature(feature));
}

/**
 * Why Linux `version` lacks the feature, as far as its age decides: "bpf_loop came with Linux 5.17"; undefined
 * if it should have it.
 */
export function excuse(feature: Feature, version: string): string | undefined {
  const { since, until }: Probe = probes[feature];
  if (isOlder(version, since)) return `${feature} came with Linux ${since}`;
  if (until && !isOlder(version, until)) return `${feature} went with Linux ${until}`;
}

/** Whether Linux `version` comes before Linux `other`: "5.4" before "5.10", "6.12.3" not before "6.12". */
function isOlder(version: string, other: string): boolean {
  const [[major, minor], [otherMajor, otherMinor = 0]] = [version, other].map((text) =>
    text.split(".").map((part) => parseInt(part))
  );
  return major < otherMajor || major === otherMajor && minor < otherMinor;
}

/** Whether there are network devices of this type, in a network that ends at once. */
function makesLink(type: string): boolean {
  return new Deno.Command("unshare", {
    args: ["--net", "ip", "link", "add", "type", type],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
    stderr: "null",
  }).outputSync().success;
}

function release(): string {
  return Deno.readTextFileSync("/proc/sys/kernel/osrelease");
}

let allowed: boolean | undefined;
function bpfAllowed(): boolean {
  return allowed ??= bpftool("prog", "list");
}

/** Whether bpftool loads a fixture; it has to pin what it loads. */
function bpftoolLoads(fixture: string): boolean {
  let loads = loaded.get(fixture);
  if (loads === undefined) {
    const object = new URL(`../../build/tests/${fixture}.bpf.o`, import.meta.url).pathname;
    const pin = `/sys/fs/bpf/denobpf-${crypto.randomUUID()}`;
    loaded.set(fixture, loads = bpftool("prog", "load", object, pin));
    if (loads) Deno.removeSync(pin);
  }
  return loads;
}
const loaded = new Map<string, boolean>();

function bpftool(...args: string[]): boolean {
  return new Deno.Command("bpftool", {
    args,
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    stdout: "null",
    stderr: "null",
  }).outputSync().success;
}

/** Whether the kernel's BTF has the name: its enum of BPF helpers has one for each. */
function inBtf(name: string): boolean {
  btf ??= new TextDecoder("latin1").decode(Deno.readFileSync("/sys/kernel/btf/vmlinux"));
  return btf.includes(`\0${name}\0`);
}
let btf: string | undefined;

function activeSecurityModules(): string {
  return readIfThere("/sys/kernel/security/lsm");
}

function readIfThere(path: string): string {
  return exists(path) ? Deno.readTextFileSync(path) : "";
}
