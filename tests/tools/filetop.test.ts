import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ValueError } from "#lib/tool/mod.ts";
import { filetop, type FileUsage, tool } from "../../tools/filetop.ts";
import { runFiles, workload } from "./file_calls.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { csvRows } from "./tcp_workload.ts";

type Options = NonNullable<Parameters<typeof filetop>[0]>;

const BLOCK = 4096n;
const WHOLE = 53n * BLOCK;

/** A folder of a test's own. */
function ownFolder() {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** What is counted while `work` runs, in one table. */
async function counted(options: Options, work: () => unknown): Promise<FileUsage[]> {
  using trace = filetop({ interval: 0, comm: "files", ...options });
  await work();
  trace.stop();
  const rows: FileUsage[] = [];
  for await (const table of trace.batches()) table.forEach((row) => rows.push(row));
  assertEquals(trace.losses.map ?? 0n, 0n);
  return rows;
}

/** The row of one file. */
const rowOf = (rows: FileUsage[], path: string) => {
  const found = rows.filter((row) => row.path === path);
  assertEquals(found.length, 1, `${path}: ${rows.map((row) => row.path).join(" ")}`);
  const { reads, writes, read_bytes, write_bytes, errors } = found[0];
  return [reads, writes, read_bytes, write_bytes, errors];
};

kernelTest("bytes that were moved are counted, by every call that moves them", {}, async () => {
  using folder = ownFolder();
  const rows = await counted({}, () => {
    return runFiles(folder.path, "make", "sync", "read", "vector", "splice", "end", "append");
  });
  assertEquals(rowOf(rows, `${folder.path}/file`), [
    41n + 37n + 31n + 3n + 5n,
    1n + 23n + 7n,
    (41n + 37n + 31n) * BLOCK + 3n * 100n,
    WHOLE + (23n + 7n) * BLOCK,
    2n,
  ]);
});

kernelTest("a call that copies counts for both of its files", {}, async () => {
  using folder = ownFolder();
  const rows = await counted({}, () => runFiles(folder.path, "make", "copy"));
  assertEquals(rowOf(rows, `${folder.path}/file`), [10n, 1n, 10n * BLOCK, WHOLE, 0n]);
  assertEquals(rowOf(rows, `${folder.path}/copy`), [0n, 10n, 0n, 10n * BLOCK, 0n]);
  const { ino } = Deno.statSync(`${folder.path}/file`);
  const row = rows.find(({ path }) => path === `${folder.path}/file`)!;
  assertEquals([row.ino, row.type, row.comm], [BigInt(ino!), "R", "files"]);
  assert(row.pid === row.tid && row.fs !== undefined && /^\d+:\d+$/.test(String(row.dev)));
});

kernelTest("of aio what is asked for is counted, and marked", {}, async () => {
  using folder = ownFolder();
  const rows = await counted({}, () => runFiles(folder.path, "make", "aio", "batch"));
  assertEquals(rowOf(rows, `${folder.path}/file`), [
    13n,
    1n + 5n,
    13n * BLOCK,
    WHOLE + 5n * BLOCK,
    0n,
  ]);
  assertEquals(rows.map(({ aio }) => aio).toSorted(), [0n, 13n + 5n]);
});

kernelTest(
  "io_uring is counted when its requests end, by the thread that asked",
  { needs: ["io_uring_request"] },
  async () => {
    using folder = ownFolder();
    const kinds = ["make", "uring", "cached", "uwrite"];
    const rows = await counted({}, () => runFiles(folder.path, ...kinds));
    assertEquals(rowOf(rows, `${folder.path}/file`), [
      11n + 3n,
      1n + 7n,
      (11n + 3n) * BLOCK,
      WHOLE + 7n * BLOCK,
      0n,
    ]);
  },
);

kernelTest("rows are of threads, processes or files", {}, async () => {
  using folder = ownFolder();
  const work = async () => {
    await runFiles(folder.path, "make", "threads");
    await runFiles(folder.path, "read");
  };
  const file = `${folder.path}/file`;
  const rows = async (by: "thread" | "process" | "file") =>
    (await counted({ by }, work)).filter(({ path }) => path === file);
  const threads = await rows("thread");
  assertEquals(threads.length, 1 + 23 + 1);
  assertEquals(
    threads.filter(({ writes, write_bytes }) => writes === 1n && write_bytes === BLOCK).length,
    23,
  );
  const processes = await rows("process");
  assertEquals(processes.map(({ tid, reads, writes }) => [tid, reads, writes]).sort(), [
    [undefined, 0n, 24n],
    [undefined, 41n, 0n],
  ]);
  const [one, ...others] = await rows("file");
  assertEquals(others, []);
  assertEquals([one.pid, one.tid, one.comm, one.reads, one.writes], [
    undefined,
    undefined,
    undefined,
    41n,
    24n,
  ]);
});

kernelTest("pipes are counted with all, and a file that was closed has no name", {}, async () => {
  using folder = ownFolder();
  const work = () => runFiles(folder.path, "make", "splice", "closed");
  const unnamed = (rows: FileUsage[]) =>
    rows.filter(({ path }) => path === undefined).map(({ type, ino, fs, reads, read_bytes }) => [
      type,
      ino,
      fs,
      reads,
      read_bytes,
    ]);
  const closed = [[undefined, undefined, undefined, 1n, 1n]];
  const all = await counted({ all: true }, work);
  const pipes = all.filter(({ type }) => type === "P");
  assertEquals(new Set(pipes.map(({ fs }) => fs)), new Set(["pipefs"]));
  const [spliced, ...others] = pipes.filter(({ reads }) => reads > 0n);
  assertEquals([spliced.reads, spliced.writes, spliced.write_bytes], [31n, 31n, 31n * BLOCK]);
  assertEquals([others, unnamed(all)], [[], closed]);
  const regular = await counted({}, work);
  assertEquals(regular.filter(({ type }) => type !== "R").length, 1);
  assertEquals(unnamed(regular), closed);
});

kernelTest("a folder's own files alone, reads alone, or writes alone", {}, async () => {
  using folder = ownFolder();
  const below = `${folder.path}/below`;
  Deno.mkdirSync(below);
  const work = async () => {
    await runFiles(folder.path, "make", "read");
    await runFiles(below, "make", "read");
  };
  const directory = (tool.options.directory as { parse: (path: string) => Options["directory"] })
    .parse(folder.path);
  const file = `${folder.path}/file`;
  const here = await counted({ directory, by: "file" }, work);
  assertEquals(here.map(({ path }) => path), [file]);
  const reads = await counted({ directory, by: "file", read_only: true }, work);
  assertEquals(rowOf(reads, file), [41n, 0n, 41n * BLOCK, 0n, 0n]);
  const writes = await counted({ directory, by: "file", write_only: true }, work);
  assertEquals(rowOf(writes, file), [0n, 1n, 0n, WHOLE, 0n]);
});

kernelTest(
  "a file keeps its name from table to table, and one that comes back has it",
  {},
  async () => {
    using folder = ownFolder();
    using trace = filetop({ interval: 0.05, by: "file", write_only: true, comm: "files" });
    const tables = trace.batches();
    await runFiles(folder.path, "make");
    const seen: FileUsage[] = [];
    for (let round = 0; round < 5; round++) {
      await runFiles(folder.path, "append");
      while (seen.reduce((sum, { writes }) => sum + writes, 0n) < 1n + 7n * BigInt(round + 1)) {
        const { value } = await tables.next();
        for (const row of value ?? []) if (row.path === `${folder.path}/file`) seen.push(row);
      }
      // tables without the file, after which its name is forgotten
      if (round % 2) { for (let i = 0; i < 3; i++) await tables.next(); }
    }
    trace.stop();
    assertEquals(seen.reduce((sum, { writes }) => sum + writes, 0n), 1n + 5n * 7n);
  },
);

kernelTest("filetop counts what strace counts", {}, async () => {
  using folder = ownFolder();
  const kinds = ["make", "read", "vector", "splice", "end"];
  const rows = await counted({ all: true }, () => runFiles(folder.path, ...kinds));
  const { stderr, success } = await new Deno.Command("strace", {
    args: [
      "-P",
      `${folder.path}/file`,
      "-e",
      "trace=read,pread64,preadv,splice",
      workload,
      ...kinds,
    ],
    cwd: folder.path,
    stderr: "piped",
  }).output();
  assert(success);
  const results = [...new TextDecoder().decode(stderr).matchAll(/^p?(?:read|splice).* = (-?\d+)/gm)]
    .map(([, result]) => BigInt(result));
  const [reads, , read_bytes, , errors] = rowOf(rows, `${folder.path}/file`);
  assertEquals(reads, BigInt(results.filter((result) => result >= 0n).length));
  assertEquals(errors, BigInt(results.filter((result) => result < 0n).length));
  assertEquals(read_bytes, results.reduce((sum, result) => result > 0n ? sum + result : sum, 0n));
});

kernelTest("the table is that of the C tool", {}, async () => {
  using folder = ownFolder();
  const table = async (...args: string[]) => {
    const { stdout, stderr, code } = await runTool(
      "filetop",
      ["--noclear", "--comm", "files", "-d", folder.path, ...args, "300"],
      { workload: () => runFiles(folder.path, "make", "splice", "copy"), until: "\n" },
    );
    assertEquals(code, 0, stderr);
    return stdout.trimEnd().split("\n");
  };
  const [title, load, header, ...rows] = await table("-s", "reads", "--rows", "1");
  assertEquals(title, "Tracing... Output every 300 secs. Hit Ctrl-C to end");
  assertMatch(load, /^\d\d:\d\d:\d\d loadavg: [\d.]+ [\d.]+ [\d.]+ \d+\/\d+ \d+$/);
  assertEquals(header, "TID     COMM             READS  WRITES R_Kb    W_Kb    T FILE");
  assertEquals(rows.length, 1);
  const { path } = folder;
  assertMatch(rows[0], new RegExp(`^\\d+ +files {12}41 {5}1 {6}164 {5}212 {5}R ${path}/file$`));
  const [, , , first, second] = await table("--by", "file", "-a", "-s", "-path");
  assertEquals(first, `41     1      164     212     R ${path}/file`);
  assertEquals(second, `0      10     0       40      R ${path}/copy`);
});

kernelTest("rows come in the order of all, reads, writes, rbytes or wbytes", {}, async () => {
  using folder = ownFolder();
  for (
    const [order, first] of [
      ["all", "file"],
      ["reads", "file"],
      ["writes", "copy"],
      ["rbytes", "file"],
      ["wbytes", "file"],
    ]
  ) {
    const { stdout, stderr, code } = await runTool(
      "filetop",
      ["-C", "-o", "csv", "-s", order, "--comm", "files", "-d", folder.path, "300"],
      { workload: () => runFiles(folder.path, "make", "copy"), until: "\n" },
    );
    assertEquals(code, 0, stderr);
    assertEquals(csvRows(stdout)[0].path, `${folder.path}/${first}`, order);
  }
});

kernelTest("what is no folder is refused", {}, () => {
  const { parse } = tool.options.directory as { parse: (path: string) => unknown };
  const wrong = (path: string) => assertThrows(() => parse(path), ValueError).message;
  assertMatch(wrong("/nonexistent"), /^"\/nonexistent" is no folder: /);
  assertMatch(wrong("/etc/hostname"), /^"\/etc\/hostname" is no folder: /);
});
