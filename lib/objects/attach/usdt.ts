import { usdts } from "../../libbpf/attach_symbols.ts";
import { libbpfVersion } from "../../libbpf/library.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { findBinary } from "../../sys/binary.ts";
import { EINVAL } from "../../sys/errno.ts";
import { cString } from "../../sys/libc.ts";
import { BpfError, UnsupportedError } from "../errors.ts";
import type { Link } from "../link.ts";
import { openMap } from "../map_info.ts";
import type { Attachable } from "../program.ts";
import { programInfo } from "../program_info.ts";
import { probeNames } from "./elf_names.ts";
import { ALL_PROCESSES, missingName, missingProcess } from "./uprobe.ts";

/** How a program is attached to a USDT probe. */
export interface UsdtOptions {
  /** One process; by default every one, those to come too, for which Linux 5.15 is needed. */
  pid?: number;
  /** What bpf_usdt_cookie() gives the program. */
  cookie?: bigint;
}

/** The map of usdt.bpf.h that describes probes, `__bpf_usdt_specs`, of whose name the kernel keeps this. */
const SPECS = "__bpf_usdt_spec";

/** `struct bpf_usdt_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 16, usdt_cookie: 8 };

/**
 * Attaches a program to a probe that a program or a library was built with (USDT, `sys/sdt.h`). The
 * kernel half includes `<bpf/usdt.bpf.h>`: of libbpf 1.7 or later if that is to attach it, of an earlier
 * one if not, as they describe a probe's arguments to the program in different ways.
 *
 * @example
 * ```ts ignore
 * attachUsdt(skel.progs.on_throw, "libstdc++.so.6", "libstdcxx", "throw");
 * ```
 *
 * @param binary as for {@link attachUprobe}
 * @throws {SystemError} if there is no such file; {BpfError} with the nearest name if it has no such
 *   probe; {UnsupportedError} if the kernel half was compiled with the header of another libbpf
 */
export function attachUsdt(
  program: Attachable,
  binary: string,
  provider: string,
  name: string,
  { pid = ALL_PROCESSES, cookie = 0n }: UsdtOptions = {},
): Link {
  const path = findBinary(binary);
  checkHeader(program, `attach ${program.name} to usdt/${path}:${provider}:${name}`);
  const struct = new OptionStruct(OPTIONS.size).u64(OPTIONS.usdt_cookie, cookie);
  const [file, of, probe] = [path, provider, name].map(cString);
  const { bpf_program__attach_usdt } = usdts();
  return program.attachTo(
    `usdt/${path}:${provider}:${name}`,
    (pointer) => bpf_program__attach_usdt(pointer, pid, file, of, probe, struct.bytes),
    (operation, errno) =>
      missingProcess(pid, operation, errno) ??
        missingName(path, "USDT probe", probeNames(path), `${provider}:${name}`, operation),
  );
}

/** `sizeof(struct __bpf_usdt_spec)` of usdt.bpf.h, before libbpf 1.7 and from there on. */
const SPEC_SIZES = { before: 208, later: 304 };

/**
 * Where the two differ libbpf attaches all the same, and every argument is read as 0. Without the right to
 * look at maps by their ids this is not told.
 */
function checkHeader(program: Attachable, operation: string): void {
  const { major, minor } = libbpfVersion();
  const [wanted, other, since] = major > 1 || minor >= 7
    ? [SPEC_SIZES.later, SPEC_SIZES.before, "1.7 or later"]
    : [SPEC_SIZES.before, SPEC_SIZES.later, "before 1.7"];
  if (specSize(program) !== other) return;
  const feature = `use for usdt.bpf.h's ${other} bytes a probe, where ${wanted} are needed`;
  const hint =
    `compile the kernel half with the headers of a libbpf ${since}, as the one in use is`;
  throw new UnsupportedError(operation, EINVAL, feature, undefined, hint);
}

function specSize(program: Attachable): number | undefined {
  try {
    for (const id of programInfo(program).mapIds) {
      using map = openMap(id);
      if (map.name === SPECS) return map.valueSize;
    }
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
}
