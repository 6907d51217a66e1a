/**
 * BPF from TypeScript: objects are opened, loaded, attached and closed through the system's libbpf.
 * Skeletons (see the guide) give them types; what is here also works without one.
 * @module
 */
export type { Bytes } from "./btf/bytes.ts";
export {
  type Codec,
  decodeAll,
  encodeAll,
  type EventCodec,
  eventOf,
  raw,
  type RawView,
  RecordView,
  type ValueView,
} from "./btf/codec.ts";
export { Btf, type ResolvedType } from "./btf/layout.ts";
export { printDefinition, printType } from "./btf/print.ts";
export {
  bool,
  f32,
  f64,
  s128,
  s16,
  s32,
  s64,
  s8,
  toNumber,
  u128,
  u16,
  u32,
  u64,
  u8,
} from "./btf/scalars.ts";
export { decodeText, encodeText } from "./sys/text.ts";
export * from "./btf/types.ts";
export { type BtfValue, printValue, readValue } from "./btf/values.ts";
export { LibraryError } from "./libbpf/error.ts";
export { libbpfVersion } from "./libbpf/library.ts";
export { onLog } from "./libbpf/log.ts";
export { BpfObject } from "./objects/check_object.ts";
export { btfBytes, type BtfInfo, listBtf } from "./objects/btf_info.ts";
export type { Descriptor, KernelObject } from "./objects/kernel_object.ts";
export type { Lifetime, Phase } from "./objects/lifetime.ts";
export type { ByHand } from "./objects/attach/attached_by_hand.ts";
export { attachCgroup, attachNetns } from "./objects/attach/cgroup.ts";
export {
  attachIter,
  type CgroupOrder,
  type IterLink,
  type IterOptions,
} from "./objects/attach/iter.ts";
export { attachKprobe, type KprobeOptions } from "./objects/attach/kprobe.ts";
export { attachKprobeMulti, type KprobeMultiOptions } from "./objects/attach/kprobe_multi.ts";
export { attachKsyscall, type KsyscallOptions } from "./objects/attach/ksyscall.ts";
export type { LinkByFd } from "./objects/attach/link_by_fd.ts";
export { attachNetfilter, type NetfilterOptions } from "./objects/attach/netfilter.ts";
export {
  attachPerfEvent,
  type PerfEventLinks,
  type PerfEventOptions,
} from "./objects/attach/perf_event.ts";
export { attachRawTracepoint, type RawTracepointOptions } from "./objects/attach/raw_tracepoint.ts";
export { attachSocket, type SocketFilter } from "./objects/attach/socket.ts";
export { attachSockmap, type SockmapAttachment } from "./objects/attach/sockmap.ts";
export { attachTc, type TcFilter, type TcOptions } from "./objects/attach/tc.ts";
export type { OrderOptions } from "./objects/attach/program_order.ts";
export { attachNetkit, attachTcx } from "./objects/attach/tcx.ts";
export {
  attachFreplace,
  attachLsm,
  attachTrace,
  type TraceOptions,
} from "./objects/attach/trace.ts";
export { attachTracepoint, type TracepointOptions } from "./objects/attach/tracepoint.ts";
export { attachUprobe, type UprobeOptions } from "./objects/attach/uprobe.ts";
export { attachUprobeMulti, type UprobeMultiOptions } from "./objects/attach/uprobe_multi.ts";
export { attachUsdt, type UsdtOptions } from "./objects/attach/usdt.ts";
export { attachXdp, type XdpOptions } from "./objects/attach/xdp.ts";
export type { Section } from "./objects/section.ts";
export {
  BpfError,
  PermissionError,
  PhaseError,
  UnsupportedError,
  VerifierError,
} from "./objects/errors.ts";
export {
  type AttachKind,
  type AttachKindName,
  attachKinds,
  hasAttachKind,
  hasHelper,
  type Helper,
  helpersOf,
  kernelOption,
  kernelOptions,
  type Kind,
  mapKinds,
  programKinds,
  requireAttachKind,
} from "./objects/features.ts";
export type { Attachment, LibbpfProgram, Link } from "./objects/link.ts";
export {
  type KernelLink,
  type LinkInfo,
  linkInfo,
  listLinks,
  openLink,
} from "./objects/link_info.ts";
export type { LinkTarget, PerfEventTarget } from "./objects/link_target.ts";
export type { AnyMap, MapHandle, MapShape, ObjectMap } from "./objects/any_map.ts";
export { BpfMap, type UpdateCondition } from "./objects/map.ts";
export {
  type KernelMap,
  listMaps,
  mapIdList,
  type MapInfo,
  mapInfo,
  openMap,
  openMapByName,
  rawMap,
} from "./objects/map_info.ts";
export { createMap, MapFlags, type MapOptions } from "./objects/create_map.ts";
export { Arena } from "./objects/maps/arena.ts";
export { BloomFilter } from "./objects/maps/bloom_filter.ts";
export { CgroupArray } from "./objects/maps/cgroup_array.ts";
export {
  type DescriptorLike,
  DescriptorMap,
  ProgramArray,
  ReadableDescriptorMap,
  XskMap,
} from "./objects/maps/descriptor_map.ts";
export { MapOfMaps } from "./objects/maps/map_of_maps.ts";
export { type MapType, mapTypeName } from "./objects/maps/map_types.ts";
export { ipv4Prefix, ipv6Prefix, type Prefix, prefix } from "./objects/maps/lpm_trie.ts";
export { Queue } from "./objects/maps/queue.ts";
export { SocketMap } from "./objects/maps/socket_map.ts";
export {
  type BuildIdFrame,
  BuildIdStackTraces,
  type StackMap,
  StackTraces,
} from "./objects/maps/stack_traces.ts";
export {
  cgroupStorage,
  inodeStorage,
  type LocalStorage,
  socketStorage,
  taskStorage,
} from "./objects/maps/storage.ts";
export { StructOps } from "./objects/maps/struct_ops.ts";
export type { MapDescription, OpenOptions } from "./objects/object.ts";
export { isPerCpu, perCpu, possibleCpus } from "./objects/per_cpu.ts";
export type { Attachable, Program } from "./objects/program.ts";
export {
  type KernelProgram,
  listPrograms,
  openProgram,
  programCode,
  type ProgramInfo,
  programInfo,
} from "./objects/program_info.ts";
export type { AttachType, ProgramType } from "./objects/program_types.ts";
export { PerfBuffer } from "./objects/perf_buffer.ts";
export {
  type Batch,
  type EventBuffer,
  type EventMemory,
  type ReadOptions,
  RingBuffer,
} from "./objects/ring_buffer.ts";
export { UserRingBuffer } from "./objects/user_ring_buffer.ts";
export { testRun, type TestRunOptions, type TestRunResult } from "./objects/prog_test_run.ts";
export { PacketSocket } from "./sys/network.ts";
export type { PerfCounter, PerfRate } from "./sys/perf_event.ts";
export { TracePipe } from "./sys/trace_pipe.ts";
export * from "./symbols/mod.ts";
