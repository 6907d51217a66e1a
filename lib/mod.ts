/**
 * BPF from TypeScript: objects are opened, loaded, attached and closed through the system's libbpf.
 * Skeletons (see the guide) give them types; what is here also works without one.
 * @module
 */
export type { Bytes } from "./btf/bytes.ts";
export { type Codec, decodeAll, encodeAll, type EventCodec, raw, RecordView } from "./btf/codec.ts";
export { bool, s16, s32, s64, s8, toNumber, u16, u32, u64, u8 } from "./btf/scalars.ts";
export { decodeText, encodeText } from "./btf/text.ts";
export { LibraryError } from "./libbpf/error.ts";
export { libbpfVersion } from "./libbpf/library.ts";
export { onLog } from "./libbpf/log.ts";
export type { DataSection } from "./objects/data_section.ts";
export {
  BpfError,
  PermissionError,
  PhaseError,
  UnsupportedError,
  VerifierError,
} from "./objects/errors.ts";
export type { Link } from "./objects/link.ts";
export type { BpfMap } from "./objects/map.ts";
export { BpfObject, type MapInfo, type OpenOptions } from "./objects/object.ts";
export { possibleCpus } from "./objects/per_cpu.ts";
export type { Program } from "./objects/program.ts";
export type { Batch, ReadOptions, RingBuffer } from "./objects/ring_buffer.ts";
