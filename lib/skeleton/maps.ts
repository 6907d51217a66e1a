/**
 * The kinds of maps that few objects have: skeletons of those import them from here.
 *
 * @module
 */
export { BpfMap } from "../objects/map.ts";
export { rawMap } from "../objects/map_info.ts";
export { Arena } from "../objects/maps/arena.ts";
export { BloomFilter } from "../objects/maps/bloom_filter.ts";
export { ProgramArray, XskMap } from "../objects/maps/descriptor_map.ts";
export { MapOfMaps } from "../objects/maps/map_of_maps.ts";
export { Queue } from "../objects/maps/queue.ts";
export { SocketMap } from "../objects/maps/socket_map.ts";
export { BuildIdStackTraces, StackTraces } from "../objects/maps/stack_traces.ts";
export {
  cgroupStorage,
  inodeStorage,
  socketStorage,
  taskStorage,
} from "../objects/maps/storage.ts";
export { StructOps } from "../objects/maps/struct_ops.ts";
export { perCpu } from "../objects/per_cpu.ts";
export { PerfBuffer } from "../objects/perf_buffer.ts";
export { RingBuffer } from "../objects/ring_buffer.ts";
export { UserRingBuffer } from "../objects/user_ring_buffer.ts";
