/** `denobpf prog`: the programs in the kernel. */
import {
  listPrograms,
  openProgram,
  programCode,
  type ProgramInfo,
} from "#lib/objects/program_info.ts";
import { KernelSymbols } from "#lib/symbols/kallsyms.ts";
import { WallClock } from "#lib/sys/clock.ts";
import { type Fields, flag, operand, type OptionsOf, text } from "#lib/tool/mod.ts";
import type { Command } from "./command.ts";
import { find } from "./find.ts";
import { instructions, type Line, type NameOfCall } from "./instructions.ts";

const clock = new WallClock();

/** With the names that bpftool's JSON has. */
const fields: Fields<ProgramInfo> = {
  id: { type: "integer", brief: "Its id", width: 6, value: (p) => p.id },
  type: { type: "text", brief: "What it is attached to", width: -15, value: (p) => p.type },
  name: { type: "text", brief: "15 bytes of its name", width: -15, value: (p) => p.name },
  tag: { type: "text", brief: "Digest of its instructions", width: -16, value: (p) => p.tag },
  gpl_compatible: {
    type: "boolean",
    brief: "Whether its licence allows all helpers",
    value: (p) => p.gplCompatible,
  },
  loaded_at: {
    type: "time",
    brief: "When it was loaded",
    width: -8,
    value: (p) => clock.at(p.loadTime),
  },
  uid: { type: "integer", brief: "The user that loaded it", width: 5, value: (p) => p.uid },
  bytes_xlated: {
    type: "integer",
    brief: "Size of its verified instructions",
    value: (p) => p.xlatedSize,
  },
  jited: { type: "boolean", brief: "Whether it is machine code", value: (p) => p.jitedSize > 0 },
  bytes_jited: { type: "integer", brief: "Size of its machine code", value: (p) => p.jitedSize },
  bytes_memlock: { type: "integer", brief: "Memory in the kernel", value: (p) => p.memlock },
  run_time_ns: {
    type: "integer",
    brief: "How long it ran, while kernel.bpf_stats_enabled is set",
    value: (p) => p.runTimeNs,
  },
  run_cnt: { type: "integer", brief: "How often, likewise", value: (p) => p.runCount },
  recursion_misses: {
    type: "integer",
    brief: "How often it was left out because it was running already",
    value: (p) => p.recursionMisses,
  },
  verified_insns: {
    type: "integer",
    brief: "Instructions that the verifier looked at",
    value: (p) => p.verifiedInsns,
  },
  btf_id: { type: "integer", brief: "The id of its BTF", value: (p) => p.btfId || undefined },
  map_ids: { type: "integers", brief: "The maps that it uses", value: (p) => p.mapIds },
};

const list: Command<unknown, ProgramInfo> = {
  name: "denobpf prog list",
  brief: "Show the programs in the kernel, whoever loaded them",
  options: {},
  examples: [
    ["denobpf prog list", "one program a line"],
    ["denobpf prog list --filter type==tracing", "those for fentry, tp_btf and their like"],
    ["denobpf prog list -o json", "with all that the kernel tells"],
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
    index: {
      type: "integer",
      brief: "Place, which jumps count in",
      width: 5,
      value: (l) => l.index,
    },
    bytes: { type: "text", brief: "As the kernel has it", value: ({ bytes }) => hex(bytes) },
    disasm: { type: "text", brief: "In words", value: ({ text }) => text },
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
