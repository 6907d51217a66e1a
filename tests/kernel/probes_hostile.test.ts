/** Files and processes that make it expensive to look up functions and probes, or that lead programs astray. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BpfObject } from "#lib/mod.ts";
import { ExitCode, ExitError } from "#lib/tool/mod.ts";
import {
  attachToFiles,
  findHooks,
  functionInUse,
  type Hook,
  HookPlan,
  parsePattern,
} from "#lib/tool/probes.ts";
import {
  buildElf,
  PT_LOAD,
  SHT_DYNSYM,
  SHT_NOTE,
  SHT_PROGBITS,
  SHT_STRTAB,
  SHT_SYMTAB,
} from "../unit/elf_builder.ts";
import { kernelTest } from "./harness.ts";
import { Build, run, SymbolProcess } from "./symbol_process.ts";

const MIB = 1024 * 1024;
const text = new TextEncoder();
const code = { name: ".text", type: SHT_PROGBITS, bytes: new Uint8Array(64).fill(0x90) };
const loaded = [{ type: PT_LOAD, section: 1 }];

/** A folder in /tmp, until it is disposed of. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  write(name: string, bytes: Uint8Array): string {
    Deno.writeFileSync(`${this.path}/${name}`, bytes);
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    run("rm", "-rf", this.path);
  }
}

/** A library whose functions are all at one place of its code. */
function library(functions: readonly string[], at = 0): Uint8Array {
  const build = (address: number) => {
    const symbols = new DataView(new ArrayBuffer(24 * functions.length));
    let name = 1;
    for (const [number, one] of functions.entries()) {
      symbols.setUint32(number * 24, name, true);
      symbols.setUint8(number * 24 + 4, 0x12); // STB_GLOBAL, STT_FUNC
      symbols.setUint16(number * 24 + 6, 1, true);
      symbols.setBigUint64(number * 24 + 8, BigInt(address), true);
      symbols.setBigUint64(number * 24 + 16, 16n, true);
      name += text.encode(one).length + 1;
    }
    return buildElf([
      code,
      { name: ".dynsym", type: SHT_DYNSYM, bytes: new Uint8Array(symbols.buffer), link: 3 },
      { name: ".dynstr", type: SHT_STRTAB, bytes: text.encode(`\0${functions.join("\0")}\0`) },
    ], loaded);
  };
  return withEntrySize(build(build(0).indexOf(0x90) + at));
}

/** Fills in the size of entries, without which no table of symbols is one. */
function withEntrySize(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer);
  const start = Number(view.getBigUint64(40, true));
  for (let at = start; at < start + 64 * view.getUint16(60, true); at += 64) {
    const type = view.getUint32(at + 4, true);
    if (type === SHT_SYMTAB || type === SHT_DYNSYM) view.setBigUint64(at + 56, 24n, true);
  }
  return file;
}

function hooksOf(pattern: string, pids: readonly number[] = []): readonly Hook[] {
  return findHooks(parsePattern(pattern), pids).hooks;
}

function refusal(find: () => unknown): [ExitCode, string] {
  const { exitCode, message } = assertThrows(find, ExitError);
  return [exitCode, message];
}

kernelTest("of an address with 20,000 names some are kept, that which is meant too", {}, () => {
  using folder = new Folder();
  const names = Array.from({ length: 20_000 }, (_, at) => `f${at}`);
  const path = folder.write("aliases", library(names));
  const [hook, ...others] = hooksOf(`${path}:f19999`);
  assertEquals([hook.names.length, hook.names.at(-1), others], [17, "f19999", []]);
  const [all] = hooksOf(`${path}:f*`);
  assertEquals([all.names.length, all.names[0]], [32, "f0"]);
});

kernelTest("tables of symbols that are bigger than a program's are not read", {}, () => {
  using folder = new Folder();
  const build = (size: number) =>
    withEntrySize(buildElf([
      code,
      { name: ".symtab", type: SHT_SYMTAB, size, link: 3 },
      { name: ".strtab", type: SHT_STRTAB, size: 250 * MIB },
    ], loaded));
  for (
    const [size, reason] of [
      [24 * 2_097_000, "its file has used up what is read of it: 512 MiB"],
      [24 * 4_000_000, "its file has used up what is read of it: 512 MiB"],
    ] as const
  ) {
    const path = folder.write("huge", build(size));
    Deno.truncateSync(path, 300 * MIB);
    for (const name of ["f", "f*"]) {
      const [exitCode, message] = refusal(() => hooksOf(`${path}:${name}`));
      assertEquals([exitCode, message], [ExitCode.Data, `Cannot read ${path}: ${reason}`]);
    }
  }
});

/** A note of a USDT probe as sys/sdt.h makes it. */
function note(texts: string): Uint8Array {
  const description = text.encode(`${"\0".repeat(24)}${texts}\0`);
  const bytes = new Uint8Array(20 + (description.length + 3 & ~3));
  const view = new DataView(bytes.buffer);
  for (const [at, value] of [8, description.length, 3].entries()) {
    view.setUint32(at * 4, value, true);
  }
  bytes.set(text.encode("stapsdt\0"), 12);
  bytes.set(description, 20);
  return bytes;
}

function probes(count: number, size?: number): Uint8Array {
  const build = (address: bigint) => {
    const one = note("provider\0näme\0-4@%edi");
    new DataView(one.buffer).setBigUint64(20, address, true);
    const bytes = new Uint8Array(one.length * count);
    for (let at = 0; at < count; at++) bytes.set(one, at * one.length);
    return buildElf([code, {
      ...{ name: ".note.stapsdt", type: SHT_NOTE, bytes },
      ...size !== undefined && { size },
    }], loaded);
  };
  return build(BigInt(build(0n).indexOf(0x90)));
}

