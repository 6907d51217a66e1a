/** Files that were made to take long: what is read of them is counted. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Budget, BudgetError, Budgets, LIMITS } from "#lib/symbols/budget.ts";
import { debugSymbols } from "#lib/symbols/debug_files.ts";
import { ElfFile } from "#lib/symbols/elf.ts";
import { CodeModule } from "#lib/symbols/module.ts";
import { BudgetedSource, BytesSource, type Source } from "#lib/symbols/source.ts";
import {
  buildElf,
  type BuiltSection,
  PT_LOAD,
  PT_NOTE,
  SHT_DYNSYM,
  SHT_NOTE,
  SHT_PROGBITS,
  SHT_STRTAB,
  SHT_SYMTAB,
} from "./elf_builder.ts";

const MIB = 1024 * 1024;

function unlimited(): Budget {
  return new Budget("the test", { most: Infinity, perSecond: 0 });
}

// Deno takes libraries for leaks, which stay open once they are used: libc is, before the tests.
debugSymbols({ buildId: "00", debugLink: undefined } as ElfFile, "/", 1, unlimited());

/** A file that has zeros behind these bytes, as many as it likes: a sparse one. */
function sparse(bytes: Uint8Array<ArrayBuffer>, size: number): Source {
  return {
    size,
    read(offset, length) {
      const found = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      found.set(bytes.subarray(offset, offset + found.length));
      return found;
    },
  };
}

Deno.test("a budget is taken from, comes back with time, and says what it was", () => {
  let now = 0;
  const above = new Budget("all", { most: 5 * MIB, perSecond: 0 }, { now: () => now });
  const rate = { most: 3 * MIB, perSecond: MIB };
  const budget = new Budget("its process", rate, { above, now: () => now });
  budget.take(2 * MIB);
  const error = assertThrows(() => budget.take(2 * MIB), BudgetError);
  assertEquals(
    error.message,
    "its process has used up what is read of it: 3 MiB, then 1 MiB a second",
  );
  assertEquals([budget.used, above.used], [2 * MIB, 2 * MIB], "what is refused takes nothing");
  now += 1000;
  budget.take(2 * MIB);
  now += 1_000_000;
  assertThrows(
    () => budget.take(2 * MIB),
    BudgetError,
    "all has used up what is read of it: 5 MiB",
  );
  assertEquals([budget.used, above.used], [4 * MIB, 4 * MIB]);
});

Deno.test("work whose amount is known afterwards leaves a debt", () => {
  let now = 0;
  const budget = new Budget("x", { most: 10, perSecond: 10 }, { now: () => now });
  budget.spend(() => 35);
  assertEquals(budget.used, 35);
  now += 2500;
  let works = 0;
  assertThrows(() => budget.spend(() => ++works), BudgetError);
  assertEquals(works, 0);
  now += 200;
  budget.spend(() => ++works);
  assertEquals(works, 1);
});

Deno.test("who may keep more may read more, and each process has the same", () => {
  for (const [memory, most] of [[1, 256 * MIB], [512 * MIB, 512 * MIB]]) {
    const budgets = new Budgets(memory);
    budgets.ofProcess().files.take(most);
    assertThrows(() => budgets.ofProcess().files.take(most + MIB), BudgetError, "its process has");
  }
  const budgets = new Budgets(1);
  for (let process = 0; process < 3; process++) budgets.ofProcess().files.take(256 * MIB);
  const late = budgets.ofProcess();
  assertThrows(
    () => late.files.take(200 * MIB),
    BudgetError,
    "everything that is traced has used up",
  );
});

Deno.test("notes that lie over each other are read a few times", () => {
  const notes = { name: ".note", type: SHT_PROGBITS, bytes: new Uint8Array(64 * 1024) };
  const again = { name: ".note", type: SHT_NOTE, at: 1 };
  const segments = Array.from({ length: 2000 }, () => ({ type: PT_NOTE, section: 1 }));
  for (
    const file of [
      buildElf([notes], segments),
      buildElf([notes, ...Array.from({ length: 5000 }, () => again)]),
    ]
  ) {
    const budget = unlimited();
    const elf = new ElfFile(new BudgetedSource(new BytesSource(file), budget));
    const headers = budget.used;
    assertEquals(elf.buildId, undefined);
    assert(budget.used - headers <= MIB, `${budget.used - headers} bytes of notes`);
  }
});

