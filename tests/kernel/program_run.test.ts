import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AttachEvents } from "../../build/tests/skel/attach_events.ts";
import { ProgRun, sum } from "../../build/tests/skel/prog_run.ts";
import { BpfError, testRun } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

const XDP_TX = 3;

function load(...names: (keyof ReturnType<typeof ProgRun.open>["progs"])[]) {
  const opened = ProgRun.open();
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = (names as string[]).includes(name);
  }
  return opened.load();
}

kernelTest("a syscall program takes a typed context and gives it back", {
  needs: ["syscall_programs"],
}, () => {
  using skel = load("add");
  const context = { left: 19, right: 4, result: 0n };
  const { retval, context: given } = testRun(skel.progs.add, { context, contextType: sum });
  assertEquals(retval, 7);
  assertEquals(given, { left: 19, right: 4, result: 23n });
  assertEquals(skel.bss.last, given);
  assertEquals(context.result, 0n, "what was given stays as it was");
});

kernelTest("a raw tracepoint takes its arguments", {}, () => {
  using skel = load("add_arguments");
  const context = new Uint8Array(new BigUint64Array([19n, 4n]).buffer);
  const result = testRun(skel.progs.add_arguments, { context });
  assertEquals([result.retval, result.context], [23, undefined]);
});

kernelTest("an xdp program gives back the packet that it has made", {}, () => {
  using skel = load("mark_packet");
  const data = Uint8Array.from({ length: 61 }, (_, at) => at);
  const result = testRun(skel.progs.mark_packet, { data });
  assertEquals(result.retval, XDP_TX);
  assertEquals(result.data, Uint8Array.of(0xbf, ...data));
});

kernelTest("a tc program runs as often as told, on a context", {}, () => {
  using skel = load("count_runs");
  const context = new Uint8Array(SIZEOF_SK_BUFF);
  new DataView(context.buffer).setUint32(CB, 7, true);
  const data = new Uint8Array(23);
  const result = testRun(skel.progs.count_runs, { data, context, repeat: 101 });
  assertEquals(result.retval, 5);
  assertEquals(skel.bss.runs, 101n);
  const view = new DataView(result.context!.buffer);
  assertEquals(view.getUint32(MARK, true), 23);
  assertEquals(view.getUint32(CB, true), 7 + 101 * 23);
});

kernelTest("what cannot be run for a test is refused", {}, () => {
  using skel = load("mark_packet");
  const tight = { data: new Uint8Array(64), dataOutSize: 7 };
  const full = assertThrows(() => testRun(skel.progs.mark_packet, tight), BpfError);
  assertEquals(full.code, "ENOSPC");
  const opened = AttachEvents.open();
  for (const program of Object.values(opened.progs)) program.autoload = false;
  opened.progs.on_tracepoint.autoload = true;
  using events = opened.load();
  const error = assertThrows(() => testRun(events.progs.on_tracepoint), BpfError);
  assertEquals(error.code, "ENOTSUPP");
  assertStringIncludes(error.message, "Cannot run on_tracepoint for a test");
});

/** `struct __sk_buff` of include/uapi/linux/bpf.h: size and offsets in bytes. */
const SIZEOF_SK_BUFF = 192;
const MARK = 8;
const CB = 48;
