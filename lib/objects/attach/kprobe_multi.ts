import { kprobeMultis } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { tryReadTextFile } from "../../sys/file.ts";
import { u64Array } from "../../sys/integers.ts";
import { mountTracefs } from "../../sys/mounts.ts";
import { nearest } from "../../sys/nearest.ts";
import { ENOENT } from "../../sys/errno.ts";
import { BpfError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { globPattern } from "./glob.ts";
import { requireLibbpf } from "./later_libbpf.ts";

/** How a program is attached to many functions of the kernel at once. */
export interface KprobeMultiOptions {
  /** What bpf_get_attach_cookie() gives the program, one for each of the functions named, or addresses. */
  cookies?: readonly bigint[];
  /** Run when the functions return; by default if the section says `kretprobe.multi`. */
  retprobe?: boolean;
  /**
   * Run at both, and at the return only where the program returned 0 at the call; by default if the section
   * says `kprobe.session`. Linux 6.10 and libbpf 1.5.
   */
  session?: boolean;
}

/** `struct bpf_kprobe_multi_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 48, syms: 8, addrs: 16, cookies: 24, cnt: 32, retprobe: 40, session: 41 };

/**
 * Attaches a program to many functions of the kernel in one go; Linux 5.18. A section `kprobe.multi` is
 * needed, or the attach type `trace_kprobe_multi`, so that the kernel knows at load.
 *
 * @example
 * ```ts
 * import { attachKprobeMulti, BpfObject, hasAttachKind } from "@denobpf/denobpf";
 *
 * if (hasAttachKind("kprobe.multi")) {
 *   using object = BpfObject.open("build/tests/attach_kernel.bpf.o");
 *   const program = object.program("on_kprobe_multi");
 *   for (const other of object.programs) other.autoload = other === program;
 *   object.load();
 *   attachKprobeMulti(program, "vfs_*link"); // vfs_link, vfs_unlink and others
 *   attachKprobeMulti(program, ["vfs_read", "vfs_write"], { cookies: [1n, 2n] });
 * }
 * ```
 *
 * @param functions their names; or their addresses as /proc/kallsyms has them, which distinguish functions of one
 *   name apart; or a pattern with `*` and `?`. What a pattern matches is looked up here, since libbpf before
 *   1.3 also takes functions that cannot be probed, and then none can
 * @throws {BpfError} ENOENT if there is no such function, with the nearest name; {RangeError} if cookies
 *   and functions are not as many; {UnsupportedError} for a session with an earlier libbpf
 */
export function attachKprobeMulti(
  program: Attachable,
  functions: string | readonly string[] | readonly bigint[],
  options: KprobeMultiOptions = {},
): Link {
  const { section } = program;
  const { cookies, retprobe = section.startsWith("kretprobe") } = options;
  const { session = section.startsWith("kprobe.session") } = options;
  const hook = `kprobe.${session ? "session" : "multi"}/${namesOf(functions)}`;
  const operation = `attach ${program.name} to ${hook}`;
  if (session) requireLibbpf(operation, "1.5");
  const isPattern = typeof functions === "string";
  const found = isPattern ? matching(functions, operation) : listed(functions);
  const count = (found.names ?? found.addresses).length;
  if (cookies !== undefined && (isPattern || cookies.length !== count)) {
    throw new RangeError(`Cannot ${operation}: one cookie is needed for each function named`);
  }
  const struct = new OptionStruct(OPTIONS)
    .strings(OPTIONS.syms, found.names)
    .pointer(OPTIONS.addrs, found.addresses && u64Array(found.addresses, "address"))
    .pointer(OPTIONS.cookies, cookies && u64Array(cookies, "cookie"))
    .u64(OPTIONS.cnt, count)
    .bool(OPTIONS.retprobe, retprobe)
    .bool(OPTIONS.session, session);
  const { bpf_program__attach_kprobe_multi_opts } = kprobeMultis();
  return program.attachTo(
    hook,
    (pointer) => bpf_program__attach_kprobe_multi_opts(pointer, null, struct.bytes),
    {
      takes: ["kprobe"],
      fault: (operation, errno) =>
        isPattern ? undefined : missing(found.names ?? [], operation, errno),
    },
  );
}

type Found =
  | { names: readonly string[]; addresses?: undefined }
  | { names?: undefined; addresses: readonly bigint[] };

function listed(functions: readonly string[] | readonly bigint[]): Found {
  return typeof functions[0] === "bigint"
    ? { addresses: functions as readonly bigint[] }
    : { names: functions as readonly string[] };
}

/** For errors: the pattern, or the first of a list. */
function namesOf(functions: string | readonly string[] | readonly bigint[]): string {
  if (typeof functions === "string") return functions;
  const [first, ...others] = functions.map((one) =>
    typeof one === "bigint" ? `0x${one.toString(16)}` : one
  );
  return others.length > 8 ? `${first} and ${others.length} more` : [first, ...others].join();
}

/** By address where the kernel shows those (Linux 6.5), as several functions may have one name. */
function matching(pattern: string, operation: string): Found {
  const glob = globPattern(pattern);
  const folder = mountTracefs();
  const addressed = lines(tryReadTextFile(`${folder}/available_filter_functions_addrs`))
    .map((line) => line.split(" "))
    .filter(([, name]) => glob.test(name))
    .map(([address]) => BigInt(`0x${address}`));
  if (addressed.length > 0) return { addresses: addressed };
  const probed = probedFunctions();
  const names = [...new Set(probed.filter((name) => glob.test(name)))];
  if (names.length > 0) return { names };
  throw missing([pattern], operation, ENOENT) ??
    new BpfError(operation, ENOENT, undefined, `no function of the kernel matches ${pattern}`);
}

function missing(
  names: readonly string[],
  operation: string,
  errno: number,
): BpfError | undefined {
  const probed = new Set(probedFunctions());
  const absent = names.find((name) => !probed.has(name));
  if (absent === undefined || probed.size === 0) return undefined;
  const near = nearest(absent, [...probed]);
  const hint = near === undefined ? undefined : `did you mean ${near}?`;
  return new BpfError(operation, errno, hint, `the kernel has no function ${absent} to be probed`);
}

/** A line is `name` or `name [module]`. */
function probedFunctions(): string[] {
  const text = tryReadTextFile(`${mountTracefs()}/available_filter_functions`);
  return lines(text).map((line) => line.split(" ")[0]);
}

function lines(text = ""): string[] {
  return text.split("\n").filter((line) => line !== "");
}
