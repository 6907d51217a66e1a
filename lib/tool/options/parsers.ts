/** Parsers for the values of options. */
import { capabilityNumber } from "../../sys/capability_names.ts";
import { errnoNumber } from "../../sys/errno.ts";
import { MAX_SIGNAL, signalNumber } from "../../sys/signals.ts";
import { COMPAT_ABI, NATIVE_ABI, syscallNumbers } from "../../sys/syscalls.ts";
import { userId } from "../../sys/users.ts";
import type { Parser } from "./declarations.ts";
import { requirePermissions } from "../ending/permissions.ts";
import { addressBytes } from "../text/address.ts";
import { quoted } from "../text/escape.ts";
import { ValueError } from "./usage_errors.ts";

/**
 * Any text.
 *
 * @example
 * ```ts
 * import { option, text } from "@denobpf/denobpf/tool";
 *
 * const options = { line: option("l", "TEXT", "Show lines with this text", text) };
 * ```
 */
export const text: Parser<string> = (text): string => text;

/**
 * A whole number, both limits included.
 *
 * @example
 * ```ts
 * import { integer, ValueError } from "@denobpf/denobpf/tool";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(integer(1, 60)("20"), 20);
 * assertThrows(() => integer(1, 60)("61"), ValueError);
 * ```
 */
export function integer(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new ValueError(`${quoted(text)} is not a whole number from ${min} to ${max}`);
  };
}

/**
 * A number that may have a fraction, both limits included.
 *
 * @example
 * ```ts
 * import { decimal } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decimal(0, 10)("2.5"), 2.5);
 * ```
 */
export function decimal(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new ValueError(`${quoted(text)} is not a number from ${min} to ${max}`);
  };
}

/**
 * One of the given words.
 *
 * @example
 * ```ts
 * import { choice } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(choice("ipv4", "ipv6")("ipv6"), "ipv6");
 * ```
 */
export function choice<const T extends string>(...words: readonly T[]): Parser<T> {
  const parse = (text: string) => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    throw new ValueError(`${quoted(text)} is not one of ${words.join(", ")}`);
  };
  return Object.assign(parse, { choices: words });
}

/**
 * PID_MAX_LIMIT of include/linux/threads.h.
 *
 * @example
 * ```ts
 * import { integer, MAX_PID, option } from "@denobpf/denobpf/tool";
 *
 * const options = { tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)) };
 * ```
 */
export const MAX_PID = 4_194_304;

/**
 * The id of a process or thread.
 *
 * @example
 * ```ts
 * import { list, pid } from "@denobpf/denobpf/tool";
 *
 * const options = { pid: list("p", "PID,...", "Trace these processes only", pid) };
 * ```
 */
export const pid: Parser<number> = integer(1, MAX_PID);

/**
 * How many: a whole number from 1 on.
 *
 * @example
 * ```ts
 * import { count, optional } from "@denobpf/denobpf/tool";
 *
 * const operands = { count: optional("COUNT", "Stop after COUNT tables", count) };
 * ```
 */
export const count: Parser<number> = integer(1, Number.MAX_SAFE_INTEGER);

/**
 * The longest timer of a JavaScript runtime: 2^31 - 1 milliseconds.
 *
 * @example
 * ```ts
 * import { decimal, MAX_SECONDS, option } from "@denobpf/denobpf/tool";
 *
 * const every = option("", "SECONDS", "Show it this often", decimal(0, MAX_SECONDS), 1);
 * ```
 */
export const MAX_SECONDS = 2_147_483;

/**
 * A time in seconds, which may have a fraction.
 *
 * @example
 * ```ts
 * import { optional, seconds } from "@denobpf/denobpf/tool";
 *
 * const operands = { interval: optional("INTERVAL", "Print a table this often", seconds) };
 * ```
 */
export const seconds: Parser<number> = decimal(0, MAX_SECONDS);

/** The powers of 1024 that a size can be given in. */
const UNITS = ["", "K", "M", "G", "T"];

/**
 * A size in bytes: `4096`, `64K`, `1M`, in powers of 1024, with or without `B` or `iB` behind.
 *
 * @example
 * ```ts
 * import { bytes } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bytes("64K"), 65_536);
 * ```
 */