Deno.test("a file of more segments than the kernel takes is refused", () => {
  const code = { name: ".text", type: SHT_PROGBITS, bytes: new Uint8Array(8) };
  const segments = Array.from({ length: 60_000 }, () => ({ type: PT_LOAD, section: 1 }));
  const bytes = buildElf([code], segments);
  const error = assertThrows(() => new ElfFile(new BytesSource(bytes)));
  assertStringIncludes(String(error), "it has too many segments: 60000");
});

const SYMBOLS = 2_000_000;

/** A file with two tables of two million symbols and the same strings, of which it has hardly a byte. */
function bigSymbols(strings: number): Source {
  const tables: BuiltSection[] = [SHT_SYMTAB, SHT_DYNSYM].map((type) => ({
    name: type === SHT_SYMTAB ? ".symtab" : ".dynsym",
    type,
    size: 24 * SYMBOLS,
    link: 3,
  }));
  const names: BuiltSection = { name: ".strtab", type: SHT_STRTAB, size: strings };
  return sparse(buildElf([...tables, names]), strings + 1024);
}

Deno.test("tables of symbols that take more than a file may have are not read", () => {
  const budget = new Budget("its file", { most: 192 * MIB, perSecond: 0 });
  const module = new CodeModule(bigSymbols(250 * MIB), "/hostile", Deno.pid, budget);
  assert(budget.used < MIB, `${budget.used} bytes`);
  assert(module.cost < 1024 * 1024);
  assertStringIncludes(module.obstacle!, "its file has used up what is read of it: 192 MiB");
});

Deno.test("strings that two tables of symbols have in common are read once", () => {
  const strings = new Uint8Array(100_000).fill(0x61);
  const table = new Uint8Array(24);
  const budget = unlimited();
  const file = buildElf([
    { name: ".symtab", type: SHT_SYMTAB, bytes: table, link: 3 },
    { name: ".dynsym", type: SHT_DYNSYM, bytes: table, link: 3 },
    { name: ".strtab", type: SHT_STRTAB, bytes: strings },
  ]);
  const elf = new ElfFile(new BudgetedSource(new BytesSource(file), budget));
  const headers = budget.used;
  assert(elf.symbols.cost < 150_000);
  assertEquals(budget.used - headers, 2 * table.length + strings.length);
});

/** A stripped program without a build id, and files that its debug link may mean, one for each place. */
class Linked implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly program: ElfFile;

  constructor(crc: number, places: readonly ((path: string) => void)[]) {
    const link = new Uint8Array(16);
    link.set(new TextEncoder().encode("x.debug"));
    new DataView(link.buffer).setUint32(8, crc, true);
    const section = { name: ".gnu_debuglink", type: SHT_PROGBITS, bytes: link.slice(0, 12) };
    this.program = new ElfFile(new BytesSource(buildElf([section])));
    Deno.mkdirSync(`${this.folder}/.debug`);
    const paths = [`${this.folder}/x.debug`, `${this.folder}/.debug/x.debug`];
    for (const [at, make] of places.entries()) make(paths[at]);
  }

  /** What is read to find its symbols. */
  get work(): number {
    const budget = unlimited();
    debugSymbols(this.program, `${this.folder}/program`, Deno.pid, budget);
    return budget.used;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Writes a file of this size that has symbols, or none. */
function debugFile(size: number, symbols: boolean): (path: string) => void {
  const sections: BuiltSection[] = [
    { name: symbols ? ".symtab" : ".other", type: SHT_SYMTAB, link: 2 },
    { name: ".strtab", type: SHT_STRTAB },
  ];
  return (path) => {
    Deno.writeFileSync(path, buildElf(sections));
    Deno.truncateSync(path, size);
  };
}

Deno.test("checksums are made of one file that could be meant, of 32 MiB at most, and once", {
  sanitizeResources: false,
}, () => {
  {
    using huge = new Linked(1, [debugFile(256 * MIB, true), debugFile(256 * MIB, true)]);
    assert(huge.work < MIB, `${huge.work} bytes of files that are too big`);
  }
  {
    using two = new Linked(1, [debugFile(20 * MIB, true), debugFile(20 * MIB, true)]);
    const { work } = two;
    assert(work > 20 * MIB && work < 21 * MIB, `${work} bytes of two files`);
    assert(two.work < MIB, "the sum is known by now");
  }
  {
    using without = new Linked(1, [debugFile(20 * MIB, false), debugFile(20 * MIB, false)]);
    assert(without.work < MIB, `${without.work} bytes of files without symbols`);
  }
  assertEquals(LIMITS.summedBytes, 32 * MIB);
});
