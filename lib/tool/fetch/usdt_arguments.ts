import { type Fetched, numberAt, type ValueType } from "./fetch.ts";
import { registerAt } from "./registers.ts";

/** An argument of a USDT probe: it is somewhere, or a constant. Undefined where this cannot fetch it. */
export type UsdtArgument = Fetched | bigint | undefined;

/** Size and place: `-4@%edi`, `8@-24(%rbp)`, `4@$7`; `8@x0`, `-4@[sp, 12]`, `4@7` on arm64. */
const ARGUMENT = /(-?\d+)(f?)@(\[[^\]]*\]|\S+)/g;

/**
 * Reads the arguments of a note as sys/sdt.h of SystemTap writes them, in the words of the assembler:
 * https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
 */
export function usdtArguments(text: string): UsdtArgument[] {
  return [...text.matchAll(ARGUMENT)].map(([, size, float, place]) => {
    const bytes = Math.abs(Number(size));
    if (float !== "" || ![1, 2, 4, 8].includes(bytes)) return undefined;
    const type = { isText: false, size: bytes, signed: Number(size) < 0, untyped: bytes === 8 };
    return argumentAt(place, type);
  });
}

function argumentAt(place: string, type: ValueType): UsdtArgument {
  const [, constant] = /^\$?(-?(?:0x[0-9a-f]+|\d+))$/i.exec(place) ?? [];
  if (constant !== undefined) return constantOf(constant);
  const [, register] = /^%?(\w+)$/.exec(place) ?? [];
  if (register !== undefined) {
    const at = registerAt(register);
    return at === undefined ? undefined : numberAt({ at, space: "user" }, [], type);
  }
  const [, offset = "0", base] = /^(-?(?:0x[0-9a-f]+|\d+))?\(%(\w+)\)$/i.exec(place) ?? [];
  const [, base64, offset64 = "0"] = /^\[(\w+)(?:\s*,\s*#?(-?\d+))?\]$/.exec(place) ?? [];
  const at = registerAt(base ?? base64 ?? "");
  if (at === undefined) return undefined;
  const by = Number(constantOf(base === undefined ? offset64 : offset));
  return numberAt({ at, space: "user" }, [by], type);
}

/** BigInt() takes no minus before hexadecimal digits. */
function constantOf(text: string): bigint {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}
