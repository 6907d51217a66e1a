/** The frame that every tool shares: a tool declares, the frame runs, prints and ends. */
export { ExitCode } from "./exit.ts";
export type { Field, Fields } from "./field.ts";
export { loadHooks, missesOf } from "./hooks.ts";
export { toolMain } from "./main.ts";
export {
  type Declarations,
  type Flag,
  flag,
  list,
  type ListOption,
  option,
  type OptionsOf,
  type Parser,
  type ValueOption,
  withDefaults,
} from "./option.ts";
export { shellQuote } from "./quote.ts";
export { loadTargeted, targetOptions } from "./targets.ts";
export { rfc3339, timeOfDay } from "./time.ts";
export type { Tool } from "./tool.ts";
export { RingTrace } from "./trace.ts";
export type { Losses, Trace, TraceOptions } from "./trace_interface.ts";
export { choice, decimal, integer, text, user, ValueError } from "./value.ts";
export { dropFirst, type Lazy, plainWords, type Text, type Words } from "./words.ts";
