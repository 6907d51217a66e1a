/** What libbpf has only from 1.3 or 1.4 on: with an earlier one each test asks for the error instead. */
import { assertEquals, assertThrows } from "@std/assert";
import { AttachEvents } from "../../build/tests/skel/attach_events.ts";
import { AttachKernel } from "../../build/tests/skel/attach_kernel.ts";
import { ProgTypes } from "../../build/tests/skel/prog_types.ts";
import {
  type Attachable,
  attachCgroup,
  attachKprobeMulti,
  attachNetfilter,
  attachNetkit,
  attachRawTracepoint,
  attachTcx,
  attachUprobeMulti,
  BpfError,
  libbpfVersion,
  linkInfo,
  UnsupportedError,
} from "#lib/mod.ts";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { SystemError } from "#lib/sys/errno.ts";
import { call } from "./call.ts";
import { Cgroup } from "./cgroup.ts";
import { type Feature, kernelTest } from "./harness.ts";
import { NetworkNamespace, run } from "./network_namespace.ts";
import { Probed } from "./probed.ts";

const LO = 1;

/** Registers a test that attaches by what libbpf has from 1.`minor` on. */
function laterTest(
  name: string,
  { needs, minor }: { needs: Feature[]; minor: number },
  attach: (program: Attachable) => unknown,
  test: () => void | Promise<void>,
): void {
  const { major, minor: own } = libbpfVersion();
  if (major > 1 || own >= minor) return kernelTest(name, { needs }, test);
  kernelTest(`${name}: libbpf 1.${minor} is asked for`, {}, () => {
    using skel = loadTyped("prog_tc");
    const feature = `libbpf 1.${minor} or later (its libbpf is 1.${own})`;
    const error = assertThrows(() => attach(skel.progs.prog_tc), UnsupportedError, feature);
    assertEquals(error.hint, "install a later libbpf1, or name one in DENOBPF_LIBBPF");
  });
}

laterTest(
  "tcx takes programs in an order",
  { needs: ["tcx"], minor: 3 },
  (program) => attachTcx(program, "lo"),
  () => {
    using _ = new NetworkNamespace();
    using skel = loadTyped("prog_tcx_ingress", "prog_tc_ingress");
    using first = attachTcx(skel.progs.prog_tcx_ingress, "lo");
    const info = linkInfo(first);
    assertEquals(info.type === "tcx" && [info.ifindex, info.attachType], [LO, "tcx_ingress"]);
    const { prog_tc_ingress } = skel.progs;
    const stale = { expectedRevision: 99n };
    const error = assertThrows(() => attachTcx(prog_tc_ingress, "lo", stale), BpfError);
    assertEquals(error.code, "ESTALE");
    attachTcx(prog_tc_ingress, "lo", { before: first, relativeToLink: true });
  },
);

laterTest(
  "netfilter takes a program at a hook",
  { needs: ["netfilter_link"], minor: 3 },
  (program) => attachNetfilter(program, { family: "ipv4", hook: "local_in", priority: 7 }),
  () => {
    using _ = new NetworkNamespace();
    using skel = loadTyped("prog_netfilter");
    const options = { family: "ipv4", hook: "local_in", priority: -128 } as const;
    using link = attachNetfilter(skel.progs.prog_netfilter, options);
    const { id, programId } = linkInfo(link);
    const target = { type: "netfilter", pf: 2, hooknum: 1, priority: -128, flags: 0 } as const;
    assertEquals(linkInfo(link), { id, programId, ...target });
  },
);

laterTest(
  "netkit takes programs of both sides at the primary device",
  { needs: ["netkit"], minor: 3 },
  (program) => attachNetkit(program, "lo"),
  () => {
    using _ = new NetworkNamespace();
    using skel = loadTyped("prog_netkit_primary", "prog_netkit_peer");
    const { prog_netkit_primary: primary, prog_netkit_peer: peer } = skel.progs;
    // The kernel names the peer itself.
    run("ip", "link", "add", "nk-main", "type", "netkit");
    for (
      const [program, attachType] of [[primary, "netkit_primary"], [peer, "netkit_peer"]] as const
    ) {
      const info = linkInfo(attachNetkit(program, "nk-main"));
      assertEquals(info.type === "netkit" && info.attachType, attachType);
    }
    const refused = (device: string) =>
      assertThrows(() => attachNetkit(primary, device), BpfError, device);
    assertEquals(refused("nk0").code, "EACCES");
    assertEquals(refused("lo").code, "ENXIO");
    assertThrows(() => attachNetkit(primary, "nk7"), SystemError, "nk7");
  },
);

