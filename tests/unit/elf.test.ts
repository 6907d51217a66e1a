import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { ElfFile } from "#lib/symbols/elf.ts";
import { ElfError } from "#lib/symbols/elf_headers.ts";
import { BytesSource } from "#lib/symbols/source.ts";

/** Programs of several kinds: dynamic and stripped, a library, ours with all its symbols. */
const FILES = {
  libc: "/lib/x86_64-linux-gnu/libc.so.6",
  workload: new URL("../../build/tests/symbols", import.meta.url).pathname,
  deno: Deno.execPath(),
};

// Deno takes libraries for leaks, which stay open once they are used: libc is, before the tests.
ElfFile.open(FILES.workload)[Symbol.dispose]();

function readelf(...args: string[]): string {
  const { stdout } = new Deno.Command("readelf", { args: ["-W", ...args] }).outputSync();
  return new TextDecoder().decode(stdout);
}

/** `address name` of the functions that readelf finds, each once. */
function functionsOf(path: string): Set<string> {
  const found = new Set<string>();
  for (const line of readelf("-s", path).split("\n")) {
    const [, value, , type, , , index, name] = line.trim().split(/\s+/);
    if (type !== "FUNC" && type !== "IFUNC" || index === "UND" || name === undefined) continue;
    found.add(`${parseInt(value, 16)} ${name.replace(/@.*/, "")}`);
  }
  return found;
}

Deno.test("ElfFile finds the functions, the build id and the sections that readelf finds", () => {
  for (const path of [FILES.libc, FILES.workload]) {
    using file = ElfFile.open(path);
    const ours = new Set(file.functions().map(({ name, address }) => `${address} ${name}`));
    assert(ours.size > 5);
    assertEquals([...ours].sort(), [...functionsOf(path)].sort());
    assertEquals(file.buildId, /Build ID: (\w+)/.exec(readelf("-n", path))?.[1]);
    const names = [...readelf("-S", path).matchAll(/^ +\[ *\d+\] (\S+) /gm)].map(([, name]) =>
      name
    );
    assertEquals(
      file.sections.slice(1).map(({ name }) => name),
      names.slice(-file.sections.length + 1),
    );
  }
});

Deno.test("ElfFile says where in the file a function's code is", () => {
  using file = ElfFile.open(FILES.workload);
  const found = file.find("exported_function")!;
  const text = file.section(".text")!;
  assert(found.fileOffset! > text.offset && found.fileOffset! < text.offset + text.size);
  assertEquals(file.addressOf(found.fileOffset!), found.address);
  assertEquals(file.fileOffsetOf(found.address), found.fileOffset);
  assertEquals(file.symbols.lookup(found.address + 1)?.name, "exported_function");
  assertEquals(file.find("no_such_function"), undefined);
  assertEquals(file.find("exported_functio"), undefined);
});

Deno.test("ElfFile reads a program of a hundred megabytes without reading all of it", () => {
  using file = ElfFile.open(FILES.deno);
  assertEquals(
    file.segments.length,
    Number(/(\d+) program headers/.exec(readelf("-l", FILES.deno))![1]),
  );
  assert(file.functions().length < 100_000);
});

Deno.test("ElfFile refuses what is no ELF file, and says why", () => {
  const refused = (bytes: Uint8Array<ArrayBuffer>, message: string) =>
    assertThrows(() => new ElfFile(new BytesSource(bytes)), ElfError, message);
  const start = Deno.readFileSync(FILES.workload).subarray(0, 64);
  refused(new Uint8Array(0), "it is empty");
  refused(new Uint8Array(new TextEncoder().encode("#!/bin/sh\n")), "it is no ELF file");
  refused(start.slice(0, 20), "cut off");
  refused(start.slice(), "cut off");
  refused(Uint8Array.from(start, (byte, at) => at === 5 ? 2 : byte), "big-endian");
  assertThrows(() => ElfFile.open("/dev/null"), Error, "which is no regular file");
  assertThrows(() => ElfFile.open("/proc/version"), ElfError, "Cannot read /proc/version: it is");
});

/** Asks an ELF file everything that there is to ask. */
function askAll(file: ElfFile): void {
  void file.buildId;
  void file.debugLink;
  for (const { address, fileOffset } of file.functions().slice(0, 50)) {
    file.symbols.lookup(address);
    if (fileOffset !== undefined) file.addressOf(fileOffset);
  }
  file.find("main");
  for (const section of file.sections.slice(0, 50)) file.bytesOf(section);
}

Deno.test("ElfFile never fails but with an ElfError, whatever the bytes", () => {
  const good = Deno.readFileSync(FILES.workload);
  // Headers and tables are where a change does the most: the first and the last bytes.
  const place = fc.oneof(
    fc.nat(1023),
    fc.nat(good.length - 1),
    fc.integer({ min: good.length - 2400, max: good.length - 1 }),
  );
  const change = fc.tuple(place, fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(), (changes, cut) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      for (const candidate of [bytes, bytes.slice(0, cut % bytes.length)]) {
        try {
          askAll(new ElfFile(new BytesSource(candidate)));
        } catch (error) {
          if (!(error instanceof ElfError)) throw error;
        }
      }
    }),
    { numRuns: 500 },
  );
});
