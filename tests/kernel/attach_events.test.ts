import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import { AttachEvents } from "../../build/tests/skel/attach_events.ts";
import {
  attachPerfEvent,
  attachRawTracepoint,
  attachTrace,
  attachTracepoint,
  attachUprobe,
  BpfError,
  linkInfo,
  UnsupportedError,
} from "#lib/mod.ts";
import { SystemError } from "#lib/sys/errno.ts";
import { call } from "./call.ts";
import { hasFeature, kernelTest } from "./harness.ts";
import { Probed } from "./probed.ts";

const CALLS = 23;
const COOKIE = 0xfedc_ba98_7654_3210n;

/** What the program finds: kernels before 5.15 have no cookies. */
const seenCookie = () => hasFeature("attach_cookie") ? COOKIE : 0n;

type Programs = keyof ReturnType<typeof AttachEvents.open>["progs"];

/** The fixture, loaded, with these programs of it alone. */
function load(...names: Programs[]) {
  const opened = AttachEvents.open();
  opened.rodata.owner = Deno.pid;
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = names.includes(name as Programs);
  }
  return opened.load();
}

function callOften(): void {
  for (let i = 0; i < CALLS; i++) call(i + 1);
}

kernelTest("a tracepoint is attached by its category and name", {}, () => {
  using skel = load("on_tracepoint");
  const options = hasFeature("attach_cookie") ? { cookie: COOKIE } : {};
  using link = attachTracepoint(
    skel.progs.on_tracepoint,
    "syscalls",
    "sys_enter_getpgid",
    options,
  );
  callOften();
  assertEquals(skel.bss.calls, BigInt(CALLS));
  assertEquals(skel.bss.cookie, seenCookie());
  link.destroy();
  callOften();
  assertEquals(skel.bss.calls, BigInt(CALLS));
});

kernelTest("a tracepoint that does not exist is told, with the nearest", {}, () => {
  using skel = load("on_tracepoint", "on_raw_tracepoint");
  const error = assertThrows(
    () => attachTracepoint(skel.progs.on_tracepoint, "syscalls", "sys_enter_getpgit"),
    BpfError,
    "Cannot attach on_tracepoint to tracepoint/syscalls/sys_enter_getpgit: " +
      "the kernel has no tracepoint syscalls/sys_enter_getpgit",
  );
  assertEquals(error.hint, "did you mean syscalls/sys_enter_getpgid?");
  const raw = assertThrows(
    () => attachRawTracepoint(skel.progs.on_raw_tracepoint, "sched_proces_exec"),
    BpfError,
    "the kernel has no tracepoint sched_proces_exec",
  );
  assertEquals(raw.hint, "did you mean sched_process_exec?");
});

kernelTest("a raw tracepoint is attached by its name", {}, () => {
  using skel = load("on_raw_tracepoint");
  using link = attachRawTracepoint(skel.progs.on_raw_tracepoint, "sys_enter");
  callOften();
  assertEquals(skel.bss.calls, BigInt(CALLS));
  const info = linkInfo(link);
  assertEquals(info.type === "raw_tracepoint" && info.name, "sys_enter");
});

kernelTest("a program of tp_btf is attached as a trace", {}, () => {
  using skel = load("on_tp_btf");
  using link = attachTrace(skel.progs.on_tp_btf);
  callOften();
  assertEquals(skel.bss.calls, BigInt(CALLS));
  const info = linkInfo(link);
  assertEquals(info.type === "raw_tracepoint" && info.name, "sys_enter");
});

kernelTest("a uprobe is attached by a library's short name and a function's", uprobe(), () => {
  using skel = load("on_uprobe", "on_uretprobe");
  const cookie = hasFeature("attach_cookie") ? { cookie: COOKIE } : {};
  attachUprobe(skel.progs.on_uprobe, "libc.so.6", "getpgid", { pid: Deno.pid, ...cookie });
  attachUprobe(skel.progs.on_uretprobe, "libc.so.6", "getpgid");
  callOften();
  assertEquals([skel.bss.calls, skel.bss.returns], [BigInt(CALLS), BigInt(CALLS)]);
  assertEquals(skel.bss.cookie, seenCookie());
});

kernelTest("a uprobe counts one process, or every one", uprobe(), async () => {
  using skel = load("on_any_uprobe");
  await using first = Probed.start(23, 29);
  await using second = Probed.start(31, 37);
  {
    using _ = attachUprobe(skel.progs.on_any_uprobe, Probed.path, "step", { pid: first.pid });
    await Promise.all([first.go(), second.go()]);
    assertEquals(skel.bss.calls, 23n);
  }
  using _ = attachUprobe(skel.progs.on_any_uprobe, Probed.path, "step");
  await Promise.all([first.go(), second.go()]);
  assertEquals(skel.bss.calls, 23n + 29n + 37n);
});

kernelTest("a uprobe is attached by its place in the file", uprobe(), async () => {
  using skel = load("on_any_uprobe");
  await using probed = Probed.start(23);
  attachUprobe(skel.progs.on_any_uprobe, Probed.path, Probed.offsetOf("step"));
  await probed.go();
  assertEquals(skel.bss.calls, 23n);
});

