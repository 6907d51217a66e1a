import { uprobeMultis } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { findBinary } from "../../sys/binary.ts";
import { ENOENT } from "../../sys/errno.ts";
import { u64Array } from "../../sys/integers.ts";
import { cString } from "../../sys/libc.ts";
import { BpfError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { findFunction } from "./elf_function.ts";
import { functionNames } from "./elf_names.ts";
import { globPattern } from "./glob.ts";
import { laterLibbpf, requireLibbpf } from "./later_libbpf.ts";
import { missingName, missingProcess } from "./missing_targets.ts";
import { ALL_PROCESSES } from "./uprobe.ts";

/** How a program is attached to many functions of a program or a library. */
export interface UprobeMultiOptions {
  /** One process; by default every one, those to come too. */
  pid?: number;
  /** What bpf_get_attach_cookie() gives the program, one for each of the functions named. */
  cookies?: readonly bigint[];
  /** Run when the functions return; by default if the section says `uretprobe.multi`. */
  retprobe?: boolean;
  /**
   * Run at both, and at the return only where the program returned 0 at the call; by default if the section
   * says `uprobe.session`. Linux 6.13 and libbpf 1.6.
   */
  session?: boolean;
}

/** `struct bpf_uprobe_multi_opts` of libbpf.h: size and offsets in bytes, 1.3 to 1.7. */
const OPTIONS = { size: 56, syms: 8, offsets: 16, cookies: 32, cnt: 40, retprobe: 48, session: 49 };

/**
 * Attaches a program of a section `uprobe.multi` to many functions in one go; Linux 6.6 and libbpf 1.3.
 *
 * @example
 * ```ts
 * import { attachUprobeMulti, BpfObject, hasAttachKind, libbpfVersion } from "@denobpf/denobpf";
 *
 * if (hasAttachKind("uprobe.multi") && libbpfVersion().minor >= 3) {
 *   using object = BpfObject.open("build/examples/uprobe.bpf.o");
 *   const program = object.program("uprobe_abs");
 *   program.attachType = "trace_uprobe_multi"; // its section says uprobe
 *   object.load();
 *   attachUprobeMulti(program, "libc.so.6", "*abs"); // abs(), labs(), llabs() and others
 * }
 * ```
 *
 * @param binary as for {@link attachUprobe}
 * @param functions their names, or places in the file, as for {@link attachUprobe}; or a pattern with `*` and `?`
 * @throws {UnsupportedError} with an earlier libbpf; {SystemError} if there is no such file; {BpfError}
 *   ENOENT with the nearest name if there is no such function in it; {RangeError} if cookies and functions
 *   are not as many
 */
export function attachUprobeMulti(
  program: Attachable,
  binary: string,
  functions: string | readonly (string | number)[],
  options: UprobeMultiOptions = {},
): Link {
  const { section } = program;
  const { cookies, pid = ALL_PROCESSES, retprobe = section.startsWith("uretprobe") } = options;
  const { session = section.startsWith("uprobe.session") } = options;
  const hook = `uprobe.${session ? "session" : "multi"}/${binary}:${functions}`;
  const operation = `attach ${program.name} to ${hook}`;
  if (session) requireLibbpf(operation, "1.6");
  const symbol = uprobeMultis().bpf_program__attach_uprobe_multi;
  const attach = laterLibbpf(symbol, operation, "1.3");
  const glob = typeof functions === "string" ? cString(functions) : null;
  const names = typeof functions === "string" ? [] : functions;
  if (cookies !== undefined && cookies.length !== names.length) {
    throw new RangeError(`Cannot ${operation}: one cookie is needed for each function named`);
  }
  const path = findBinary(binary);
  const places = names.map((name) =>
    typeof name === "number" ? name : findFunction(path, name, operation)?.offset
  );
  const offsets = places.filter((offset) => offset !== undefined);
  const found = offsets.length === names.length;
  const struct = new OptionStruct(OPTIONS)
    .strings(OPTIONS.syms, found ? undefined : names.map(String))
    .pointer(OPTIONS.offsets, found ? u64Array(offsets, "offset") : undefined)
    .pointer(OPTIONS.cookies, cookies && u64Array(cookies, "cookie"))
    .u64(OPTIONS.cnt, names.length)
    .bool(OPTIONS.retprobe, retprobe)
    .bool(OPTIONS.session, session);
  return program.attachTo(
    hook,
    (pointer) => attach(pointer, pid, cString(path), glob, struct.bytes),
    {
      takes: ["kprobe"],
      fault: (operation, errno) =>
        missingProcess(pid, operation, errno) ?? missing(path, functions, operation),
    },
  );
}

function missing(
  path: string,
  functions: string | readonly (string | number)[],
  operation: string,
): BpfError | undefined {
  const known = functionNames(path);
  if (typeof functions !== "string") {
    const wanted = functions.filter((name) => typeof name === "string");
    if (wanted.length === 0) return undefined;
    const names = new Set(known);
    const absent = wanted.find((name) => !names.has(name)) ?? wanted[0];
    return missingName(path, "function", known, absent, operation);
  }
  const glob = globPattern(functions);
  if (known.some((name) => glob.test(name))) return undefined;
  const reason = `${path} has no function that matches ${functions}`;
  return new BpfError(operation, ENOENT, undefined, reason);
}
