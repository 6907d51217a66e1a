/** Types of C by the words that they are written in: of signatures, casts and fields of tracepoints. */
import { Btf } from "../../btf/layout.ts";
import { hasBtf } from "../../sys/kernel.ts";
import type { WrittenType } from "./expression.ts";
import type { ValueType } from "./fetch.ts";

/** Bytes of the types that every kernel and program has; x86-64 and arm64. */
const SIZES: readonly (readonly [name: RegExp, size: number])[] = [
  [/^(?:unsigned |signed )?char$|^(?:__)?[us]8$|^u?int8_t$|^_?[Bb]ool$/, 1],
  [/^(?:unsigned )?short(?: unsigned)?(?: int)?$|^(?:__)?[us]16$|^u?int16_t$|^umode_t$/, 2],
  [/^(?:unsigned |signed )?int$|^unsigned$|^signed$|^(?:__)?[us]32$|^u?int32_t$/, 4],
  [/^[pgu]id_t$|^mode_t$|^gfp_t$|^qid_t$|^key_t$|^key_serial_t$|^rwf_t$|^dev_t$/, 4],
  [/^(?:unsigned |signed )?long(?: unsigned)?(?: long)?(?: unsigned)?(?: int)?$/, 8],
  [/^(?:__)?[us]64$|^u?int64_t$|^s?size_t$|^off_t$|^loff_t$|^u?intptr_t$/, 8],
];

const SIGNED =
  /^(?:signed )?(?:char|short|int|long)\b(?!.*unsigned)|^(?:__)?s\d|^int\d|^signed$|^pid_t$|^ssize_t$|^l?off_t$|^intptr_t$|^key_(?:serial_)?t$|^rwf_t$/;

const CHAR = /^(?:(?:un)?signed )?char$/;

/** A pointer to what. */
export const ADDRESS: ValueType = { isText: false, size: 8, signed: false, isPointer: true };

/** A register of which nobody says what is in it. */
export const REGISTER: ValueType = { isText: false, size: 8, signed: false, untyped: true };

/** @returns undefined for what is no number, and for types that nobody knows */
export function numberType(name: string): ValueType | undefined {
  const size = SIZES.find(([pattern]) => pattern.test(name))?.[1];
  return size === undefined ? undefined : { isText: false, size, signed: SIGNED.test(name) };
}

/** Whether it points to characters. */
export function isText({ name, pointers }: WrittenType): boolean {
  return pointers === 1 && CHAR.test(name);
}

/** The struct, union or typedef of the kernel that a type names. @returns undefined if it has none */
export function kernelType(name: string, btf?: Btf): number | undefined {
  if (btf === undefined && !hasBtf()) return undefined;
  const types = btf ?? Btf.kernel();
  const [, kind, tag] = /^(struct|union|enum) (\w+)$/.exec(name) ?? [];
  return tag === undefined ? types.find("typedef", name) : types.find(kind as "struct", tag);
}