kernelTest("a USDT probe of 20,000 places is as much as 20,000 probes", {}, () => {
  using folder = new Folder();
  const path = folder.write("probes", probes(20_000));
  const [hook, ...others] = hooksOf(`u:${path}:*`);
  assertEquals([hook.names, hook.places.length, others.length], [
    ["provider:näme"],
    20_000,
    0,
  ]);
  assertEquals(hook.places[0].arguments, "-4@%edi");
  const plan = { pattern: parsePattern(`u:${path}:*`), except: [], max: 1000, pid: [] };
  assertEquals(refusal(() => new HookPlan(plan)), [
    ExitCode.Usage,
    "There are 20000 to trace, more than 1000",
  ]);
});

kernelTest("notes of USDT probes that are more than a program's are not read", {}, () => {
  using folder = new Folder();
  const path = folder.write("notes", probes(1, 17 * MIB));
  Deno.truncateSync(path, 20 * MIB);
  assertEquals(refusal(() => hooksOf(`u:${path}:*`)), [
    ExitCode.Data,
    `Cannot read ${path}: its .note.stapsdt is too big`,
  ]);
});

/** Starts a process of another user that has mapped these files. */
async function mapping(paths: readonly string[]): Promise<SymbolProcess> {
  const as = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const process = await SymbolProcess.start(
    ...as,
    Deno.realPathSync("build/tests/mapped"),
    ...paths,
  );
  assertEquals(process.told.count, BigInt(paths.length));
  return process;
}

/** The file of the C library that this process has mapped. */
function ownLibrary(): string {
  const maps = Deno.readTextFileSync("/proc/self/maps");
  return /(\/\S*\/libc\.so\.6)$/m.exec(maps)![1];
}

kernelTest("libraries of a user do not take the place of root's", {}, async () => {
  using folder = new Folder();
  Deno.chmodSync(folder.path, 0o755);
  const bytes = library(["pthread_create"]);
  const paths = Array.from({ length: 50 }, (_, at) => folder.write(`libc-${at}.so`, bytes));
  const big = folder.write("libc-big.so", bytes);
  const tables = { name: ".symtab", type: SHT_SYMTAB, size: 250 * MIB, link: 3 };
  const strings = { name: ".strtab", type: SHT_STRTAB, size: 250 * MIB };
  Deno.writeFileSync(big, withEntrySize(buildElf([code, tables, strings], loaded)));
  Deno.truncateSync(big, 600 * MIB);
  // The kernel lists the last one first.
  await using _process = await mapping([...paths, big]);
  const isMeant = (file: string) => /^libc[-.].*\bso\b/.test(file);
  const hooks = functionInUse("pthread_create", isMeant, []);
  const own = ownLibrary();
  const hostile = hooks.filter(({ owner }) => paths.includes(owner!));
  assert(hooks.findIndex(({ owner }) => owner === own) < hooks.indexOf(hostile[0]), "root's first");
  assert(hostile.length > 0 && hostile.length <= 17, `${hostile.length} of the user's`);
});

kernelTest(
  "nothing is attached to a file that took the place of the one that was read",
  {},
  async () => {
    using folder = new Folder();
    Deno.chmodSync(folder.path, 0o755);
    const own = folder.write("libc-own.so", library(["pthread_create"], 3));
    const other = folder.write("other.so", library(["pthread_create"]));
    await using process = await mapping([own, other]);
    const hooks = functionInUse("pthread_create", (file) => file === "libc-own.so", []);
    assertEquals(hooks.map(({ owner }) => owner), [own]);

    using object = BpfObject.open("build/examples/uprobe.bpf.o");
    object.load();
    const program = object.program("uprobe_abs");
    const attach = (hooks: readonly Hook[]) =>
      attachToFiles(program, hooks.map((hook) => ({ hook, cookie: 0n })), {
        cookies: false,
        many: false,
        retprobe: false,
      });
    assertEquals(attach(hooks), []);
    await process.ask("");
    const reason = `Cannot attach to ${own}: it has been changed or replaced since it was read`;
    assertEquals(attach(hooks), [{ name: "pthread_create", reason }]);

    const renamed = hooksOf(`${own}:pthread_create`);
    Deno.renameSync(other, own);
    assertEquals(attach(renamed), [{ name: "pthread_create", reason }]);
  },
);

kernelTest("a path of a process is one below its root, wherever its links lead", {}, async () => {
  using build = new Build("-static");
  using root = new Folder();
  using host = new Folder();
  Deno.copyFileSync(build.path, `${root.path}/inside`);
  const library_ = host.write("library.so", library(["only_here"]));
  Deno.symlinkSync(library_, `${root.path}/linked.so`);
  Deno.symlinkSync("/inside", `${root.path}/own`);
  await using process = await SymbolProcess.start("chroot", root.path, "/inside");
  const [code, message] = refusal(() => hooksOf("/linked.so:only_here", [process.pid]));
  assertEquals([code, message], [
    ExitCode.Usage,
    `Process ${process.pid} has no file "/linked.so"`,
  ]);
  const [hook] = hooksOf("/own:exported_function", [process.pid]);
  assertEquals([hook.owner, hook.names], ["/own", ["exported_function"]]);
});