kernelTest("a function that a file does not have is told, with the nearest", uprobe(), () => {
  using skel = load("on_uprobe");
  const { on_uprobe } = skel.progs;
  const error = assertThrows(() => attachUprobe(on_uprobe, "libc.so.6", "getpgit"), BpfError);
  assertStringIncludes(error.message, "libc.so.6 has no function getpgit");
  assertEquals(error.hint, "did you mean getpgid?");
  assertEquals(
    assertThrows(() => attachUprobe(on_uprobe, Probed.path, "stepp"), BpfError).hint,
    "did you mean step?",
  );
  assertThrows(() => attachUprobe(on_uprobe, "libnone.so.6", "f"), SystemError, "libnone.so.6");
  assertThrows(() => attachUprobe(on_uprobe, "/no/file", "f"), BpfError, "there is no /no/file");
  assertThrows(
    () => attachUprobe(on_uprobe, "libc.so.6", "getpgid", { pid: 4194304 }),
    BpfError,
    "there is no process 4194304",
  );
});

kernelTest("a perf event of software counts by period, each one", {}, () => {
  using pages = new Pages(CALLS);
  const opened = AttachEvents.open();
  opened.rodata.owner = Deno.pid;
  opened.rodata.first_address = pages.address;
  opened.rodata.last_address = pages.address + BigInt(pages.size - 1);
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = name === "on_page_fault";
  }
  using skel = opened.load();
  const cookie = hasFeature("attach_cookie") ? { cookie: COOKIE } : {};
  const options = { software: "page_faults", period: 1, pid: ownThread(), ...cookie } as const;
  using links = attachPerfEvent(skel.progs.on_page_fault, options);
  assertEquals(links.links.length, 1);
  pages.touch();
  assertEquals(skel.bss.calls, BigInt(CALLS));
  assertEquals(skel.bss.cookie, seenCookie());
});

kernelTest("a perf event of software samples every CPU by frequency", {}, () => {
  using skel = load("on_sample");
  using links = attachPerfEvent(skel.progs.on_sample, { software: "cpu_clock", frequency: 997 });
  assertEquals(links.links.length, navigator.hardwareConcurrency);
  while (skel.bss.calls < 7n); // which takes CPU time, and so is sampled
  links.destroy();
  links.destroy();
});

kernelTest("a counter that the host lacks is reported", {}, () => {
  using skel = load("on_sample");
  const none = { type: 0x7fff_0000, config: 0n, period: 1 };
  const error = assertThrows(() => attachPerfEvent(skel.progs.on_sample, none), UnsupportedError);
  assertStringIncludes(error.message, "Cannot attach on_sample to the perf event 2147418112:0");
  const hardware = { hardware: "instructions", period: 1_000_003 } as const;
  if (hasCounters()) {
    using _ = attachPerfEvent(skel.progs.on_sample, hardware);
  } else {
    const lacking = assertThrows(
      () => attachPerfEvent(skel.progs.on_sample, hardware),
      UnsupportedError,
    );
    assertEquals(lacking.feature, "counter of instructions");
  }
});

kernelTest("a program of the wrong kind for its hook is refused", {}, () => {
  using skel = load("on_raw_tracepoint");
  const error = assertThrows(
    () => attachTracepoint(skel.progs.on_raw_tracepoint, "syscalls", "sys_enter_getpgid"),
  );
  assertInstanceOf(error, BpfError);
});

/** Tests do not run on the first thread of their process. */
function ownThread(): number {
  return Number(Deno.readLinkSync("/proc/thread-self").split("/").at(-1));
}

/** Virtual machines often have none. */
function hasCounters(): boolean {
  return [...Deno.readDirSync("/sys/bus/event_source/devices")].some(({ name }) => name === "cpu");
}

function uprobe() {
  return { needs: ["uprobe"] as const };
}

const libc = Deno.dlopen("libc.so.6", {
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  // int munmap(void *addr, size_t length)
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
});

/** Memory of which no page is there yet: each faults at its first touch. */
class Pages implements Disposable {
  readonly #pointer: Deno.PointerObject;
  readonly size: number;

  constructor(readonly count: number) {
    const PROT_READ_WRITE = 3;
    const MAP_PRIVATE_ANONYMOUS = 0x22;
    this.size = count * Pages.PAGE;
    const { mmap } = libc.symbols;
    const size = BigInt(this.size);
    this.#pointer = mmap(null, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0n)!;
  }

  static readonly PAGE = 4096;

  get address(): bigint {
    return Deno.UnsafePointer.value(this.#pointer);
  }

  touch(): void {
    const view = new Deno.UnsafePointerView(this.#pointer);
    for (let page = 0; page < this.count; page++) view.getUint8(page * Pages.PAGE);
  }

  [Symbol.dispose](): void {
    libc.symbols.munmap(this.#pointer, BigInt(this.size));
  }
}
