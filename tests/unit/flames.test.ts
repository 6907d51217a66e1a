import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { Profile } from "pprof-format";
import { type FlameFrame, FlameTree } from "#lib/tool/flames/flame_tree.ts";
import { folded } from "#lib/tool/flames/folded.ts";
import { measuredText } from "#lib/tool/flames/measured_text.ts";
import { pprof } from "#lib/tool/flames/pprof.ts";
import { FoldedError, readFolded } from "#lib/tool/flames/read_folded.ts";
import { speedscope } from "#lib/tool/flames/speedscope.ts";
import { svg } from "#lib/tool/flames/svg.ts";
import { writeFlames } from "#lib/tool/flames/write_flames.ts";
import type { Choice } from "#lib/tool/output/display.ts";
import { FlameDisplay } from "#lib/tool/output/flame_display.ts";
import { ByteOutput } from "#lib/tool/text/bytes.ts";
import { escapeText } from "#lib/tool/text/escape.ts";
import type { Flames } from "#lib/tool/tool.ts";

type Stack = readonly [names: readonly string[], value: number];

/** A stack of a thread: the kernel's frames have names in capitals. */
function framesOf(names: readonly string[]): FlameFrame[] {
  return names.map((name, at) => ({
    name,
    kind: at === 0 ? "task" : /^[A-Z]/.test(name) ? "kernel" : "user",
  }));
}

function treeOf(stacks: readonly Stack[]): FlameTree {
  const tree = new FlameTree();
  for (const [names, value] of stacks) tree.add(framesOf(names), value);
  return tree;
}

const known: Stack[] = [
  [["sh", "main", "read"], 7],
  [["sh", "main"], 2],
  [["sh", "main", "read"], 4],
  [["dd", "main", "READ"], 11],
  [["sh", "exit"], 3],
];

/** Names that break one format or another. */
const HOSTILE = [
  "a;b",
  "</text><script>alert(1)</script>",
  `"&'`,
  "]]>",
  "line\nline",
  "\x1b[2J",
  "\ud800",
  "\u202e",
  "x".repeat(4096),
  "",
];

const someStacks = fc.array(
  fc.tuple(
    fc.array(fc.oneof(fc.constantFrom("main", "read", ...HOSTILE), fc.string({ unit: "binary" })), {
      minLength: 1,
      maxLength: 6,
    }),
    fc.integer({ min: 1, max: 1_000_000 }),
  ),
  { maxLength: 20 },
);

const sum = (values: Iterable<number>) => [...values].reduce((all, value) => all + value, 0);

/** The text of each stack's line, its names escaped, with the sum of its values. */
function sums(stacks: readonly Stack[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const [names, value] of stacks) {
    const key = names.map(escapeText).join("\n");
    all.set(key, (all.get(key) ?? 0) + value);
  }
  return all;
}

/** Stacks by name, whatever order a format has them in. */
const ordered = (all: Map<string, number>) => new Map([...all].sort());

Deno.test("a stack is one line, however often it was seen", () => {
  assertEquals([...folded(treeOf(known), (value) => 10 * value)], [
    "dd;main;READ 110\n",
    "sh;exit 30\n",
    "sh;main 20\n",
    "sh;main;read 110\n",
  ]);
});

Deno.test("no name ends a line or a frame of folded stacks", () => {
  fc.assert(fc.property(someStacks, (stacks) => {
    const lines = [...folded(treeOf(stacks), (value) => value)];
    const values = lines.map((line) => Number(/^[^\n]* (\d+)\n$/.exec(line)![1]));
    assertEquals(sum(values), sum(stacks.map(([, value]) => value)));
  }));
});

Deno.test("what was folded is read again, and is the same when folded once more", () => {
  fc.assert(fc.property(someStacks, (stacks) => {
    const once = [...folded(treeOf(stacks), (value) => value)].join("");
    const names = once.replaceAll("\\", "/"); // a backslash is escaped each time
    assertEquals([...folded(readFolded(names), (value) => value)].sort().join(""), sorted(names));
  }));
  assertEquals(readFolded("sh;main;read_[k] 2.5\n\nsh 1").root.total, 3.5);
});

/** The same lines in order; those of stacks that have become the same added up. */
function sorted(text: string): string {
  const values = new Map<string, number>();
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const at = line.lastIndexOf(" ");
    const stack = line.slice(0, at);
    values.set(stack, (values.get(stack) ?? 0) + Number(line.slice(at + 1)));
  }
  return [...values].map(([stack, value]) => `${stack} ${value}\n`).sort().join("");
}

