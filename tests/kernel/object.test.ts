import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Reject } from "../../build/tests/skel/reject.ts";
import {
  BpfError,
  BpfObject,
  libbpfVersion,
  LibraryError,
  onLog,
  raw,
  u32,
  u64,
  UnsupportedError,
  VerifierError,
} from "#lib/mod.ts";
import { call, MAPS_CALL, openMaps } from "./call.ts";
import { kernelTest, startCommand } from "./harness.ts";

const object = (name: string) => new URL(`../../build/tests/${name}.bpf.o`, import.meta.url);

kernelTest("a program that the verifier rejects names itself, the reason and the log", {}, () => {
  using opened = Reject.open();
  const error = assertThrows(() => opened.load(), VerifierError);
  assertEquals(error.program, "rejected");
  assertStringIncludes(error.summary, "invalid mem access 'map_value_or_null'");
  assertStringIncludes(error.log, "call bpf_map_lookup_elem#1");
  assertStringIncludes(error.message, "Cannot load reject: program rejected was rejected");
  assertEquals(error.code, "EACCES");
});

for (
  const [name, reasons] of [
    ["spins", ["infinite loop detected"]],
    ["reads_beyond", ["invalid access to packet, off=8 size=1", "offset is outside of the packet"]],
    ["keeps", ["Unreleased reference"]],
  ] as const
) {
  kernelTest(`all that the verifier says of its reason is shown: ${name}`, {}, () => {
    using opened = Reject.open();
    for (const program of Object.values(opened.progs)) program.autoload = false;
    opened.progs[name].autoload = true;
    const { summary } = assertThrows(() => opened.load(), VerifierError);
    for (const reason of reasons) assertStringIncludes(summary, reason);
    assert(!/R\d+=|state:/.test(summary), summary);
  });
}

kernelTest("a program that stands in for another is told to name it", {}, () => {
  using opened = Reject.open();
  for (const program of Object.values(opened.progs)) program.autoload = false;
  opened.progs.stands_in.autoload = true;
  const error = assertThrows(() => opened.load(), BpfError);
  assertStringIncludes(error.message, "nothing says which program stands_in is attached to");
  assertStringIncludes(error.hint!, "setAttachTarget()");
});

kernelTest("a function that this kernel does not have for programs is named", {}, () => {
  using opened = BpfObject.open(object("kfunc").pathname);
  const error = assertThrows(() => opened.load(), UnsupportedError);
  assertEquals(error.feature, "kfunc denobpf_no_such_function");
});

kernelTest("only programs for USDT probes need a map that libbpf knows", {}, () => {
  const path = object("usdt_header").pathname;
  using opened = BpfObject.open(path);
  opened.load();
  using other = BpfObject.open(path);
  other.program("at_probe").autoload = true;
  const { major, minor } = libbpfVersion();
  if (major > 1 || minor >= 7) other.load();
  else assertThrows(() => other.load(), LibraryError, "usdt.bpf.h");
});

kernelTest("a program that is not to be loaded is left out", {}, () => {
  using opened = Reject.open();
  opened.progs.rejected.autoload = false;
  const reject = opened.load().attach();
  assert(reject.links.accepted !== null);
  assertEquals(reject.links.rejected, null);
});

kernelTest("what libbpf says is silent, unless somebody listens", {}, () => {
  const said: string[] = [];
  onLog((text) => void said.push(text));
  try {
    using _ = openMaps().load();
  } finally {
    onLog(undefined);
  }
  assertStringIncludes(said.join(""), "libbpf: ");
});

kernelTest("destroying a link detaches its program alone", {}, () => {
  using maps = openMaps().load().attach();
  call(MAPS_CALL | 1);
  maps.links.on_call!.destroy();
  maps.links.on_call!.destroy();
  call(MAPS_CALL | 1);
  assertEquals(maps.bss.calls, 1n);
  maps.links.on_call = maps.progs.on_call.attach();
  call(MAPS_CALL | 1);
  assertEquals(maps.bss.calls, 2n);
});

kernelTest("detach() detaches all programs and leaves maps and variables", {}, async () => {
  await using maps = openMaps().load().attach();
  call(MAPS_CALL | 1);
  await maps.detach();
  call(MAPS_CALL | 1);
  assertEquals(maps.bss.calls, 1n);
});

