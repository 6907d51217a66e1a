/**
 * What generated skeletons import, all under one name. Not for use by hand: a tool imports its
 * skeleton, `#skel/execsnoop.ts`.
 *
 * @module
 */
export {
  bits,
  boolBits,
  signedBigBits,
  signedBits,
  unsignedBigBits,
  unsignedBits,
} from "../btf/bits.ts";
export { type Codec, type EventCodec, eventOf, raw, RecordView } from "../btf/codec.ts";
export {
  array,
  bytes,
  chars,
  flexibleArray,
  flexibleBytes,
  flexibleChars,
  type ReadonlyBytes,
} from "../btf/composites.ts";
export type { EnumOf } from "../btf/enum.ts";
export { kept, put } from "../btf/named_members.ts";
export {
  bool,
  f32,
  f64,
  s128,
  s16,
  s32,
  s64,
  s8,
  u128,
  u16,
  u32,
  u64,
  u8,
} from "../btf/scalars.ts";
export { RawText } from "../sys/raw_text.ts";
export { decodeText } from "../sys/text.ts";
export { type Union, union, type UnionCodec } from "../btf/union.ts";
export type { DataSection } from "../objects/data_section.ts";
export type { Link } from "../objects/link.ts";
export type { OpenOptions } from "../objects/object.ts";
export { type Kinded, kinded } from "./kinds.ts";
export { objectBytes } from "./object_bytes.ts";
export { type Opened, Skeleton } from "./skeleton.ts";
