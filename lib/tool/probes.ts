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
export { findHooks } from "./probes/find.ts";
export { functionInUse } from "./probes/in_use.ts";
export type { Hook, Hooks, Place, Refusal } from "./probes/hook.ts";
export { attachesManyFunctions } from "./probes/kernel_functions.ts";
export { parsePattern, type ProbePattern } from "./probes/pattern.ts";