laterTest(
  "uprobe.multi takes functions by names, by places or by a pattern",
  { needs: ["uprobe_multi"], minor: 3 },
  (program) => attachUprobeMulti(program, "libc.so.6", "get*"),
  async () => {
    const opened = AttachEvents.open();
    for (const program of Object.values(opened.progs)) program.autoload = false;
    opened.progs.on_any_uprobe.attachType = "trace_uprobe_multi";
    opened.progs.on_any_uprobe.autoload = true;
    using skel = opened.load();
    await using probed = Probed.start(23, 29, 31);
    using link = attachUprobeMulti(skel.progs.on_any_uprobe, Probed.path, "ste?");
    await probed.go();
    assertEquals(skel.bss.calls, 23n);
    const info = linkInfo(link);
    assertEquals(info.type === "uprobe_multi" && info.count, 1);
    link.destroy();
    const options = { pid: probed.pid, cookies: [7n] };
    using named = attachUprobeMulti(skel.progs.on_any_uprobe, Probed.path, ["step"], options);
    await probed.go();
    assertEquals(skel.bss.calls, 52n);
    named.destroy();
    const place = Probed.offsetOf("step");
    attachUprobeMulti(skel.progs.on_any_uprobe, Probed.path, [place], options);
    await probed.go();
    assertEquals(skel.bss.calls, 83n);
  },
);

laterTest(
  "a session of uprobes sees calls and returns",
  { needs: ["uprobe_session"], minor: 6 },
  (program) => attachUprobeMulti(program, "libc.so.6", "get*", { session: true }),
  async () => {
    const opened = AttachEvents.open();
    for (const program of Object.values(opened.progs)) program.autoload = false;
    opened.progs.on_any_uprobe.attachType = "trace_uprobe_session";
    opened.progs.on_any_uprobe.autoload = true;
    using skel = opened.load();
    await using probed = Probed.start(23);
    attachUprobeMulti(skel.progs.on_any_uprobe, Probed.path, ["step"], { session: true });
    await probed.go();
    assertEquals(skel.bss.calls, 46n);
  },
);

laterTest(
  "uprobe.multi names the function that a file does not have",
  { needs: ["uprobe_multi"], minor: 3 },
  (program) => attachUprobeMulti(program, "libc.so.6", "get*"),
  () => {
    const opened = AttachEvents.open();
    for (const program of Object.values(opened.progs)) program.autoload = false;
    opened.progs.on_any_uprobe.attachType = "trace_uprobe_multi";
    opened.progs.on_any_uprobe.autoload = true;
    using skel = opened.load();
    const attach = (functions: string | string[]) => () =>
      attachUprobeMulti(skel.progs.on_any_uprobe, Probed.path, functions);
    const error = assertThrows(attach(["step", "stepp"]), BpfError, "has no function stepp");
    assertEquals(error.hint, "did you mean step?");
    assertThrows(attach("stepp*"), BpfError, "has no function that matches stepp*");
  },
);

laterTest(
  "a session of kprobes sees calls and returns",
  { needs: ["kprobe_session"], minor: 5 },
  (program) => attachKprobeMulti(program, ["vfs_read"], { session: true }),
  () => {
    const opened = AttachKernel.open();
    for (const program of Object.values(opened.progs)) program.autoload = false;
    opened.rodata.owner = Deno.pid;
    opened.progs.on_kprobe_multi.attachType = "trace_kprobe_session";
    opened.progs.on_kprobe_multi.autoload = true;
    using skel = opened.load();
    const getpgid = Deno.build.arch === "aarch64" ? "__arm64_sys_getpgid" : "__x64_sys_getpgid";
    attachKprobeMulti(skel.progs.on_kprobe_multi, [getpgid], { session: true });
    for (let i = 0; i < 23; i++) call(0);
    assertEquals(skel.bss.calls, 46n);
  },
);

laterTest(
  "a cgroup takes programs in an order",
  { needs: ["cgroup_order"], minor: 6 },
  (program) => attachCgroup(program, cgroupMount()!, { before: "all" }),
  async () => {
    await using group = new Cgroup();
    using skel = loadTyped("prog_cgroup_skb_ingress", "prog_cgroup_skb_egress");
    const { prog_cgroup_skb_ingress: ingress } = skel.progs;
    const first = attachCgroup(ingress, group.path);
    const stale = { expectedRevision: 99n };
    const error = assertThrows(() => attachCgroup(ingress, group.path, stale), BpfError);
    assertEquals(error.code, "ESTALE");
    attachCgroup(ingress, group.path, { before: first, relativeToLink: true });
  },
);

laterTest(
  "a raw tracepoint takes a cookie",
  { needs: ["raw_tracepoint_cookie"], minor: 4 },
  (program) => attachRawTracepoint(program, "sys_enter", { cookie: 7n }),
  () => {
    const opened = AttachEvents.open();
    for (const program of Object.values(opened.progs)) program.autoload = false;
    opened.progs.on_raw_tracepoint.autoload = true;
    using skel = opened.load();
    using link = attachRawTracepoint(skel.progs.on_raw_tracepoint, "sys_enter", { cookie: 7n });
    const info = linkInfo(link);
    assertEquals(info.type === "raw_tracepoint" && info.name, "sys_enter");
    // The kernel took it from the start, and reports it only later.
    const told = info.type === "raw_tracepoint" && info.cookie;
    assertEquals(told === 7n || told === 0n, true, `cookie ${told}`);
  },
);

function loadTyped(...names: string[]) {
  const opened = ProgTypes.open();
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = names.includes(name);
  }
  return opened.load();
}
