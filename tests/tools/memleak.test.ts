/**
 * memleak against what a program says of itself: leaks.c allocates and frees as often as prime numbers say, in
 * functions that stacks have by their names.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { memleak, type OutstandingBlocks } from "../../tools/memleak.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { delay, kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { withoutLosses } from "../kernel/running_tool.ts";

type Options = NonNullable<Parameters<typeof memleak>[0]>;

const program = new URL("../../build/tests/leaks", import.meta.url).pathname;

/** Seconds: no table before the end. */
const NEVER = 100_000;

/** A process that does one work after the other, when it is asked to: see tests/workloads/leaks.c. */
class Leaks implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;

  static start(...works: string[]): Leaks {
    const streams = { stdin: "piped", stdout: "piped" } as const;
    return new Leaks(new Deno.Command(program, { args: works, ...streams }).spawn());
  }

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#stdin = child.stdin.getWriter();
    this.#stdout = child.stdout.getReader();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Has it do this many works. */
  async go(works = 1): Promise<void> {
    for (let i = 0; i < works; i++) {
      await this.#stdin.write(Uint8Array.of(0));
      await this.#stdout.read();
    }
  }

  /** Has it begin a work. */
  async begin(): Promise<void> {
    await this.#stdin.write(Uint8Array.of(0));
  }

  async end(): Promise<void> {
    await this.#stdin.close().catch(() => {});
    await this.#stdout.cancel().catch(() => {});
    await this.#child.status;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

/** The one table of a trace in which something is done. */
async function traced(options: Options, work: () => Promise<unknown>) {
  using trace = memleak({ interval: NEVER, older: 0, ...options });
  await work();
  trace.stop();
  const rows = await Array.fromAsync(trace);
  return { rows, losses: trace.losses };
}

/** What a process keeps of some works. */
async function kept(works: string[], options: Options = {}) {
  await using leaks = Leaks.start(...works);
  return await traced({ pid: [leaks.pid], ...options }, () => leaks.go(works.length));
}

/** Rows as `allocator function: bytes in count`, by the function of leaks.c that called the allocator. */
function shown(rows: readonly OutstandingBlocks[]): string[] {
  return rows.map(({ stack, bytes, count }) => `${stack![0]} ${stack![1]}: ${bytes} in ${count}`)
    .sort();
}

const STAYED = ["malloc keep_others: 448 in 7", "malloc keep_some: 1024 in 16"];

kernelTest("of 1009 blocks those are shown that stay, by their stacks", {}, async () => {
  await using leaks = Leaks.start("stay");
  const begin = performance.now();
  const { rows, losses } = await traced({ pid: [leaks.pid] }, () => leaks.go());
  const most = (performance.now() - begin) * 1e6;
  assertEquals(shown(rows), STAYED);
  for (const row of rows) {
    assertEquals([row.pid, row.comm, row.truncated], [leaks.pid, "leaks", false]);
    assertEquals([row.growth_bytes, row.growth_count], [row.bytes, row.count]);
    assertEquals([row.total_allocs, row.blocks], [row.count, undefined]);
    assertEquals(row.stack![2], "main");
    assertMatch(row.frames![0], /^\[<[0-9a-f]{16}>\] malloc\+0x0 .*\/libc\b/);
    assertMatch(row.frames![1], /\] keep_\w+\+0x[1-9a-f][0-9a-f]* .*\/leaks$/);
    assert(row.age_min_ns! > 0 && row.age_min_ns! <= row.age_max_ns! && row.age_max_ns! <= most);
  }
  assertEquals(losses.map, 0n);
});

kernelTest("a block that realloc() cannot make larger stays what it was", {}, async () => {
  assertEquals(shown((await kept(["fail"])).rows), ["malloc fail: 128 in 1"]);
});

kernelTest("blocks that malloc() maps are what was asked for, and once", {}, async () => {
  const { rows } = await kept(["large"]);
  assertEquals(shown(rows), ["malloc keep_some: 7340032 in 7"]);
});

kernelTest("realloc() moves a block, and frees one", {}, async () => {
  assertEquals(shown((await kept(["grow"])).rows), ["realloc grow: 65536 in 1"]);
  assertEquals(shown((await kept(["zero"])).rows), []);
});

