/**
 * The frame that every tool shares: a tool declares, the frame runs, prints and ends. A tool imports this and
 * its skeleton, nothing else.
 *
 * @module
 */
export { hasAttachKind } from "../objects/features/attach_kinds.ts";
export { capabilityName } from "../sys/capability_names.ts";
export { ChildProcess } from "../sys/child_process.ts";
export { bootTime, monotonicTime, wallTime } from "../sys/clock.ts";
export { deviceNumbers } from "../sys/device_numbers.ts";
export { diskName, DiskNames } from "../sys/disks.ts";
export { errnoName, errnoNumber, errorName } from "../sys/errno.ts";
export { readTextFile, tryReadTextFile } from "../sys/file.ts";
export { fileExists, fileId } from "../sys/status.ts";
export { hasBtf } from "../sys/kernel.ts";
export { possibleCpus } from "../objects/per_cpu.ts";
export { type Kinded, type KindName, KINDS } from "../skeleton/kinds.ts";
export { pageSize } from "../sys/memory.ts";
export { RawText } from "../sys/raw_text.ts";
export { signalName, signalNumber } from "../sys/signals.ts";
export {
  type Abi,
  COMPAT_ABI,
  NATIVE_ABI,
  syscallName,
  syscallNumbers,
  syscalls,
} from "../sys/syscalls.ts";
export { containerId } from "../sys/containers.ts";
export { mostThreads } from "../sys/threads.ts";
export { decodeText } from "../sys/text.ts";
export { idIfSet, userName } from "../sys/users.ts";
export { coreDumped, type Exit, exitOf } from "../sys/wait_status.ts";
export {
  chooseConnectPrograms,
  connectMembers,
  type ConnectPrograms,
  type ConnectRecord,
  failedToConnect,
} from "./connects.ts";
export {
  chooseConnectionPrograms,
  CONNECTION_TYPES,
  connectionMembers,
  type ConnectionPrograms,
  type ConnectionRecord,
} from "./connections.ts";
export { enumNames } from "./enum_names.ts";
export { ExitCode, ExitError } from "./ending/exit.ts";
export { type KindValues, type MembersOfC, type Traced } from "./members/c_kinds.ts";
export type { DecimalLook } from "./members/kinds/decimal.ts";
export type { IntegerLook } from "./members/kinds/integer.ts";
export type {
  AnyKind,
  Comparison,
  Kind,
  Look,
  SortKey,
  ValueSchema,
  Writer,
} from "./members/kinds/kind.ts";
export type { WordsLook } from "./members/kinds/words.ts";
export {
  type Latencies,
  type LatencyMembers,
  latencyMembers,
  type LatencyRow,
} from "./members/latency_members.ts";
export { durationsIn, type InUnits } from "./members/durations.ts";
export type {
  Column,
  EventOf,
  InPlace,
  Kept,
  LazyOf,
  Member,
  Members,
  MemberValue,
  RecordOf,
} from "./members/member.ts";
export { type Declare, type MemberKinds, membersOf } from "./members/members_of.ts";
export { Part, type PartNames, partsOf, type Varying } from "./members/parts.ts";
export {
  type AnyOption,
  type Declarations,
  type Declared,
  type Flag,
  flag,
  list,
  type ListOption,
  type Operand,
  operand,
  type Operands,
  option,
  optional,
  type OptionsOf,
  type Parser,
  rest,
  type RestOperands,
  type Valued,
  type ValueOf,
  type ValueOption,
  withDefaults,
  withLetters,
  without,
} from "./options/declarations.ts";
export { folder } from "./options/folder.ts";
export {
  type FlameFormat,
  frameOptions,
  type FrameSpellings,
  type OutputFormat,
  type Spelling,
} from "./options/frame_options.ts";
export {
  address,
  bytes,
  capability,
  choice,
  count,
  decimal,
  errno,
  integer,
  MAX_ERRNO,
  MAX_PID,
  MAX_SECONDS,
  pid,
  port,
  seconds,
  signal,
  syscall,
  text,
  user,
} from "./options/parsers.ts";
export { setSocketTargets, socketOptions, type SocketTargets } from "./options/sockets.ts";
export {
  isTargeted,
  type LoadedTargets,
  loadTargeted,
  ownPidns,
  type Targeted,
  targetOptions,
  type Targets,
} from "./options/targets.ts";
export {
  bioArguments,
  disk,
  queueArguments,
  REQ_OP_MASK,
  requestError,
  RequestNames,
  requestOp,
  titleOf,
} from "./block.ts";
export { type OffCpuState, offCpuState, stateBits, switchArguments, WAIT_KINDS } from "./sched.ts";
export { ValueError } from "./options/usage_errors.ts";
export { formatJson } from "./output/format_json.ts";
export { toolMain } from "./run.ts";
export {
  type Counted,
  type CountTool,
  countTool,
  intervalOperands,
  intervalOptions,
  topOptions,
} from "./shapes/counts.ts";
export {
  loadAverages,
  topToolOperands,
  type TopToolOptions,
  topToolOptions,
  topToolTables,
} from "./shapes/top.ts";
export type { ToolParts, Wanted } from "./shapes/tool_parts.ts";
export { type ListTool, listTool } from "./shapes/list.ts";
export { type PipeTool, pipeTool } from "./shapes/pipe.ts";
export {
  durationOperand,
  type Join,
  type RingSkeleton,
  type RingTool,
  ringTool,
} from "./shapes/ring.ts";
export { histogramLines, type Spread, spreadMembers, spreadWith } from "./spread.ts";
export { type Owned, ownerMembers } from "./sock_owner.ts";
export { SockIds } from "./sock_ids.ts";
export { syscallForms } from "./syscall_forms.ts";
export { DIRECTION, OWNER_BY, OWNER_BY_BRIEF, TCP_FLAGS, TCP_STATES } from "./tcp.ts";
export { findsUserRegisters } from "./user_registers.ts";
export { addressBytes, addressText, endText } from "./text/address.ts";
export type { ByteOutput, Constant } from "./text/bytes.ts";
export { escapeText, quoted } from "./text/escape.ts";
export { percentile, percentileNs, type SlottedTimes } from "./text/percentile.ts";
export { drawHistogram, type Histogram, type HistogramLook, usedSlots } from "./text/histogram.ts";
export type { Structure } from "./text/json_text.ts";
export { atFlagNames, flagNames } from "./text/flag_names.ts";
export { OPEN_FLAGS, openFlagNames } from "./text/open_flags.ts";
export { shellQuote } from "./text/quote.ts";
export { decodePath, decodeStrings } from "./text/strings.ts";
export { rfc3339, type TimeFormat, timeOfDay } from "./text/time_format.ts";
export { plainWords, RawWords, type Text, type Words } from "./text/words.ts";
export type {
  FlameFrame,
  FlameNode,
  FlameTree,
  FlameUnit,
  FrameKind,
} from "./flames/flame_tree.ts";
export type { FlameLook, FlameWriter } from "./flames/write_flames.ts";
export type { Flames, Tables, Tool } from "./tool.ts";
export {
  type Cell,
  type Counter,
  CounterSets,
  type Counts,
  orNothing,
  sumOf,
  switchSets,
  takeSet,
  type TwoSets,
} from "./trace/counter_sets.ts";
export { type HookNames, type Loadable, loadHooks } from "./trace/hooks.ts";
export { loadSkeleton } from "./trace/load.ts";
export { runIterator } from "./trace/run_iterator.ts";
export { seedSocks } from "./trace/seed_socks.ts";
export type { Losses } from "./trace/losses.ts";
export { type Counting, lossesOf } from "./trace/losses_of.ts";
export type { PipeLine } from "./trace/pipe_source.ts";
export type { Attaching } from "./trace/ring_source.ts";
export { Tally, type TallyParts } from "./trace/tally.ts";
export { Waiting } from "./trace/waiting.ts";
export { walk, walked } from "./trace/walk.ts";
export { type Each, type Source, Trace, type TraceOptions } from "./trace/trace.ts";