kernelTest("an object is opened without a skeleton too", {}, () => {
  using opened = BpfObject.open(object("maps").pathname);
  assertEquals(opened.name, "maps");
  assertEquals(opened.programs.map((program) => [program.name, program.section]), [
    ["on_call", "tp_btf/sys_enter"],
  ]);
  opened.load();
  assertEquals([...opened.attach().keys()], ["on_call"]);
});

kernelTest("the variables of an object without a skeleton are live, whenever asked for", {}, () => {
  using opened = BpfObject.open(object("maps").pathname);
  const early = opened.section(".data");
  early.write(0, u64, 7n);
  opened.load();
  const late = opened.section(".bss");
  assertEquals(opened.section(".data").read(0, u64), 7n);
  late.write(0, u64, 5n);
  const copy = new Uint8Array(late.size);
  const bss = opened.map(".bss", u32, { ...raw, size: late.size });
  copy.set(bss.lookup(0)!);
  assertEquals(copy[0], 5, "what was written is in the kernel's map");
});

kernelTest("an object that is lost unclosed is warned of, and stays open", {}, async () => {
  const script = `
    import { BpfObject } from "${import.meta.resolve("#lib/mod.ts")}";
    (() => { BpfObject.open("${object("maps").pathname}"); })();
    await new Promise((resolve) => setTimeout(resolve));
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));`;
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(file, script);
  const args = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", file];
  const { stderr, code } = await startCommand([Deno.execPath(), ...args]).finish();
  Deno.removeSync(file);
  assertEquals(code, 0);
  assertStringIncludes(stderr, "the BPF object maps was lost without being closed");
});

kernelTest("bytes that are no BPF object are refused, and the process lives", {}, () => {
  const whole = Deno.readFileSync(object("maps"));
  const foreign = whole.slice();
  foreign[5] = 2; // ELF data encoding: big-endian
  const attempts: [string, Uint8Array<ArrayBuffer>][] = [
    ["empty", new Uint8Array()],
    ["text", Uint8Array.from("not an ELF file", (char) => char.charCodeAt(0))],
    ["cut", whole.slice(0, whole.length / 2)],
    ["foreign", foreign],
    ["zeros", new Uint8Array(4096)],
    ["program", Deno.readFileSync("/bin/true")],
  ];
  for (const [name, bytes] of attempts) {
    const error = assertThrows(() => {
      using opened = BpfObject.open(bytes, { name });
      opened.load();
    }, BpfError);
    assertStringIncludes(error.message, `Cannot open ${name}: `);
  }
});

kernelTest("names that an object does not have are refused, with those that it has", {}, () => {
  using opened = BpfObject.open(object("maps").pathname);
  assertThrows(() => opened.program("on_cal"), Error, "it has: on_call");
  assertThrows(() => opened.section(".bsss"), Error, ".bss");
  assertThrows(() => opened.section("hash"), Error);
});

kernelTest("a skeleton refuses an object that it was not generated from", {}, async () => {
  const folder = new URL("../../build/tests/skel/", import.meta.url);
  const read = (name: string) => Deno.readTextFileSync(new URL(`${name}.ts`, folder));
  const objectIn = (text: string) => text.slice(text.indexOf("\nconst object ="));
  const [maps, ring] = [read("maps"), read("ring")];
  const mixed = new URL("mixed.ts", folder);
  Deno.writeTextFileSync(mixed, maps.replace(objectIn(maps), objectIn(ring)));
  const { Maps } = await import(mixed.href);
  assertThrows(() => Maps.open(), Error, "maps has no map hash");
  assertThrows(() => Maps.open(), Error, "build both again");
});

kernelTest("a listener of libbpf's messages that throws costs no object", {}, async () => {
  const reported = Promise.withResolvers<ErrorEvent>();
  const report = (event: ErrorEvent) => {
    event.preventDefault();
    reported.resolve(event);
  };
  addEventListener("error", report);
  let heard = 0;
  onLog(() => {
    heard++;
    throw new Error("of a listener");
  });
  try {
    using opened = BpfObject.open(object("maps").pathname);
    assertEquals(opened.phase, "opened");
  } finally {
    onLog(undefined);
  }
  assert(heard > 0);
  assertEquals((await reported.promise).error.message, "of a listener");
  removeEventListener("error", report);
  assertThrows(() => onLog("text" as never), TypeError, "takes a function");
});
