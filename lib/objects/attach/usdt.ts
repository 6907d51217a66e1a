import { usdts } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { findBinary } from "../../sys/binary.ts";
import { cString } from "../../sys/libc.ts";
import type { UnsupportedError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { probeNames } from "./elf_names.ts";
import { tooOld } from "./later_libbpf.ts";
import { missingName, missingProcess } from "./missing_targets.ts";
import { ALL_PROCESSES } from "./uprobe.ts";

/** How a program is attached to a USDT probe. */
export interface UsdtOptions {
  /** One process; by default every one, those to come too, for which Linux 5.15 is needed. */
  pid?: number;
  /** What bpf_usdt_cookie() gives the program. */
  cookie?: bigint;
}

/** `struct bpf_usdt_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 16, usdt_cookie: 8 };

/**
 * Attaches a program to a probe that a program or a library was built with (USDT, `sys/sdt.h`). The
 * kernel half includes `<bpf/usdt.bpf.h>`: of libbpf 1.7 or later if that is to attach it, of an earlier
 * one if not, as they describe a probe's arguments to the program in different ways; load says so.
 *
 * @example
 * ```ts
 * import { attachUsdt, BpfObject, hasHelper } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/usdt.bpf.o");
 * object.load();
 * const program = object.program("usdt_manual_attach");
 * if (hasHelper("kprobe", "bpf_get_attach_cookie")) { // else a library's probes want a pid
 *   attachUsdt(program, "libstdc++.so.6", "libstdcxx", "throw");
 * }
 * ```
 *
 * @param binary as for {@link attachUprobe}
 * @throws {SystemError} if there is no such file; {BpfError} with the nearest name if it has no such probe
 */
export function attachUsdt(
  program: Attachable,
  binary: string,
  provider: string,
  name: string,
  { pid = ALL_PROCESSES, cookie = 0n }: UsdtOptions = {},
): Link {
  const path = findBinary(binary);
  const struct = new OptionStruct(OPTIONS).u64(OPTIONS.usdt_cookie, cookie);
  const [file, of, probe] = [path, provider, name].map(cString);
  const { bpf_program__attach_usdt } = usdts();
  return program.attachTo(
    `usdt/${path}:${provider}:${name}`,
    (pointer) => bpf_program__attach_usdt(pointer, pid, file, of, probe, struct.bytes),
    {
      takes: ["kprobe"],
      fault: (operation, errno, log) =>
        missingProcess(pid, operation, errno) ?? unknownArgument(log, operation) ??
          missingName(path, "USDT probe", probeNames(path), `${provider}:${name}`, operation),
    },
  );
}

/**
 * An argument that a compiler took from an array: base, index and scale, `8@(%rbp,%rax,8)`. libbpf before
 * 1.7 takes the three for the name of a register.
 */
function unknownArgument(log: string, operation: string): UnsupportedError | undefined {
  if (!/unrecognized register '[^']*,/.test(log)) return undefined;
  return tooOld(operation, "1.7");
}