Deno.test("a line that is no folded stack is named by its number", () => {
  for (const line of ["sh;main", "sh;main -3", "17", "sh;main 3 "]) {
    const error = assertThrows(() => readFolded(`sh;main 7\n\n${line}\nsh 1\n`), FoldedError);
    assertEquals([error.line, error.text], [3, line]);
  }
});

Deno.test("a graph that is compared shows both shares, red where more and blue where less", () => {
  const tree = treeOf([[["sh", "main", "read"], 30], [["sh", "main"], 10]]);
  // Half as long, and the same but for the shares of read() and main().
  tree.compare(treeOf([[["sh", "main", "read"], 5], [["sh", "main"], 10], [["sh", "gone"], 5]]));
  const frames = framesIn([...svg(tree, "profile", "samples")].join(""));
  assertEquals(frames.map(({ title, fill }) => `${title} ${fill}`), [
    "all: 40 samples, 100.00 %, before 100.00 % hsl(215,0%,92%)",
    "sh: 40 samples, 100.00 %, before 100.00 % hsl(215,0%,92%)",
    "main: 40 samples, 100.00 %, before 75.00 % hsl(5,45%,76%)",
    "read: 30 samples, 75.00 %, before 25.00 % hsl(5,90%,60%)",
  ]);
  tree.compare(treeOf([[["sh", "main", "read"], 1]]));
  const { title, fill } = framesIn([...svg(tree, "profile", "samples")].join("")).at(-1)!;
  assertEquals([title, fill], [
    "read: 30 samples, 75.00 %, before 100.00 %",
    "hsl(215,90%,60%)",
  ]);
});

Deno.test("speedscope has every stack, with what was measured", () => {
  fc.assert(fc.property(someStacks, (stacks) => {
    const file = JSON.parse(speedscope(treeOf(stacks), "profile", "samples"));
    const [{ samples, weights, startValue, endValue, unit, type }] = file.profiles;
    const seen = (samples as number[][]).map((indices, at) =>
      [indices.map((index) => file.shared.frames[index].name as string), weights[at]] as const
    );
    const read = new Map(seen.map(([names, value]) => [names.join("\n"), value as number]));
    assertEquals(ordered(read), ordered(sums(stacks)));
    assertEquals([type, unit, startValue, endValue], ["sampled", "none", 0, sum(weights)]);
  }));
  const { profiles: [{ unit }] } = JSON.parse(speedscope(treeOf(known), "x", "nanoseconds"));
  assertEquals(unit, "nanoseconds");
});

Deno.test("pprof has every stack, the innermost function first", async () => {
  await fc.assert(
    fc.asyncProperty(someStacks, async (stacks) => {
      const compressed = new Blob([await pprof(treeOf(stacks), "nanoseconds")]).stream();
      const bytes = await new Response(compressed.pipeThrough(new DecompressionStream("gzip")))
        .bytes();
      const { sample, location, function: functions, stringTable, sampleType } = Profile.decode(
        bytes,
      );
      const text = (index: number | bigint) => stringTable.strings[Number(index)];
      const names = new Map(functions.map(({ id, name }) => [Number(id), text(name)]));
      const at = new Map(location.map(({ id, line }) => [Number(id), Number(line[0].functionId)]));
      const read = sample.map(({ locationId, value }) =>
        [
          locationId.map((id) => names.get(at.get(Number(id))!)).reverse().join("\n"),
          Number(value[0]),
        ] as const
      );
      assertEquals(ordered(new Map(read)), ordered(sums(stacks)));
      assertEquals(sampleType.map((s) => [text(s.type), text(s.unit)]), [["time", "nanoseconds"]]);
    }),
    { numRuns: 30 },
  );
});

/** The frames of a picture: what stands in its title, and its place. */
function framesIn(picture: string) {
  const errors: string[] = [];
  // A warning is all that U+FFFD is worth, which a name may have.
  const onError = (level: string, message: string) => {
    if (level !== "warning") errors.push(message);
  };
  const parser = new DOMParser({ onError });
  const document = parser.parseFromString(picture, "image/svg+xml");
  assertEquals(errors, []);
  const elements = new Set([...document.getElementsByTagName("*")].map(({ tagName }) => tagName));
  assertEquals([...elements].filter((name) => !/^(svg|g|title|rect|text)$/.test(name)), []);
  return [...document.getElementsByTagName("g")].map((frame) => {
    const [rect] = frame.getElementsByTagName("rect");
    const number = (name: string) => Number(rect.getAttribute(name));
    return {
      title: frame.getElementsByTagName("title")[0].textContent!,
      left: number("x"),
      top: number("y"),
      width: number("width"),
      fill: rect.getAttribute("fill"),
    };
  });
}

