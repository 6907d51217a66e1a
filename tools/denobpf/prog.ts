/** `denobpf prog`: the programs in the kernel. */
import {
  listPrograms,
  openProgram,
  programCode,
  type ProgramInfo,
} from "#lib/objects/program_info.ts";
import { KernelSymbols } from "#lib/symbols/kallsyms.ts";
import { WallClock } from "#lib/sys/clock.ts";
import { flag, membersOf, operand, type OptionsOf, text } from "#lib/tool/mod.ts";
import type { Command } from "./command.ts";
import { find } from "./find.ts";
import { instructions, type Line, type NameOfCall } from "./instructions.ts";

const clock = new WallClock();

const member = membersOf<ProgramInfo>();

/** With the names that bpftool's JSON has. */
const fields = {
  id: member.integer({ brief: "Its id", width: 6 }, (p) => p.id),
  type: member.text({ brief: "What it is attached to", width: -15 }, (p) => p.type),
  name: member.text({ brief: "15 bytes of its name", width: -15 }, (p) => p.name),
  tag: member.text({ brief: "Digest of its instructions", width: -16 }, (p) => p.tag),
  gpl_compatible: member.boolean(
    { brief: "Whether its licence allows all helpers" },
    (p) => p.gplCompatible,
  ),
  loaded_at: member.time({ brief: "When it was loaded", width: -8 }, (p) => clock.at(p.loadTime)),
  uid: member.integer({ brief: "The user that loaded it", width: 5 }, (p) => p.uid),
  bytes_xlated: member.integer({ brief: "Size of its verified instructions" }, (p) => p.xlatedSize),
  jited: member.boolean({ brief: "Whether it is machine code" }, (p) => p.jitedSize > 0),
  bytes_jited: member.integer({ brief: "Size of its machine code" }, (p) => p.jitedSize),
  bytes_memlock: member.integer({ brief: "Memory in the kernel" }, (p) => p.memlock),
  run_time_ns: member.integer(
    { brief: "How long it ran, while kernel.bpf_stats_enabled is set" },
    (p) => p.runTimeNs,
  ),
  run_cnt: member.integer({ brief: "How often, likewise" }, (p) => p.runCount),
  recursion_misses: member.integer({
    brief: "How often it was left out because it was running already",
  }, (p) => p.recursionMisses),
  verified_insns: member.integer(
    { brief: "Instructions that the verifier looked at" },
    (p) => p.verifiedInsns,
  ),
  btf_id: member.integer({ brief: "The id of its BTF" }, (p) => p.btfId || undefined),
  map_ids: member.integers({ brief: "The maps that it uses" }, (p) => p.mapIds),
};

const list: Command<unknown, ProgramInfo> = {
  name: "denobpf prog list",
  brief: "Show all programs in the kernel",
  options: {},
  examples: [
    ["denobpf prog list", "one program a line"],
    ["denobpf prog list --filter type==tracing", "those for fentry, tp_btf and their like"],
    ["denobpf prog list -o json", "with all that the kernel reports"],
  ],
  fields,
  columns: () => ["id", "type", "name", "tag", "loaded_at", "uid", "map_ids"],
  rows: () => listPrograms(),
};

const oneProgram = { prog: operand("PROG", "Its id, its name, or the path of its pin", text) };

const show: Command<OptionsOf<typeof oneProgram>, ProgramInfo> = {
  name: "denobpf prog show",
  brief: "Show one program: its sizes, how often and how long it ran",
  operands: oneProgram,
  options: {},
  examples: [
    ["denobpf prog show handle_exec", "by its name"],
    ["denobpf prog show 42 -o json", "by its id"],
    ["denobpf prog show /sys/fs/bpf/firewall", "by the path of its pin"],
  ],
  fields,
  columns: () => ["id", "type", "name", "bytes_xlated", "bytes_jited", "run_cnt", "run_time_ns"],
  *rows({ prog }) {
    using program = open(prog);
    yield program.info();
  },
};

const line = membersOf<Line>();

const dumpOptions = {
  jited: flag("", "Show the machine code instead, as bytes"),
};

const dump: Command<OptionsOf<typeof oneProgram & typeof dumpOptions>, Line> = {
  name: "denobpf prog dump",
  brief: "Show the instructions of a program, as the verifier has left them",
  operands: oneProgram,
  options: dumpOptions,
  examples: [["denobpf prog dump handle_exec", "one instruction a line"]],
  fields: {
    index: line.integer({ brief: "Place, which jumps count in", width: 5 }, (l) => l.index),
    bytes: line.text({ brief: "As the kernel has it" }, ({ bytes }) => hex(bytes)),
    disasm: line.text({ brief: "In words" }, ({ text }) => text),
  },
  columns: ({ jited }) => jited ? ["index", "bytes"] : ["index", "disasm"],
  *rows({ prog, jited }) {
    using program = open(prog);
    if (jited) return yield* machineCode(programCode(program, "jited"));
    yield* instructions(programCode(program, "xlated"), kernelCalls());
  },
};

/** Calls hold the distance of a function to `__bpf_call_base` (kernel/bpf/core.c). */
function kernelCalls(): NameOfCall {
  const symbols = KernelSymbols.read();
  const base = symbols.find("__bpf_call_base")?.address;
  if (base === undefined) return () => undefined;
  return (imm) => symbols.lookup(BigInt.asUintN(64, base + BigInt(imm)))?.name;
}

/** Without a disassembler for every machine: 16 bytes a line. */
function* machineCode(code: Uint8Array): Generator<Line> {
  for (let at = 0; at < code.length; at += 16) {
    yield { index: at, bytes: code.subarray(at, at + 16), text: "" };
  }
}

function open(given: string) {
  return openProgram(find("program", given, listPrograms));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

export const prog = { list, show, dump };
