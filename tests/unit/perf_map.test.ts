/** The maps of JITs: the forms that runtimes write, files that change, and files that were made to do harm. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "../fast_check.ts";
import { Budget, LIMITS } from "#lib/symbols/budget.ts";
import { JitSymbols, lastLines } from "#lib/symbols/jit_symbols.ts";
import { newest } from "#lib/symbols/newest.ts";
import { PerfMap } from "#lib/symbols/perf_map.ts";
import { FileSource } from "#lib/symbols/source.ts";

// Deno takes libraries for leaks, which stay open once they are used: libc is, before the tests.
new PerfMap("/", "nonexistent", [], unlimited()).update();

const MIB = 1024 * 1024;

function unlimited(): Budget {
  return new Budget("the test", { most: Infinity, perSecond: 0 });
}

function symbolsOf(text: string): JitSymbols {
  const symbols = new JitSymbols();
  const { lines, count } = lastLines(new Uint8Array(new TextEncoder().encode(text)));
  symbols.add(lines, count);
  return symbols;
}

Deno.test("a perf map is read in the form that each runtime writes", () => {
  const lines = {
    "V8": "7f6a554fdba0 110 LazyCompile:*foo /a.js:1",
    "HotSpot": "0x00007f6a554fdba0 0x0000000000000110 LazyCompile:*foo /a.js:1",
    "CoreCLR": "00007F6A554FDBA0 110 LazyCompile:*foo /a.js:1",
    "tabs": "7f6a554fdba0\t110\tLazyCompile:*foo /a.js:1",
    "lines of Windows": "7f6a554fdba0 110 LazyCompile:*foo /a.js:1\r",
  };
  for (const [runtime, line] of Object.entries(lines)) {
    const symbols = symbolsOf(`${line}\n`);
    const expected = { name: "LazyCompile:*foo /a.js:1", start: 0x7f6a554fdba0 };
    assertEquals(symbols.lookup(0x7f6a554fdba0), expected, runtime);
    assertEquals(symbols.lookup(0x7f6a554fdba0 + 0x10f), expected, runtime);
    assertEquals(symbols.lookup(0x7f6a554fdba0 + 0x110), undefined, runtime);
    assertEquals(symbols.lookup(0x7f6a554fdba0 - 1), undefined, runtime);
  }
  assertEquals(symbolsOf("10 5 grüße::λ\n").lookup(0x10)?.name, "grüße::λ");
});

Deno.test("lines of a perf map that are none are passed over, and those around them are read", () => {
  const odd = [
    "",
    "10",
    "10 5",
    "10 5 ",
    "x 5 a",
    "10 y a",
    "0x 5 a",
    "fffffffffffffffff 5 a",
    "-10 5 a",
  ];
  for (const line of [...odd, "20 fffffffffffffffff a", "20 0 empty", "20 5 \0hidden"]) {
    const symbols = symbolsOf(`1000 5 before\n${line}\n2000 5 behind\n3000 5 half a li`);
    assertEquals(symbols.size, 2, JSON.stringify(line));
    assertEquals(symbols.lookup(0x1004)?.name, "before");
    assertEquals(symbols.lookup(0x2004)?.name, "behind");
  }
  const long = symbolsOf(`1000 5 ${"x".repeat(10_000)}\n2000 5 behind\n`);
  assertEquals(long.lookup(0x1000)?.name.length, LIMITS.perfMapLine - "1000 5 ".length);
  assertEquals(long.lookup(0x2000)?.name, "behind");
});

Deno.test("new code over many dead pieces has its own name everywhere", () => {
  const dead = Array.from(
    { length: 40 },
    (_, at) => `${(0x1000 + at * 16).toString(16)} 10 small\n`,
  );
  const symbols = symbolsOf(`${dead.join("")}1000 4000 big\n`);
  assertEquals(symbols.size, 1);
  for (const at of [0x1000, 0x1100, 0x1800, 0x4fff]) assertEquals(symbols.lookup(at)?.name, "big");
  assertEquals(symbols.lookup(0x5000), undefined);
});

Deno.test("newest() leaves out what something later overlaps", () => {
  const interval = fc.record({ start: fc.nat(60), size: fc.nat(12) });
  fc.assert(fc.property(fc.array(interval, { maxLength: 40 }), (all) => {
    const overlap = (a: typeof all[0], b: typeof all[0]) =>
      b.size > 0 && a.start < b.start + b.size && b.start < a.start + a.size;
    const expected = all.map((_, at) => at)
      .filter((at) => all[at].size > 0)
      .filter((at) => !all.slice(at + 1).some((later) => overlap(all[at], later)))
      .sort((a, b) => all[a].start - all[b].start);
    const starts = Float64Array.from(all, ({ start }) => start);
    const ends = Float64Array.from(all, ({ start, size }) => start + size);
    assertEquals([...newest(starts, ends)], expected);
  }));
});

Deno.test("lines that come later in a file are newer, however they are split up", () => {
  const line = fc.record({
    start: fc.nat(40),
    size: fc.nat(9),
    name: fc.constantFrom("a", "b", "c"),
  });
  const some = fc.array(fc.array(line, { maxLength: 12 }), { maxLength: 5 });
  fc.assert(fc.property(some, (batches) => {
    const text = (lines: typeof batches[0]) =>
      lines.map(({ start, size, name }) => `${start.toString(16)} ${size.toString(16)} ${name}\n`)
        .join("");
    const whole = symbolsOf(text(batches.flat()));
    const split = new JitSymbols();
    for (const batch of batches) {
      const { lines, count } = lastLines(new Uint8Array(new TextEncoder().encode(text(batch))));
      split.add(lines, count);
    }
    for (let at = 0; at < 50; at++) assertEquals(split.lookup(at), whole.lookup(at));
  }));
});

/** A perf map's file, until it is disposed of. */
class MapFile implements Disposable {
  readonly path = Deno.makeTempFileSync();

