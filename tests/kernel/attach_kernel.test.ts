/** Programs at functions of the kernel, which many a build machine's kernel has no way to attach to. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AttachFreplace } from "../../build/tests/skel/attach_freplace.ts";
import { AttachKernel } from "../../build/tests/skel/attach_kernel.ts";
import { ProgTarget } from "../../build/tests/skel/prog_target.ts";
import {
  attachFreplace,
  attachKprobe,
  attachKprobeMulti,
  attachKsyscall,
  attachLsm,
  attachTrace,
  BpfError,
  linkInfo,
  testRun,
} from "#lib/mod.ts";
import { call } from "./call.ts";
import { hasFeature, kernelTest } from "./harness.ts";

const CALLS = 23;
const COOKIE = 0xfedc_ba98_7654_3210n;

/** getpgid(2) within the kernel. */
const GETPGID = Deno.build.arch === "aarch64" ? "__arm64_sys_getpgid" : "__x64_sys_getpgid";
const XDP_DROP = 1;
const XDP_PASS = 2;

type Programs = keyof ReturnType<typeof AttachKernel.open>["progs"];

function open(...names: Programs[]) {
  const opened = AttachKernel.open();
  opened.rodata.owner = Deno.pid;
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = names.includes(name as Programs);
  }
  return opened;
}

/** Only a pid that is there gets as far as the security modules. */
function callOften(): void {
  for (let i = 0; i < CALLS; i++) call(Deno.pid);
}

const cookie = hasFeature("attach_cookie") ? { cookie: COOKIE } : {};
const seenCookie = hasFeature("attach_cookie") ? COOKIE : 0n;

kernelTest("kprobe and kretprobe run at a function's start and end", { needs: ["kprobe"] }, () => {
  using skel = open("on_kprobe", "on_kretprobe").load();
  using link = attachKprobe(skel.progs.on_kprobe, GETPGID, cookie);
  attachKprobe(skel.progs.on_kretprobe, GETPGID);
  callOften();
  assertEquals([skel.bss.calls, skel.bss.returns], [BigInt(CALLS), BigInt(CALLS)]);
  assertEquals(skel.bss.cookie, seenCookie);
  if (hasFeature("attach_cookie")) assertEquals(linkInfo(link).type, "perf_event");
  link.destroy();
  callOften();
  assertEquals([skel.bss.calls, skel.bss.returns], [BigInt(CALLS), BigInt(2 * CALLS)]);
});

kernelTest(
  "a function that the kernel lacks is told, with the nearest",
  { needs: ["kprobe"] },
  () => {
    using skel = open("on_kprobe").load();
    const error = assertThrows(
      () => attachKprobe(skel.progs.on_kprobe, `${GETPGID}x`),
      BpfError,
      `the kernel has no function ${GETPGID}x`,
    );
    assertEquals(error.hint, `did you mean ${GETPGID}?`);
  },
);

kernelTest("a kprobe without kprobes says so", {}, () => {
  if (hasFeature("kprobe")) return;
  using skel = open("on_kprobe").load();
  const error = assertThrows(() => attachKprobe(skel.progs.on_kprobe, GETPGID), BpfError);
  assertStringIncludes(error.message, "the kernel has no kprobes (CONFIG_KPROBES)");
});

kernelTest(
  "ksyscall and kretsyscall take the system call's own name",
  { needs: ["kprobe"] },
  () => {
    using skel = open("on_ksyscall", "on_kretsyscall").load();
    attachKsyscall(skel.progs.on_ksyscall, "getpgid", cookie);
    attachKsyscall(skel.progs.on_kretsyscall, "getpgid");
    callOften();
    assertEquals([skel.bss.calls, skel.bss.returns], [BigInt(CALLS), BigInt(CALLS)]);
    assertEquals(skel.bss.cookie, seenCookie);
    const error = assertThrows(() => attachKsyscall(skel.progs.on_ksyscall, "getpgit"), BpfError);
    assertEquals(error.hint, "did you mean getpgid?");
  },
);

kernelTest("kprobe.multi takes names, with cookies", { needs: ["kprobe_multi"] }, () => {
  using skel = open("on_kprobe_multi").load();
  const functions = ["bpf_fentry_test1", GETPGID];
  using link = attachKprobeMulti(skel.progs.on_kprobe_multi, functions, { cookies: [7n, COOKIE] });
  callOften();
  assertEquals([skel.bss.calls, skel.bss.cookie], [BigInt(CALLS), COOKIE]);
  const info = linkInfo(link);
  assertEquals(info.type === "kprobe_multi" && info.count, 2);
});

