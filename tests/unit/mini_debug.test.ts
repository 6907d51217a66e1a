import { assert, assertEquals, assertThrows } from "@std/assert";
import { Budget, BudgetError } from "#lib/symbols/budget.ts";
import { ElfFile } from "#lib/symbols/elf.ts";
import { miniDebugFile } from "#lib/symbols/mini_debug.ts";
import { BytesSource } from "#lib/symbols/source.ts";
import { buildElf, SHT_NOBITS, SHT_PROGBITS } from "./elf_builder.ts";

const MIB = 1024 * 1024;

const budget = new Budget("the test", { most: Infinity, perSecond: 0 });

/** What is found in a file whose `.gnu_debugdata` is this. */
function found(
  type: number,
  bytes: Uint8Array<ArrayBuffer>,
  size = bytes.length,
  paid = budget,
) {
  const file = buildElf([{ name: ".gnu_debugdata", type, bytes, size }]);
  return miniDebugFile(new ElfFile(new BytesSource(file)), paid);
}

/** Compressed as a distribution does it. */
async function xz(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const child = new Deno.Command("xz", { args: ["-1c"], stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  const written = writer.write(bytes).then(() => writer.close());
  const { stdout } = await child.output();
  await written;
  return stdout;
}

// With a size of 0 or of SHT_NOBITS the room for what comes out was 0, and 4 times 0 after that.
Deno.test("a .gnu_debugdata without bytes is none, and does not hold the symbolizer for ever", {
  sanitizeResources: false,
}, () => {
  assertEquals(found(SHT_PROGBITS, new Uint8Array(0)), undefined);
  assertEquals(found(SHT_NOBITS, new Uint8Array(0), 4096), undefined);
});

Deno.test("a .gnu_debugdata that is no xz file, or half of one, is none", async () => {
  assertEquals(found(SHT_PROGBITS, new Uint8Array(100)), undefined);
  const whole = await xz(buildElf([{ name: ".inside", type: SHT_PROGBITS }]));
  assertEquals(found(SHT_PROGBITS, whole.slice(0, whole.length / 2)), undefined);
});

Deno.test("a .gnu_debugdata is decompressed however much is in it", async () => {
  for (const size of [0, 100_000, 9_000_000]) {
    const inside = buildElf([{ name: ".inside", type: SHT_PROGBITS, bytes: new Uint8Array(size) }]);
    const names = found(SHT_PROGBITS, await xz(inside))?.sections.map(({ name }) => name);
    assertEquals(names, ["", ".inside", ".shstrtab"]);
  }
});

Deno.test("a .gnu_debugdata that unfolds into more than 64 MiB is none, and what was tried is paid for", async () => {
  const bytes = await xz(new Uint8Array(70 * MIB));
  const { used } = budget;
  assertEquals(found(SHT_PROGBITS, bytes), undefined);
  assert(budget.used - used < 128 * MIB, `${budget.used - used} bytes`);
  const small = new Budget("its file", { most: MIB, perSecond: 0 });
  assertThrows(() => found(SHT_PROGBITS, bytes, bytes.length, small), BudgetError);
});