Deno.test("in the picture callees stand on their callers, as wide as what was measured", () => {
  const frames = framesIn([...svg(treeOf(known), "profile", "samples")].join(""));
  const byTitle = new Map(frames.map((frame) => [frame.title, frame]));
  const [all, dd, sh] = [
    "all: 27 samples, 100.00 %",
    "dd: 11 samples, 40.74 %",
    "sh: 16 samples, 59.26 %",
  ].map((title) => byTitle.get(title)!);
  assertEquals([all.left, all.width], [0, 1200]);
  assertEquals([dd.left, dd.width, sh.left, sh.width], [0, 488.89, 488.89, 711.11]);
  assert(dd.top === sh.top && dd.top < all.top);
  // Names are in the same colour wherever they are, the kernel's in others.
  const mains = frames.filter(({ title }) => title.startsWith("main"));
  assertEquals(mains.length, 2);
  assertEquals(mains[0].fill, mains[1].fill);
  assertEquals(frames.length, 8);
});

Deno.test("no name is anything but text in a picture", () => {
  fc.assert(fc.property(someStacks, (stacks) => {
    const frames = framesIn([...svg(treeOf(stacks), "<&>", "bytes")].join(""));
    const total = sum(stacks.map(([, value]) => value));
    assertEquals(frames[0].title, `all: ${total} bytes, ${total ? "100.00" : "0.00"} %`);
    for (const { left, width } of frames) assert(left >= 0 && left + width < 1200.02);
  }));
});

Deno.test("frames that nobody could see are left out of a picture, and counted", () => {
  const stacks: Stack[] = Array.from({ length: 101 }, (_, i) => [["sh", `f${i}`, "g"], 1]);
  const picture = [...svg(treeOf([...stacks, [["dd"], 1e7]]), "profile", "samples")].join("");
  assertMatch(picture, /; frames too narrow to see: 1, and those on them</);
  assertEquals(framesIn(picture).length, 2);
});

Deno.test("a graph has room for a number of frames, and the rest counts for outer ones", () => {
  const tree = new FlameTree(3);
  tree.add(framesOf(["sh", "main", "read"]), 7);
  tree.add(framesOf(["sh", "main", "write"]), 5);
  tree.add(framesOf(["dd", "main"]), 3);
  tree.add(framesOf(["sh", "main", "read"]), 2);
  const stacks = [...tree.stacks()].map(({ path, value }) => [path.map(({ name }) => name), value]);
  assertEquals(stacks, [[[], 3], [["sh", "main"], 5], [["sh", "main", "read"], 9]]);
  assertEquals([tree.root.total, tree.cut, tree.depth], [17, 8, 3]);
});

Deno.test("a picture is drawn of as many tasks as there may be", () => {
  const tree = new FlameTree();
  for (let task = 0; task < 300_000; task++) tree.add(framesOf([`task ${task}`]), 1);
  const text = [...svg(tree, "profile", "samples")].join("");
  assertMatch(text, /300000 samples in all; frames too narrow to see: 200000, /);
  assertEquals(tree.cut, 100_000);
});

Deno.test("what was measured is shown in a unit that suits it", () => {
  const times = [17, 1234, 1_234_567, 12_345_678_901].map((ns) => measuredText(ns, "nanoseconds"));
  assertEquals(times, ["17 ns", "1.234 us", "1.235 ms", "12.346 s"]);
  assertEquals(measuredText(4096, "bytes"), "4096 bytes");
});

/** What a display prints of two tables with one row each. */
async function shownOf(standing: boolean): Promise<string> {
  let shown = "";
  const out = new ByteOutput((bytes) => {
    shown += new TextDecoder().decode(bytes);
    return bytes.length;
  });
  const flames: Flames<unknown, Stack> = {
    unit: () => "bytes",
    value: ([, value]) => value,
    path: ([names]) => framesOf(names),
    standing,
    write: writeFlames,
  };
  const choice = { tool: { name: "memleak" }, options: {}, frame: {} } as unknown;
  const display = new FlameDisplay(
    choice as Choice<unknown, Stack>,
    { title: () => "", order: () => "value", limit: () => 1, flames },
    "folded",
    out,
  );
  for (const table of [known.slice(0, 2), known.slice(1, 3)]) display.show(table);
  await display.finish();
  out.flush();
  return shown;
}

Deno.test("tables are added up, or the last one stands for all", async () => {
  assertEquals(await shownOf(false), "sh;main 4\nsh;main;read 11\n");
  assertEquals(await shownOf(true), "sh;main 2\nsh;main;read 4\n");
});