kernelTest("each function of malloc(3) is traced once, whatever it calls", {}, async () => {
  const { rows } = await kept(["each"]);
  assertEquals(
    shown(rows).map((row) => row.replace(/^(memalign|aligned_alloc) /, "aligned ")),
    [
      "aligned each: 109 in 1", // both are one function in some libraries
      "aligned each: 113 in 1",
      "calloc each: 309 in 1",
      "malloc each: 101 in 1",
      "posix_memalign each: 127 in 1",
      "pvalloc each: 137 in 1",
      "realloc each: 107 in 1",
      "valloc each: 131 in 1",
    ],
  );
  assertEquals((await kept(["each", "free"])).rows, []);
});

kernelTest("blocks from before the trace are no debt when they are freed", {}, async () => {
  for (const combined_only of [false, true]) {
    await using leaks = Leaks.start("each", "free", "stay");
    await leaks.go();
    const { rows } = await traced({ pid: [leaks.pid], combined_only }, () => leaks.go(2));
    assertEquals(shown(rows), STAYED);
  }
});

kernelTest("threads allocate at the same time, and nothing is lost or doubled", {}, async () => {
  for (const combined_only of [false, true]) {
    const { rows } = await kept(["threads"], { combined_only });
    const own = rows.filter(({ stack }) => stack!.includes("work_in_thread"));
    assertEquals(shown(own), ["malloc keep_some: 960 in 20"]);
  }
});

kernelTest("-p traces several processes, and no other", {}, async () => {
  await using one = Leaks.start("stay");
  await using other = Leaks.start("grow");
  await using third = Leaks.start("stay");
  const { rows } = await traced(
    { pid: [one.pid, other.pid] },
    () => Promise.all([one.go(), other.go(), third.go()]),
  );
  assertEquals(shown(rows), [...STAYED, "realloc grow: 65536 in 1"]);
  assertEquals(new Set(rows.map(({ pid }) => pid)), new Set([one.pid, other.pid]));
});

kernelTest("a program that is executed does not have what its process had before", {}, async () => {
  for (const combined_only of [false, true]) {
    await using leaks = Leaks.start("stay", "grow", "exec", "stay");
    const { rows } = await traced({ pid: [leaks.pid], combined_only }, async () => {
      await leaks.go(2);
      await leaks.begin();
      await leaks.go();
    });
    assertEquals(shown(rows), STAYED);
  }
});

kernelTest("a process that has ended keeps what it had until a table shows it", {}, async () => {
  for (const combined_only of [false, true]) {
    const leaks = Leaks.start("stay");
    // Blocks that nobody will free are old enough.
    using trace = memleak({ pid: [leaks.pid], combined_only, older: 3_600_000, interval: 0.3 });
    await leaks.go();
    await leaks.end();
    const tables: number[][] = [];
    for await (const rows of trace.batches()) {
      tables.push([...rows].map(({ count }) => count).sort((a, b) => a - b));
      if (tables.length === 3) break;
    }
    assertEquals(tables, [[7, 16], [], []]);
  }
});

kernelTest("-C shows the same from sums alone", {}, async () => {
  const { rows } = await kept(["stay", "fail", "grow", "zero"], { combined_only: true });
  assertEquals(shown(rows), ["malloc fail: 128 in 1", ...STAYED, "realloc grow: 65536 in 1"]);
  assert(rows.every(({ age_min_ns, age_max_ns }) => age_min_ns === undefined && !age_max_ns));
  const { stderr, code } = await runTool("memleak", ["-aC"]);
  assertEquals([stderr, code], ["memleak: -a and -C exclude each other\n", 64]);
});

kernelTest("-a shows each block", {}, async () => {
  const { rows } = await kept(["stay"], { show_allocs: true, wa_missing_free: true });
  for (const { blocks, count } of rows) {
    assertEquals(new Set(blocks).size, count);
    for (const block of blocks!) assertMatch(block, /^addr = 0x[0-9a-f]+ size = 64$/);
  }
});

kernelTest("-z and -Z leave out blocks by their sizes", {}, async () => {
  const { rows } = await kept(["each", "grow"], { min_size: 110, max_size: 130 });
  assertEquals(rows.map(({ bytes }) => bytes).sort(), [113, 127]);
});

