import { errnoText, SystemError } from "../sys/errno.ts";
import { OpenFile } from "../sys/file.ts";
import { nameBtfFile } from "../sys/kernel.ts";
import { quoted } from "./text/escape.ts";
import { ExitCode, ExitError } from "./ending/exit.ts";

/** How BTF begins, as it is and in an ELF file: `struct btf_header` of include/uapi/linux/btf.h, elf(5). */
const BEGINNINGS = ["\x9f\xeb", "\xeb\x9f", "\x7fELF"];

/**
 * Has the tool take the kernel's types from a file.
 * @param path what `--btf` or `DENOBPF_BTF` names
 * @throws {ExitError} (64) if it cannot be read, or is something else: libbpf's own error does not say
 */
export function takeBtfFile(path: string): void {
  const beginning = String.fromCharCode(...begin(path));
  if (!BEGINNINGS.some((known) => beginning.startsWith(known))) {
    throw wrong(path, "it is neither BTF nor an ELF file; archives must be unpacked first");
  }
  nameBtfFile(path);
}

function begin(path: string): Uint8Array {
  try {
    using file = OpenFile.open(path);
    return file.read(4);
  } catch (error) {
    if (error instanceof SystemError) throw wrong(path, errnoText(error.errno));
    throw error;
  }
}

function wrong(path: string, reason: string): ExitError {
  return new ExitError(ExitCode.Usage, `${quoted(path)} is no file of types: ${reason}`);
}
