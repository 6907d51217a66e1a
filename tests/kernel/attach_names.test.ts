/** Functions of user space by their names, as libraries have them: with versions, imported, chosen late. */
import { assertEquals, assertGreater, assertStringIncludes, assertThrows } from "@std/assert";
import { AttachEvents } from "../../build/tests/skel/attach_events.ts";
import { AttachUsdt } from "../../build/tests/skel/attach_usdt.ts";
import {
  attachUprobe,
  attachUsdt,
  BpfError,
  BpfObject,
  ElfFile,
  libbpfVersion,
  UnsupportedError,
} from "#lib/mod.ts";
import { findBinary } from "#lib/sys/binary.ts";
import { renameAll } from "../fuzz/rename.ts";
import { kernelTest } from "./harness.ts";
import { Probed } from "./probed.ts";

const uprobe = { needs: ["uprobe"] as const };

/** What tests/workloads/named.c does for each byte. */
const THREADS = 7;
const PATHS = 11;
const CHOSEN = 13;

function load() {
  const opened = AttachEvents.open();
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = name === "on_any_uprobe";
  }
  return opened.load();
}

/** How often a function of a process's is seen while that does its work once. */
async function count(library: string, name: string): Promise<number> {
  using skel = load();
  await using named = Probed.startNamed();
  using _ = attachUprobe(skel.progs.on_any_uprobe, library, name, { pid: named.pid });
  await named.go();
  return Number(skel.bss.calls);
}

/** The versions that libc has of a function, by nm(1). */
function versionsOf(name: string): string[] {
  const { stdout } = new Deno.Command("nm", {
    args: ["-D", "--with-symbol-versions", findBinary("libc.so.6")],
  }).outputSync();
  const lines = new TextDecoder().decode(stdout);
  return [...lines.matchAll(new RegExp(` (${name}@.*)$`, "gm"))].map(([, symbol]) => symbol);
}

kernelTest("a function of several versions is its default one", uprobe, async () => {
  assertEquals(await count("libc.so.6", "pthread_create"), THREADS);
  assertEquals(await count("libc.so.6", "realpath"), PATHS);
});

kernelTest("a version is named behind @, or @@ as nm(1) shows it", uprobe, async () => {
  for (const [name, calls] of [["pthread_create", THREADS], ["realpath", PATHS]] as const) {
    const versions = versionsOf(name);
    assertGreater(versions.length, 0);
    for (const symbol of versions) {
      // The old realpath() is another function, that no program of today calls.
      const expected = name === "realpath" && !symbol.includes("@@") ? 0 : calls;
      assertEquals(await count("libc.so.6", symbol), expected, symbol);
      assertEquals(await count("libc.so.6", symbol.replace("@@", "@")), expected, symbol);
    }
  }
});

kernelTest("a version that a library does not have is told, with those that it has", uprobe, () => {
  using skel = load();
  const attach = () => attachUprobe(skel.progs.on_any_uprobe, "libc.so.6", "realpath@GLIBC_9");
  const error = assertThrows(attach, BpfError, "libc.so.6 has no realpath of version GLIBC_9");
  for (const symbol of versionsOf("realpath")) {
    assertStringIncludes(error.hint!, symbol.replace(/.*@/, ""));
  }
});

kernelTest(
  "a function that is chosen when a program starts is told, with its candidates",
  uprobe,
  async () => {
    using skel = load();
    const attach = (name: string) => () =>
      attachUprobe(skel.progs.on_any_uprobe, Probed.named, name);
    const error = assertThrows(attach("chosen"), BpfError, "chosen when a program starts (IFUNC)");
    assertEquals(
      error.hint,
      "attach to those that it is chosen from: __chosen_first, __chosen_second",
    );
    assertEquals(await count(Probed.named, "__chosen_first"), CHOSEN);
    const { on_any_uprobe } = skel.progs;
    const strlen = () => attachUprobe(on_any_uprobe, "libc.so.6", "strlen");
    assertThrows(strlen, BpfError, "strlen of ");
  },
);

kernelTest("a function that a program only imports is reported", uprobe, () => {
  using skel = load();
  const attach = () => attachUprobe(skel.progs.on_any_uprobe, Probed.named, "realpath");
  const error = assertThrows(
    attach,
    BpfError,
    "has no function realpath of its own: it imports it",
  );
  assertStringIncludes(error.hint!, "ldd ");
});

kernelTest("a place beyond a function is refused, one within it is taken", uprobe, async () => {
  using skel = load();
  const { on_any_uprobe } = skel.progs;
  using file = ElfFile.open(Probed.path);
  const { size } = file.find("step")!;
  const at = (offset: number) => attachUprobe(on_any_uprobe, Probed.path, "step", { offset });
  for (const offset of [size, size + 1, 100_000]) {
    const message = `step has ${size} bytes, and ${offset} lies beyond it`;
    assertThrows(() => at(offset), BpfError, message);
  }
  for (const offset of [-1, 0.5, NaN]) assertThrows(() => at(offset), RangeError, "offset: ");
  await using probed = Probed.start(23);
  using _ = at(0);
  await probed.go();
  assertEquals(skel.bss.calls, 23n);
});

kernelTest(
  "an argument of a probe that libbpf cannot read names the libbpf that can",
  uprobe,
  () => {
    if (Deno.build.arch !== "x86_64") return; // the workload has no such probe
    using opened = AttachUsdt.open();
    const { valueSize } = opened.maps.__bpf_usdt_specs as unknown as { valueSize: number };
    if ((valueSize > 208) !== (libbpfVersion().minor >= 7)) return; // attach_usdt.test.ts
    const { on_step } = opened.load().progs;
    const attach = () => attachUsdt(on_step, Probed.named, "denobpf", "element", { pid: Deno.pid });
    if (libbpfVersion().minor >= 7) return attach().destroy();
    const error = assertThrows(attach, UnsupportedError, "libbpf 1.7 or later");
    assertStringIncludes(error.hint!, "DENOBPF_LIBBPF");
  },
);

kernelTest(
  "a section that names a function of several versions gets an error that says how to name one",
  uprobe,
  () => {
    if (versionsOf("realpath").length < 2) return;
    const section = "uprobe/libc.so.6:realpath";
    const bytes = Deno.readFileSync(
      new URL("../../build/tests/attach_events.bpf.o", import.meta.url),
    );
    const renamed = renameAll(bytes, (name) => name === "uprobe" ? section : name);
    using object = BpfObject.open(renamed, { name: "renamed" });
    for (const program of object.programs) program.autoload = program.name === "on_any_uprobe";
    object.load();
    const attach = () => object.program("on_any_uprobe").attach();
    const error = assertThrows(attach, BpfError, "several functions of this name");
    assertStringIncludes(error.hint!, "attachUprobe()");
  },
);