kernelTest("-s traces one allocation of this many", {}, async () => {
  // The first, the sixth and so on of a thread.
  const { rows } = await kept(["stay"], { sample_rate: 5 });
  assertEquals(shown(rows), ["malloc keep_others: 64 in 1", "malloc keep_some: 256 in 4"]);
});

kernelTest("-o leaves out blocks that are younger", {}, async () => {
  assertEquals((await kept(["stay"], { older: 3_600_000 })).rows, []);
});

kernelTest("--growth shows what has grown since the table before, once", {}, async () => {
  await using leaks = Leaks.start("stay", "stay", "stay");
  const options = { pid: [leaks.pid], growth: true, interval: 0.2, older: 0 };
  using trace = memleak(options);
  let grown = 0, works = 0, last = 0;
  for await (const rows of trace.batches()) {
    for (const { stack, growth_count, count } of rows) {
      if (!stack!.includes("keep_some")) continue;
      assert(growth_count > 0 && growth_count <= count);
      grown += growth_count;
      last = count;
    }
    if (works < 3) await leaks.go();
    else if (grown === 48) break;
    works++;
  }
  assertEquals([grown, last], [48, 48]);
});

kernelTest("blocks and stacks without room are reported", {}, async () => {
  for (const combined_only of [false, true]) {
    const { rows, losses } = await kept(["stay"], { max_blocks: 5, combined_only });
    assert(rows.reduce((sum, { count }) => sum + count, 0) <= 5);
    assert(losses.map! > 0n);
  }
  const { rows, losses } = await kept(["stay"], { stack_storage_size: 1 });
  assert(losses.map! > 0n);
  assertEquals(rows.reduce((sum, { count }) => sum + count, 0), 23);
});

kernelTest("frames are as many as --perf-max-stack-depth says", {}, async () => {
  const { rows } = await kept(["stay"], { perf_max_stack_depth: 2 });
  assert(rows.every(({ stack, truncated }) => stack!.length === 2 && truncated));
});

kernelTest("-O and -S trace another allocator, in all its processes", {}, async () => {
  await using leaks = Leaks.start("own", "stay");
  const options = { obj: program, symbols_prefix: "own_", ppid: Deno.pid };
  const { rows } = await traced(options, () => leaks.go(2));
  assertEquals(shown(rows), ["own_malloc own: 56 in 1"]);
  const wrong = await runTool("memleak", ["-O", program, "-S", "none_"]);
  assertEquals(wrong.code, 64);
  assertStringIncludes(wrong.stderr, "none_malloc");
});

