/** `denobpf btf`: the types of the kernel, of what is loaded, and of files. */
import { Btf } from "#lib/btf/layout.ts";
import { printType } from "#lib/btf/print.ts";
import { BtfError, type BtfType, type TypeId } from "#lib/btf/types.ts";
import { btfBytes, type BtfInfo, listBtf } from "#lib/objects/btf_info.ts";
import { BpfError } from "#lib/objects/errors.ts";
import { BpfObject } from "#lib/objects/object.ts";
import { SystemError } from "#lib/sys/errno.ts";
import { readFile } from "#lib/sys/file.ts";
import { BTF_PATH } from "#lib/sys/kernel.ts";
import { ExitCode, ExitError } from "#lib/tool/ending/exit.ts";
import { membersOf, operand, type OptionsOf, type Structure, text } from "#lib/tool/mod.ts";
import type { Command } from "./command.ts";

const held = membersOf<BtfInfo>();

const list: Command<unknown, BtfInfo> = {
  name: "denobpf btf list",
  brief: "Show which BTF the kernel holds: its own, its modules', that of loaded objects",
  options: {},
  examples: [["denobpf btf list", "one a line"]],
  fields: {
    id: held.integer({ brief: "Its id", width: 6 }, (b) => b.id),
    name: held.text(
      { brief: "vmlinux or a module's name; none for a loaded object's", width: -20 },
      (b) => b.name || undefined,
    ),
    kernel: held.boolean({ brief: "Whether it is the kernel's" }, (b) => b.kernel),
    size: held.integer({ brief: "Size in bytes", width: 9 }, (b) => b.size),
  },
  columns: () => ["id", "name", "size"],
  rows: () => listBtf(),
};

/** A type, and the BTF that it is in. */
interface Row {
  readonly btf: Btf;
  readonly id: TypeId;
  readonly type: BtfType;
}

const member = membersOf<Row>();

const dumpOperands = {
  btf: operand("vmlinux|ID|FILE", "The kernel's, one by its id, or that of a file", text),
};

const dump: Command<OptionsOf<typeof dumpOperands>, Row> = {
  name: "denobpf btf dump",
  brief:
    "Show the types of a BTF: of the kernel (vmlinux), of the BTF with an id, or of a file, an " +
    "object or raw",
  operands: dumpOperands,
  options: {},
  examples: [
    ["denobpf btf dump hello.bpf.o", "one type a line"],
    ["denobpf btf dump vmlinux --filter name==task_struct -o json", "with its members"],
  ],
  fields: {
    id: member.integer({ brief: "Its id in this BTF", width: 6 }, (r) => r.id),
    kind: member.text({ brief: "struct, int, pointer...", width: -15 }, (r) => r.type.kind),
    name: member.text(
      { brief: "Its name, if it has one", width: -24 },
      ({ type }) => ("name" in type && type.name) || undefined,
    ),
    size: member.integer(
      { brief: "Size in bytes, if it says one", width: 6 },
      ({ type }) => "size" in type ? type.size : undefined,
    ),
    c: member.text(
      { header: "AS C WRITES IT", brief: "As C writes it, without what is inside" },
      ({ btf, id, type }) => type.kind === "section" ? undefined : printType(btf, id),
    ),
    members: member.structure({ brief: "Members, values, parameters or variables" }, members),
  },
  columns: () => ["id", "kind", "name", "size", "c"],
  *rows(options) {
    const btf = read(options.btf);
    for (const [id, type] of btf.types.entries()) if (id > 0) yield { btf, id, type };
  },
};

/** What a type consists of, each with its own type as C writes it. */
function members({ btf, type }: Row): Structure | undefined {
  switch (type.kind) {
    case "struct":
    case "union":
      return type.members.map(({ name, type, bitOffset, bitSize }) => ({
        name,
        type: printType(btf, type),
        bits_offset: bitOffset,
        bitfield_size: bitSize,
      }));
    case "enum":
      return type.values.map(({ name, value }) => ({ name, value }));
    case "prototype":
      return type.parameters.map(({ name, type }) => ({ name, type: printType(btf, type) }));
    case "section":
      return type.variables.map(({ type, offset, size }) => ({
        type: printType(btf, type),
        offset,
        size,
      }));
  }
}

/** The types that a user names. */
function read(given: string): Btf {
  try {
    if (given === "vmlinux") return new Btf(readFile(BTF_PATH));
    if (/^\d+$/.test(given)) return new Btf(btfBytes(Number(given)));
    const bytes = readFile(given);
    return new Btf(isElf(bytes) ? btfOf(bytes, given) : bytes);
  } catch (error) {
    const fault = error instanceof BtfError || error instanceof BpfError;
    if (!fault && !(error instanceof SystemError)) throw error;
    if (error instanceof BpfError && /^\d+$/.test(given)) throw error;
    throw new ExitError(ExitCode.Data, `${given}: ${error.message}`);
  }
}

function isElf(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === "\x7fELF";
}

function btfOf(bytes: Uint8Array<ArrayBuffer>, path: string): Uint8Array<ArrayBuffer> {
  using object = BpfObject.open(bytes, { name: path.replace(/^.*\//, "") });
  return object.btf();
}

export const btf = { list, dump };