export const bytes: Parser<number> = (text): number => {
  const [, number, unit = ""] = /^(\d+)(?:([KMGT])i?)?B?$/i.exec(text) ?? [];
  const value = Number(number) * 1024 ** UNITS.indexOf(unit.toUpperCase());
  if (Number.isSafeInteger(value)) return value;
  throw new ValueError(`${quoted(text)} is not a size in bytes, such as 4096, 64K or 1M`);
};

/**
 * MAX_ERRNO of include/linux/err.h.
 *
 * @example
 * ```ts
 * import { MAX_ERRNO } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(MAX_ERRNO, 4095);
 * ```
 */
export const MAX_ERRNO = 4095;

/**
 * An errno by number or by name, `2` or `ENOENT`: the number.
 *
 * @example
 * ```ts
 * import { errno } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(errno("ENOENT"), 2);
 * ```
 */
export const errno: Parser<number> = (text): number => {
  if (/^\d+$/.test(text)) return integer(1, MAX_ERRNO)(text);
  const number = errnoNumber(text.toUpperCase());
  if (number !== undefined) return number;
  throw new ValueError(
    `${quoted(text)} is no errno; a number or a name such as ENOENT is accepted`,
  );
};

/**
 * A signal by number or by name, `9`, `KILL` or `SIGKILL`: the number.
 *
 * @example
 * ```ts
 * import { signal } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(signal("KILL"), 9);
 * ```
 */
export const signal: Parser<number> = (text): number => {
  if (/^\d+$/.test(text)) return integer(1, MAX_SIGNAL)(text);
  const number = signalNumber(text);
  if (number !== undefined) return number;
  throw new ValueError(
    `${quoted(text)} is no signal; a number or a name such as SIGKILL is accepted`,
  );
};

/** Capabilities are the bits of a number of 64 bits. */
const MAX_CAPABILITY = 63;

/**
 * A capability by number or by name, `21`, `SYS_ADMIN` or `CAP_SYS_ADMIN`: the number.
 *
 * @example
 * ```ts
 * import { capability } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(capability("CAP_SYS_ADMIN"), 21);
 * ```
 */
export const capability: Parser<number> = (text): number => {
  if (/^\d+$/.test(text)) return integer(0, MAX_CAPABILITY)(text);
  const number = capabilityNumber(text);
  if (number !== undefined) return number;
  throw new ValueError(
    `${quoted(text)} is no capability; a number or a name such as CAP_SYS_ADMIN is accepted`,
  );
};

/**
 * The name of a system call of any ABI that this host's programs use.
 *
 * @example
 * ```ts
 * import { syscall, ValueError } from "@denobpf/denobpf/tool";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(syscall("openat"), "openat");
 * assertThrows(() => syscall("opneat"), ValueError);
 * ```
 */
export const syscall: Parser<string> = (text): string => {
  if ([NATIVE_ABI, COMPAT_ABI].some((abi) => syscallNumbers(abi, text).length > 0)) return text;
  throw new ValueError(`${quoted(text)} is no system call (syscount -l lists them)`);
};

/**
 * A port of TCP or UDP.
 *
 * @example
 * ```ts
 * import { list, port } from "@denobpf/denobpf/tool";
 *
 * const options = { port: list("P", "PORT,...", "Trace these ports only", port) };
 * ```
 */
export const port: Parser<number> = integer(0, 65_535);

/**
 * An address of IPv4 or IPv6.
 *
 * @example
 * ```ts
 * import { address, ValueError } from "@denobpf/denobpf/tool";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(address("192.0.2.1"), "192.0.2.1");
 * assertThrows(() => address("192.0.2"), ValueError);
 * ```
 */
export const address: Parser<string> = (text): string => {
  if (addressBytes(text) !== undefined) return text;
  throw new ValueError(`${quoted(text)} is no address, such as 192.0.2.1 or 2001:db8::1`);
};

/** The highest user id; the one above it, (uid_t) -1, means "none" to the kernel. */
const MAX_UID = 0xffff_fffe;

/**
 * A user by id or by name: the id.
 *
 * @example
 * ```ts
 * import { user } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(user("root"), 0);
 * ```
 */
export const user: Parser<number> = (text): number => {
  if (/^\d+$/.test(text)) return integer(0, MAX_UID)(text);
  requirePermissions(); // the look-up calls libc, and options are read before anything else does
  const id = text.includes("\0") ? undefined : userId(text); // C has no name with a NUL
  if (id !== undefined) return id;
  throw new ValueError(`no user is called ${quoted(text)}; a name or an id is accepted`);
};
