import { uprobeMultis } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { findBinary } from "../../sys/binary.ts";
import { cString } from "../../sys/libc.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { laterLibbpf } from "./later_libbpf.ts";
import { ALL_PROCESSES } from "./uprobe.ts";

/** How a program is attached to many functions of a program or a library. */
export interface UprobeMultiOptions {
  /** One process; by default every one, those to come too. */
  pid?: number;
  /** What bpf_get_attach_cookie() gives the program, one for each of the functions named. */
  cookies?: readonly bigint[];
  /** Run when the functions return; by default if the section says `uretprobe.multi`. */
  retprobe?: boolean;
}

/** `struct bpf_uprobe_multi_opts` of libbpf.h: size and offsets in bytes, 1.3 to 1.7. */
const OPTIONS = { size: 56, syms: 8, cookies: 32, cnt: 40, retprobe: 48 };

/**
 * Attaches a program of a section `uprobe.multi` to many functions in one go; Linux 6.6 and libbpf 1.3.
 *
 * @example
 * ```ts ignore
 * attachUprobeMulti(skel.progs.on_call, "libc.so.6", "pthread_mutex_*");
 * ```
 *
 * @param binary as for {@link attachUprobe}
 * @param functions their names, or a pattern with `*` and `?`
 * @throws {UnsupportedError} with an earlier libbpf; {SystemError} if there is no such file; {BpfError}
 */
export function attachUprobeMulti(
  program: Attachable,
  binary: string,
  functions: string | readonly string[],
  options: UprobeMultiOptions = {},
): Link {
  const { retprobe = program.section.startsWith("uretprobe"), cookies, pid } = options;
  const hook = `uprobe.multi/${binary}:${functions}`;
  const symbol = uprobeMultis().bpf_program__attach_uprobe_multi;
  const attach = laterLibbpf(symbol, `attach ${program.name} to ${hook}`, "1.3");
  const pattern = typeof functions === "string" ? functions : undefined;
  const names = typeof functions === "string" ? [] : functions;
  if (cookies !== undefined && cookies.length !== names.length) {
    throw new RangeError(`${hook}: one cookie is needed for each function named`);
  }
  const struct = new OptionStruct(OPTIONS.size)
    .strings(OPTIONS.syms, names)
    .pointer(OPTIONS.cookies, cookies && new Uint8Array(new BigUint64Array(cookies).buffer))
    .u64(OPTIONS.cnt, BigInt(names.length))
    .bool(OPTIONS.retprobe, retprobe);
  const path = cString(findBinary(binary));
  const glob = pattern === undefined ? null : cString(pattern);
  return program.attachTo(
    hook,
    (pointer) => attach(pointer, pid ?? ALL_PROCESSES, path, glob, struct.bytes),
  );
}
