import { uprobes } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { findBinary } from "../../sys/binary.ts";
import { u64 } from "../../sys/integers.ts";
import { cString } from "../../sys/libc.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { checkWithin, findFunction, type Place } from "./elf_function.ts";
import { functionNames } from "./elf_names.ts";
import { missingName, missingProcess } from "./missing_targets.ts";

/** How a program is attached to a place in a program or a library. */
export interface UprobeOptions {
  /** One process; by default every one, those to come too. */
  pid?: number;
  /**
   * Bytes from the start of the function: those of an instruction's first byte. In the middle of one the
   * breakpoint breaks the instruction, and the traced program dies or goes wrong; nothing checks that.
   */
  offset?: number;
  /** What bpf_get_attach_cookie() gives the program; Linux 5.15. */
  cookie?: bigint;
  /** Run when the function returns; by default if the section says `uretprobe`. */
  retprobe?: boolean;
  /** Offset in the file of a counter that the kernel raises while this is attached (a USDT semaphore). */
  refCtrOffset?: number;
}

/** `struct bpf_uprobe_opts` of libbpf.h: size and offsets in bytes, 1.2 to 1.7; 40 bytes before. */
const OPTIONS = { size: 48, ref_ctr_offset: 8, bpf_cookie: 16, retprobe: 24, func_name: 32 };

/** What libbpf takes for every process. */
export const ALL_PROCESSES = -1;

/**
 * Attaches a program to a function of a program or a library.
 *
 * @example
 * ```ts
 * import { attachUprobe, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/uprobe.bpf.o");
 * object.load();
 * attachUprobe(object.program("uprobe_abs"), "libc.so.6", "abs", { pid: Deno.pid });
 * attachUprobe(object.program("uretprobe_abs"), "libc.so.6", "labs"); // its section says uretprobe
 * ```
 *
 * @param binary its path, or a name that the loader or the shell would find. A file that another mount
 *   namespace has is at `/proc/PID/root/PATH`
 * @param target the function, found in the file's symbols (the dynamic ones of a stripped file), of its
 *   default version unless it is named: `memcpy@GLIBC_2.2.5`; or a place in the file, in bytes from its
 *   start, which must be the first byte of an instruction
 * @throws {SystemError} if there is no such file; {BpfError} with the nearest name if there is no such
 *   function in it, if it is imported or chosen when a program starts, if the offset is beyond it
 */
export function attachUprobe(
  program: Attachable,
  binary: string,
  target: string | number,
  options: UprobeOptions = {},
): Link {
  const { retprobe = program.section.startsWith("uretprobe"), pid = ALL_PROCESSES } = options;
  const path = findBinary(binary);
  const hook = `${retprobe ? "uretprobe" : "uprobe"}/${path}:${target}`;
  const within = Number(u64(options.offset ?? 0, "offset"));
  const named = typeof target === "string";
  const place = named ? namedPlace(program, hook, path, target, within) : undefined;
  const offset = u64((named ? place?.offset ?? 0 : target) + within, "target");
  const struct = new OptionStruct(OPTIONS)
    .u64(OPTIONS.ref_ctr_offset, options.refCtrOffset ?? 0)
    .u64(OPTIONS.bpf_cookie, options.cookie ?? 0n)
    .bool(OPTIONS.retprobe, retprobe)
    .string(OPTIONS.func_name, named && place === undefined ? target : undefined);
  const { bpf_program__attach_uprobe_opts } = uprobes();
  return program.attachTo(
    hook,
    (pointer) => bpf_program__attach_uprobe_opts(pointer, pid, cString(path), offset, struct.bytes),
    {
      takes: ["kprobe"],
      fault: (operation, errno) =>
        missingProcess(pid, operation, errno) ??
          (named
            ? missingName(path, "function", functionNames(path), target, operation)
            : undefined),
    },
  );
}

function namedPlace(
  program: Attachable,
  hook: string,
  path: string,
  target: string,
  offset: number,
): Place | undefined {
  const operation = `attach ${program.name} to ${hook}`;
  const place = findFunction(path, target, operation);
  if (place !== undefined) checkWithin(place, offset, target, operation);
  return place;
}
