/**
 * A look at an object before libbpf gets it: {@link BpfObject} imported from here takes one. libbpf trusts
 * its objects: a section that lies outside of the file, or a type that contains itself, ends the process
 * (seen with 1.1.2). What is cheap to see is refused here; docs/security.md says what remains.
 */
import { parseTypes } from "../btf/parse.ts";
import { BtfError } from "../btf/types.ts";
import { ElfError } from "../symbols/elf_headers.ts";
import { type ObjectSection, readObjectFile } from "./object_file.ts";
import { BpfError } from "./errors.ts";
import { BpfObject } from "./object.ts";

export { BpfObject };

/** `LIBBPF_ERRNO__FORMAT` of libbpf.h: what libbpf says of an object that it cannot read. */
const FORMAT = 4001;

/**
 * Checks the bytes of an object.
 * @param name the object's, for the error
 * @throws {BpfError} that says what is wrong with them
 */
export function checkObject(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  try {
    checkSections(readObjectFile(bytes));
  } catch (error) {
    if (!(error instanceof ElfError) && !(error instanceof BtfError)) throw error;
    const reason = `these bytes are no BPF object: ${error.message}`;
    throw new BpfError(`open ${name}`, FORMAT, undefined, reason);
  }
}

function checkSections(sections: readonly ObjectSection[]): void {
  const btf = sections.find((section) => section.name === ".BTF");
  if (btf !== undefined) parseTypes(btf.bytes);
  else if (sections.some((section) => section.name === ".maps")) {
    throw new ElfError("it has maps and no BTF that describes them; compile it with clang -g");
  }
}

BpfObject.check = checkObject;
