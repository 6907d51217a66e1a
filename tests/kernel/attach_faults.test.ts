/** What the kernel refuses to attach to, and that the error says why. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AttachKernel } from "../../build/tests/skel/attach_kernel.ts";
import { attachKprobe, BpfError } from "#lib/mod.ts";
import { call } from "./call.ts";
import { kernelTest } from "./harness.ts";

const CALLS = 23;
const isX86 = Deno.build.arch === "x86_64";

/** getpgid(2) within the kernel, and a function that may be interrupted by no probe (noinstr). */
const GETPGID = isX86 ? "__x64_sys_getpgid" : "__arm64_sys_getpgid";
const UNPROBED = isX86 ? "exc_page_fault" : "el1_interrupt";

function load() {
  const opened = AttachKernel.open();
  opened.rodata.owner = Deno.pid;
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = name === "on_kprobe";
  }
  return opened.load();
}

/** The kernel's own functions, those of modules left out; several may have one name. */
function kernelFunctions(): string[] {
  const lines = Deno.readTextFileSync("/proc/kallsyms");
  return [...lines.matchAll(/^\S+ [tT] (\S+)$/gm)].map(([, name]) => name);
}

/** The error of a kprobe. */
function refused(name: string, offset = 0): BpfError {
  using skel = load();
  return assertThrows(() => attachKprobe(skel.progs.on_kprobe, name, { offset }), BpfError);
}

const kprobe = { needs: ["kprobe"] as const };

kernelTest("a name that several functions of the kernel have is reported as one", kprobe, () => {
  const counts = Map.groupBy(kernelFunctions(), (name) => name);
  const [name, { length }] = counts.entries().find(([, all]) => all.length > 1)!;
  const { message, hint } = refused(name);
  assertStringIncludes(message, `${length} functions of the kernel have the name ${name}`);
  assertStringIncludes(hint!, "attachKprobeMulti()");
});

kernelTest("a place in the middle of an instruction is reported as one", kprobe, () => {
  if (!isX86) return; // where places are refused for not being a multiple of 4
  assertStringIncludes(
    refused(GETPGID, 1).message,
    `no instruction of ${GETPGID} begins at its byte 1`,
  );
});

kernelTest("a place beyond a function of the kernel is refused", kprobe, () => {
  const { message } = refused(GETPGID, 100_000);
  assert(new RegExp(`${GETPGID} has \\d+ bytes, and 100000 lies beyond it`).test(message), message);
});

kernelTest("a function that must not be interrupted is reported as one", kprobe, () => {
  assertStringIncludes(refused(UNPROBED).message, `the kernel does not let ${UNPROBED} be probed`);
});

kernelTest("an offset is taken with the name, as sections have it", kprobe, () => {
  using skel = load();
  using link = attachKprobe(skel.progs.on_kprobe, `${GETPGID}+0x0`);
  for (let i = 0; i < CALLS; i++) call(Deno.pid);
  assertEquals(skel.bss.calls, BigInt(CALLS));
  link.destroy();
  assertStringIncludes(refused(`${GETPGID}+99999`).message, "99999 lies beyond it");
});

kernelTest(
  "a function that the kernel's BTF does not have is reported as one",
  { needs: ["btf"] },
  () => {
    const split = kernelFunctions().find((name) => /\.(isra|constprop|part)\.0$/.test(name))!;
    using opened = AttachKernel.open();
    const { on_fentry } = opened.progs;
    const error = assertThrows(() => on_fentry.setAttachTarget(split), BpfError);
    assertStringIncludes(error.message, `the kernel's BTF does not have its function ${split}`);
    assertEquals(error.hint, "a kprobe needs no BTF: attachKprobe()");
    const wrong = assertThrows(() => on_fentry.setAttachTarget("vfs_raed"), BpfError);
    assertStringIncludes(wrong.message, "the kernel has no function vfs_raed");
    assertEquals(wrong.hint, "did you mean vfs_read?");
    // libbpf has opened the BTFs of modules to look there, and closes them in load() alone.
    for (const program of Object.values(opened.progs)) program.autoload = false;
    opened.load();
  },
);
