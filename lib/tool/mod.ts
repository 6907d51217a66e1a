/** The frame that every tool shares: a tool declares, the frame runs, prints and ends. */
export type { RawText } from "../sys/raw_text.ts";
export { ExitCode } from "./exit.ts";
export type {
  BooleanField,
  DecimalField,
  Field,
  FieldOf,
  Fields,
  IntegerField,
  IntegersField,
  Structure,
  StructureField,
  TextField,
  TimeField,
  WordsField,
} from "./field.ts";
export { type Counted, type Forms, type Loadable, loadHooks, missesOf } from "./hooks.ts";
export { toolMain } from "./main.ts";
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
export { shellQuote } from "./quote.ts";
export {
  type LoadedTargets,
  loadTargeted,
  type Targeted,
  targetOptions,
  type Targets,
} from "./options/targets.ts";
export type { Tables } from "./tables.ts";
export { rfc3339, timeOfDay } from "./time.ts";
export type { Tool } from "./tool.ts";
export { RingTrace } from "./trace.ts";
export type { Each, Losses, Trace, TraceOptions } from "./trace_interface.ts";
export { frameOptions, type FrameSpellings, type Spelling } from "./options/frame_options.ts";
export {
  bytes,
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
  text,
  user,
} from "./options/parsers.ts";
export { ValueError } from "./options/usage_errors.ts";
export {
  type Lazy,
  type LazyMember,
  plainWords,
  type RawWords,
  type Text,
  type Words,
} from "./words.ts";
