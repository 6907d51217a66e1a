/**
 * What tools need that fetch what their user names at probes: arguments, fields, members of structs. It stands
 * apart from mod.ts because a tool starts no sooner than its modules are loaded.
 *
 * @module
 */
export { type Compiled, type Facts, MOST_VALUES, type Shown } from "./fetch/compile.ts";
export { attachProbe, MOST_PROBES } from "./fetch/attach.ts";
export { CODE_FETCHES, CODE_STEPS, MOST_KEPT, NO_STEP } from "./fetch/code.ts";
export { type CountedValue, MOST_KEYS } from "./fetch/compile_distribution.ts";
export type { Value } from "./fetch/evaluate.ts";
export {
  type Fetch,
  type Fetched,
  NOTHING,
  NOTHING_COMPARED,
  type ValueType,
} from "./fetch/fetch.ts";
export {
  type FunctionTypes,
  functionTypes,
  inRegister,
  shownNumber,
} from "./fetch/function_types.ts";
export { numberType } from "./fetch/c_types.ts";
export { formatted, type SymbolNames } from "./fetch/printf.ts";
export { ARGUMENTS } from "./fetch/registers.ts";
export {
  type ResolvedDistribution,
  resolveDistribution,
  type ResolvedProbe,
  resolveProbe,
  type Way,
} from "./fetch/resolve.ts";
