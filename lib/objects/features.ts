/** What the running kernel can do, found out by trying: bcc and bpftool call this features. */
export {
  type AttachKind,
  type AttachKindName,
  attachKinds,
  hasAttachKind,
  requireAttachKind,
} from "./features/attach_kinds.ts";
export { hasHelper, type Helper, helpersOf } from "./features/helpers.ts";
export { kernelOption, kernelOptions } from "./features/kernel_options.ts";
export { type Kind, mapKinds, programKinds } from "./features/kinds.ts";