  constructor(text: string) {
    this.write(text);
  }

  /** Writes it anew, as `jcmd PID Compiler.perfmap` does: the same file with other contents. */
  write(text: string): void {
    const before = this.#identity();
    do Deno.writeTextFileSync(this.path, text); // until the kernel's clock, which is coarse, has moved
     while (this.#identity() === before);
  }

  #identity(): string {
    using file = FileSource.open(this.path);
    return file.status.identity;
  }

  append(text: string): void {
    Deno.writeTextFileSync(this.path, text, { append: true });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path);
  }
}

const owners = [Deno.uid()!];

Deno.test(
  "a perf map is read on, and not again, while it grows",
  { sanitizeResources: false },
  () => {
    using file = new MapFile("1000 10 first\n");
    const budget = unlimited();
    const map = new PerfMap("/", file.path, owners, budget);
    map.update();
    assertEquals(map.lookup(0x1004)?.name, "first");
    file.append(`2000 10 ${"x".repeat(100_000)}\n3000 10 third\n4000 1`);
    map.update();
    assertEquals(map.lookup(0x3004)?.name, "third");
    assertEquals(map.lookup(0x1004)?.name, "first");
    const { used } = budget;
    map.update();
    assertEquals(budget.used, used, "it is as it was");
    file.append("0 fourth\n");
    map.update();
    assertEquals(map.lookup(0x4004)?.name, "fourth");
    assert(budget.used - used < 10_000);
  },
);

Deno.test("a perf map that is written anew has its new names alone", () => {
  const one = "1000 100 old_one\n1100 100 second\n";
  const others = {
    "longer": "1000 100 new_one\n1200 100 second\n1300 100 third\n",
    "as long": "1000 100 new_one\n1200 100 second\n",
    "shorter": "1000 100 new_one\n",
  };
  for (const [what, text] of Object.entries(others)) {
    using file = new MapFile(one);
    const map = new PerfMap("/", file.path, owners, unlimited());
    map.update();
    assertEquals(map.lookup(0x1010)?.name, "old_one");
    file.write(text);
    map.update();
    assertEquals(
      [map.lookup(0x1010)?.name, map.lookup(0x1110)?.name],
      ["new_one", undefined],
      what,
    );
  }
});

