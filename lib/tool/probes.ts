/**
 * What tools need that are attached to what their user names: functions of the kernel or of files, USDT probes,
 * tracepoints. It stands apart from mod.ts because a tool starts no sooner than its modules are loaded.
 *
 * @module
 */
export { attachUprobe } from "../objects/attach/uprobe.ts";
export {
  attachesManyInFiles,
  type AttachOptions,
  attachToFiles,
  attachToKernel,
  attachToTracepoints,
  hasCookies,
  type Numbered,
  reportRefusals,
} from "./probes/attach.ts";
export type { LoadedProgram, OpenedProgram } from "../skeleton/skeleton.ts";
export { attachCalls } from "./probes/attach_calls.ts";
export { behindHook, functionOf } from "./probes/behind_hook.ts";
export { checkNotGo, hasStacksAtReturn, whyNotAtReturn } from "./probes/returns.ts";
export { findHooks } from "./probes/find.ts";
export {
  byOption,
  groupColumns,
  type Grouped,
  GROUPED_BY,
  type GroupedBy,
  groupMembers,
  setGroups,
} from "./probes/groups.ts";
export { FollowedFiles, type Following } from "./probes/followed_files.ts";
export { hostLibraries } from "./probes/host_libraries.ts";
export { FilesInUse, functionHook, functionInUse } from "./probes/in_use.ts";
export type { Hook, Hooks, Place, Refusal } from "./probes/hook.ts";
export { type AskedHooks, HookPlan, type Limits, type TypedHooks } from "./probes/hook_plan.ts";
export { attachesManyFunctions } from "./probes/kernel_functions.ts";
export { callOwnFunction, ownFunction } from "./probes/own_function.ts";
export { type AskedCalls, CallPlan } from "./probes/call_plan.ts";
export { type AskedPrograms, ProgramPlan } from "./probes/program_plan.ts";
export { type FilePlace, ProbedFile } from "./probes/probed_file.ts";
export { parsePattern, type ProbePattern } from "./probes/pattern.ts";