kernelTest("--cgroup chooses among the processes", {}, async () => {
  await using cgroup = new Cgroup();
  await using other = Leaks.start("own", "own");
  const options = { obj: program, symbols_prefix: "own_", cgroup: cgroup.path };
  const { rows } = await traced(options, async () => {
    await other.go(2);
    const [shell, ...args] = cgroup.command(program, "own");
    const child = new Deno.Command(shell, { args, stdin: "piped", stdout: "null" }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(Uint8Array.of(0, 0)); // for the work, and for the end
    await writer.close();
    await child.status;
  });
  assertEquals(rows.map(({ bytes, count }) => [bytes, count]), [[56, 1]]);
});

kernelTest("stacks are shown as the C tool shows them", {}, async () => {
  await using leaks = Leaks.start("stay");
  const args = ["-p", `${leaks.pid}`, "-o", "0", "-T", "1", "-a", "0.5"];
  await using tool = startTool("memleak", args);
  await tool.until(`Attaching to pid ${leaks.pid}, Ctrl+C to quit.\n`);
  await leaks.go();
  await tool.until(/^\t2 .*\n/m);
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([withoutLosses(stderr), code], ["", 0]);
  assertMatch(stdout, /^\[\d\d:\d\d:\d\d\] Top 1 stacks with outstanding allocations:$/m);
  assertMatch(
    stdout,
    /^1024 bytes in 16 allocations from stack\n(\taddr = 0x[0-9a-f]+ size = 64\n){16}\t0 \[<[0-9a-f]{16}>\] malloc\+0x0 /m,
  );
});

kernelTest("-f prints a line for each stack, and nothing else", {}, async () => {
  await using leaks = Leaks.start(...Array<string>(10_000).fill("stay"));
  await using tool = startTool("memleak", ["-p", `${leaks.pid}`, "-f", "-o", "0", "0.3"]);
  // There is no line that says when it has begun.
  while (tool.stdout === "") {
    await leaks.go();
    await delay(20);
  }
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([withoutLosses(stderr), code], ["", 0]);
  for (const line of stdout.trimEnd().split("\n")) {
    assertMatch(line, /^leaks;(.+;)?main;keep_(some|others|none);malloc \d+$/);
  }
});

for (const how of ["--", "-c"] as const) {
  kernelTest(`a command is traced with its children: ${how}`, {}, async () => {
    const line = `printf 0000 | ${program} stay fork large > /dev/null; exit 3`;
    const command = how === "--" ? ["--", "sh", "-c", line] : ["-c", `sh -c '${line}'`];
    const args = ["-o", "0", "-T", "1000", `${NEVER}`, ...command];
    const { stdout, code } = await runTool("memleak", args);
    assertEquals(code, 3);
    for (
      const what of ["1024 bytes in 16", "448 bytes in 7", "240 bytes in 3", "7340032 bytes in 7"]
    ) {
      assertEquals(stdout.split(`\n${what} allocations from stack\n`).length, 2, what);
    }
  });
}

kernelTest("a flame graph shows what is outstanding at the end", {}, async () => {
  const line = `printf 00 | ${program} stay > /dev/null`;
  const args = ["-o", "0", "--output", "folded", `${NEVER}`, "--", "sh", "-c", line];
  await using tool = startTool("memleak", args);
  const { stdout, code } = await tool.finish();
  assertEquals(code, 0);
  const values = stdout.trimEnd().split("\n").map((line) => Number(line.replace(/.* /, "")));
  // A process that has ended may have no names any more: then its stacks cannot be distinguished.
  const sums = values.includes(1472) ? [1472] : [1024, 448];
  assert(sums.every((sum) => values.includes(sum)), stdout);
  assert(!stdout.includes("kernel;"), stdout);
});

/** Blocks of the kernel that were allocated in a function. */
const allocatedIn = (rows: readonly OutstandingBlocks[], name: string) =>
  rows.filter(({ stack }) => stack!.includes(name)).map(({ count }) => count);

kernelTest("memory of the kernel is shown by its stacks", {}, async () => {
  for (const combined_only of [false, true]) {
    await using leaks = Leaks.start("pipes");
    const options = { comm: "leaks", combined_only };
    const { rows } = await traced(options, () => leaks.go());
    // The pipe, and its buffers.
    assertEquals(allocatedIn(rows, "alloc_pipe_info"), [16, 16]);
    for (const { stack, pid, comm } of rows) {
      assertEquals([pid, comm], [undefined, undefined]);
      assert(!/^(bpf_|__bpf_|__traceiter_)/.test(stack![0] ?? ""), `${stack}`);
    }
  }
});

kernelTest("pages of the kernel are freed with what they were mapped for", {}, async () => {
  await using leaks = Leaks.start("pages", "pages", "unmap");
  const { rows } = await traced({ comm: "leaks" }, () => leaks.go());
  const written = rows.filter(({ count }) => count === 101);
  assertEquals(written.length, 1);
  assertEquals(written[0].bytes % 101, 0);
  const after = await traced({ comm: "leaks" }, () => leaks.go(2));
  assert(after.rows.every(({ count }) => count < 101));
});

kernelTest("-P traces per-CPU memory of the kernel", {}, async () => {
  for (const percpu of [true, false]) {
    // The namespace, and what is mounted there, end with the shell.
    const shell = new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", "read line; mount -t tmpfs none /tmp && echo done && read line"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const [reader, writer] = [shell.stdout.getReader(), shell.stdin.getWriter()];
    const { rows } = await traced({ comm: "mount", percpu }, async () => {
      await writer.write(new TextEncoder().encode("\n"));
      await reader.read();
    });
    await writer.close();
    await reader.cancel();
    await shell.status;
    const found = rows.filter(({ stack }) => stack!.some((name) => name.startsWith("pcpu_alloc")));
    assertEquals(found.length > 0, percpu);
  }
});