Deno.test("a perf map in place of another is read from its beginning", () => {
  using file = new MapFile("1000 100 one\n");
  using other = new MapFile("2000 100 two\n3000 100 three\n");
  const map = new PerfMap("/", file.path, owners, unlimited());
  map.update();
  Deno.copyFileSync(other.path, `${file.path}.new`);
  Deno.renameSync(`${file.path}.new`, file.path);
  map.update();
  assertEquals([map.lookup(0x1000)?.name, map.lookup(0x2000)?.name], [undefined, "two"]);
  Deno.renameSync(file.path, `${file.path}.gone`);
  map.update();
  assertEquals(map.lookup(0x2000)?.name, "two", "a file that is gone takes no names away");
  Deno.renameSync(`${file.path}.gone`, file.path);
});

Deno.test("a perf map of a stranger, a link and a FIFO are not read", () => {
  using file = new MapFile("1000 100 stranger\n");
  const map = new PerfMap("/", file.path, [4242], unlimited());
  map.update();
  assertEquals([map.lookup(0x1000), map.obstacle], [undefined, "its perf map is of another user"]);
  const link = `${file.path}.link`;
  Deno.symlinkSync(file.path, link);
  const fifo = `${file.path}.fifo`;
  new Deno.Command("mkfifo", { args: [fifo] }).outputSync();
  try {
    for (const path of [link, fifo]) {
      const map = new PerfMap("/", path, owners, unlimited());
      map.update();
      assertEquals(map.lookup(0x1000), undefined);
    }
  } finally {
    Deno.removeSync(link);
    Deno.removeSync(fifo);
  }
});

Deno.test("a sparse perf map without an end is looked at once", () => {
  using file = new MapFile("1000 100 first\n");
  Deno.truncateSync(file.path, 2 ** 40);
  const budget = unlimited();
  const map = new PerfMap("/", file.path, owners, budget);
  for (let frame = 0; frame < 100; frame++) map.update();
  assertEquals(budget.used, LIMITS.perfMapBytes);
  assertEquals(map.lookup(0x1000), undefined);
  assertStringIncludes(map.obstacle!, "its perf map is too big");
  file.append("\n2000 100 behind\n");
  map.update();
  assertEquals(map.lookup(0x2000)?.name, "behind");
  assert(budget.used - LIMITS.perfMapBytes < 20_000);
});

Deno.test("a perf map of many short lines takes no more memory than it may", () => {
  const lines = "1 1 a\n".repeat(1000);
  using file = new MapFile("");
  using handle = Deno.openSync(file.path, { append: true });
  const bytes = new TextEncoder().encode(lines.repeat(20));
  for (let size = 0; size < LIMITS.perfMapBytes; size += bytes.length) handle.writeSync(bytes);
  const distinct = Array.from({ length: 300_000 }, (_, at) => `${at.toString(16)} 1 a\n`).join("");
  handle.writeSync(new TextEncoder().encode(distinct));
  const budget = unlimited();
  const map = new PerfMap("/", file.path, owners, budget);
  map.update();
  assert(map.cost < 8 * MIB, `${map.cost} bytes`);
  assert(budget.used < 64 * MIB, `${budget.used} bytes of work`);
  assertEquals(map.lookup(299_999)?.name, "a", "the newest are kept");
  assertStringIncludes(map.obstacle!, "its perf map is too big");
});

Deno.test("a perf map that is written anew for ever is read as far as the budget reaches", () => {
  let now = 0;
  const budget = new Budget("its process", { most: 3000, perSecond: 1000 }, { now: () => now });
  using file = new MapFile(`1000 10 ${"x".repeat(900)}\n`);
  const map = new PerfMap("/", file.path, owners, budget);
  for (let round = 0; round < 9; round++) {
    map.update();
    file.write(`1000 10 ${`${round}`.repeat(900)}\n`);
  }
  assert(budget.used <= 3000);
  assertStringIncludes(map.obstacle!, "its process has used up what is read of it");
  now += 1000;
  map.update();
  assertEquals([map.lookup(0x1000)?.name.length, map.obstacle], [900, undefined]);
});