kernelTest("kprobe.multi takes a pattern", { needs: ["kprobe_multi"] }, () => {
  using skel = open("on_kprobe_multi").load();
  attachKprobeMulti(skel.progs.on_kprobe_multi, GETPGID.replace("pgid", "pg?d*"));
  callOften();
  assertEquals(skel.bss.calls, BigInt(CALLS));
  const { on_kprobe_multi } = skel.progs;
  assertThrows(
    () => attachKprobeMulti(on_kprobe_multi, "no_such_*_function"),
    BpfError,
    "the kernel has no function no_such_*_function",
  );
  assertThrows(
    () => attachKprobeMulti(on_kprobe_multi, [GETPGID, "bpf_fentry_test0x"]),
    BpfError,
    "the kernel has no function bpf_fentry_test0x",
  );
});

kernelTest("fentry and fexit get their function before load", { needs: ["fentry"] }, () => {
  using opened = open("on_fentry", "on_fexit");
  opened.progs.on_fentry.setAttachTarget(GETPGID);
  opened.progs.on_fexit.setAttachTarget(GETPGID);
  const skel = opened.load();
  using link = attachTrace(skel.progs.on_fentry);
  callOften();
  assertEquals(skel.bss.returns, BigInt(CALLS));
  attachTrace(skel.progs.on_fexit);
  callOften();
  assertEquals(skel.bss.returns, BigInt(3 * CALLS));
  const info = linkInfo(link);
  assertEquals(info.type === "raw_tracepoint" || info.type === "tracing", true);
});

kernelTest("fentry has a cookie", { needs: ["fentry", "trace_cookie"] }, () => {
  using opened = open("on_fentry_with_cookie");
  opened.progs.on_fentry_with_cookie.setAttachTarget(GETPGID);
  const skel = opened.load();
  using link = attachTrace(skel.progs.on_fentry_with_cookie, { cookie: COOKIE });
  callOften();
  assertEquals([skel.bss.calls, skel.bss.cookie], [BigInt(CALLS), COOKIE]);
  const info = linkInfo(link);
  assertEquals(info.type === "tracing" && info.attachType, "trace_fentry");
});

kernelTest("a target that does not exist is refused before load", {}, () => {
  using opened = open("on_fentry");
  const error = assertThrows(
    () => opened.progs.on_fentry.setAttachTarget(`${GETPGID}x`),
    BpfError,
    `Cannot attach on_fentry to ${GETPGID}x: the kernel has no function ${GETPGID}x`,
  );
  assertEquals(error.hint, `did you mean ${GETPGID}?`);
  // libbpf before 1.6 gives back only at load what it has looked into for the name.
  opened.progs.on_fentry.autoload = false;
  opened.load();
});

kernelTest("fmod_ret runs before its function", { needs: ["fentry"] }, () => {
  using skel = open("on_fmod_ret").load();
  attachTrace(skel.progs.on_fmod_ret);
  callOften();
  assertEquals(skel.bss.returns, BigInt(CALLS));
});

kernelTest("lsm runs at a hook of the security modules", { needs: ["lsm"] }, () => {
  using skel = open("on_lsm").load();
  using link = attachLsm(skel.progs.on_lsm);
  callOften();
  assertEquals(skel.bss.returns, BigInt(CALLS));
  link.destroy();
  callOften();
  assertEquals(skel.bss.returns, BigInt(CALLS));
});

kernelTest(
  "an extension takes the place of a function, and gives it back",
  { needs: ["freplace"] },
  () => {
    using target = ProgTarget.open().load();
    const packet = { data: new Uint8Array(64) };
    assertEquals(testRun(target.progs.target, packet).retval, XDP_PASS);
    using opened = AttachFreplace.open();
    opened.progs.new_verdict.setAttachTarget("verdict", target.progs.target);
    const skel = opened.load();
    const link = attachFreplace(skel.progs.new_verdict, target.progs.target, "verdict");
    assertEquals(testRun(target.progs.target, packet).retval, XDP_DROP);
    link.destroy();
    assertEquals(testRun(target.progs.target, packet).retval, XDP_PASS);
  },
);
