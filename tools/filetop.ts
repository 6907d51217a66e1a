#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * filetop: which files are read and written the most, and by whom.
 *
 * As a command: `sudo tools/filetop.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = filetop({ interval: 5 });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].path);
 * ```
 */
import { Filetop } from "#skel/filetop.ts";
import {
  choice,
  CounterSets,
  countTool,
  decodePath,
  flag,
  folder,
  loadAverages,
  loadHooks,
  option,
  syscallForms,
  targetOptions,
  toolMain,
  topToolOperands,
  topToolOptions,
  topToolTables,
} from "#lib/tool/mod.ts";
import { NamedFiles } from "#lib/tool/named_files.ts";
import { attachUringIo, loadUringIo } from "#lib/tool/uring_io.ts";
import { derived, members, own } from "./filetop/members.ts";

export type { FileUsage } from "./filetop/members.ts";

/** `enum io_form` of bpf/filetop.bpf.c: how calls pass their descriptors. */
const [READS, WRITES, SENDS, COPIES, SUBMITS] = [1, 2, 3, 4, 5];

/** The calls, those of 32-bit programs among them. */
const CALLS = {
  read: READS,
  pread64: READS,
  readv: READS,
  preadv: READS,
  preadv2: READS,
  write: WRITES,
  pwrite64: WRITES,
  writev: WRITES,
  pwritev: WRITES,
  pwritev2: WRITES,
  sendfile: SENDS,
  sendfile64: SENDS,
  splice: COPIES,
  copy_file_range: COPIES,
  io_submit: SUBMITS,
};

export const { tool, start: filetop } = countTool({
  name: "filetop",
  group: "files",
  brief: "Show which files are read and written the most, and by whom",
  examples: [
    ["filetop", "a table each second, in place on a terminal"],
    ["filetop -C", "one below the other"],
    ["filetop 5 10", "each 5 seconds, ten times"],
    ["filetop -p 181", "only process 181"],
    ["filetop -s reads -r 10", "the 10 that are read by the most calls"],
    ["filetop -a", "include sockets, pipes and devices"],
    ["filetop -d /var/log --by file", "the files of a folder, used by any process"],
  ],
  options: {
    all: flag("a", "Include all files: sockets, pipes and devices too"),
    ...topToolOptions({
      all: "-all",
      reads: "-reads",
      writes: "-writes",
      rbytes: "-read_bytes",
      wbytes: "-write_bytes",
    }),
    by: option(
      "",
      "WHAT",
      "A row for each thread, process or file",
      choice("thread", "process", "file"),
      "thread",
    ),
    directory: option("d", "DIR", "Show only files that are in this folder itself", folder),
    read_only: flag("", "Count only reads"),
    write_only: flag("", "Count only writes"),
    ...targetOptions,
  },
  operands: topToolOperands,
  members,
  derived,
  ...topToolTables,
  columns: ({ by }) => [
    by === "thread" && "tid",
    by === "process" && "pid",
    by !== "file" && "comm",
    "reads",
    "writes",
    "r_kb",
    "w_kb",
    "t",
    "file",
  ],
  order: ({ sort }) => sort,
  stamp: loadAverages,
  own,
  open: () => Filetop.open(),
  prepare({ rodata, progs }, { by, all, directory, read_only, write_only }) {
    rodata.forms = syscallForms(rodata.forms.length, CALLS);
    rodata.by_process = by !== "file";
    rodata.by_thread = by === "thread";
    rodata.regular_only = !all;
    rodata.reads_only = read_only;
    rodata.writes_only = write_only;
    if (directory !== undefined) {
      rodata.targ_folder_ino = directory.ino;
      rodata.targ_folder_dev = directory.dev;
    }
    loadHooks(progs, { exit: true });
    loadUringIo(progs.uring_complete);
  },
  attach: ({ progs }) => attachUringIo(progs.uring_complete),
  counter: (skeleton) =>
    new NamedFiles({
      counts: new CounterSets(skeleton, skeleton.maps.usages),
      names: skeleton.maps.names,
      idOf: ({ ino, dev, generation, has_file }) => has_file ? { ino, dev, generation } : undefined,
      nameOf: ({ parts, size, fs }) => ({ path: decodePath(parts, 0, size), fs }),
    }),
});

if (import.meta.main) await toolMain(tool);
