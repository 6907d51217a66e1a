/** Where the kernel reads and writes swap: functions that other kernels call by other names. */
import type { Swapin } from "#skel/swapin.ts";
import {
  attachFunctionExits,
  attachFunctionHooks,
  type FunctionHooks,
  loadFunctionExits,
  loadFunctionHooks,
  requireFunctions,
} from "#lib/tool/function_hooks.ts";
import { parameterOf, returnsBoolean, wayToTrace } from "#lib/tool/functions.ts";

type Opened = ReturnType<typeof Swapin.open>["progs"];
type Loaded = ReturnType<Swapin["load"]>["progs"];

/** The newest name first: of none this is the one that lacks. */
const READS = [{ read: "swap_read_folio" }, { readpage: "swap_readpage" }] as const;

/** By which pages are found that are kept in memory, compressed: not in every kernel. */
const ZSWAPS = [{ zswap: "zswap_load" }, { frontswap: "__frontswap_load" }] as const;

const WRITE = { write: "__swap_writepage" };
const FAULT = { fault: "do_swap_page" };

const isThere = (hooks: FunctionHooks) =>
  Object.values(hooks).every((name) => wayToTrace(name) !== undefined);

const read = (): FunctionHooks => READS.find(isThere) ?? READS[0];
const zswap = (): FunctionHooks | undefined => ZSWAPS.find(isThere);

const nameOf = (hooks: FunctionHooks) => Object.values(hooks)[0];

/** The page, or what newer kernels have in place of one. */
const pageOf = (hooks: FunctionHooks) => parameterOf(nameOf(hooks), "folio", "page") ?? 0;

/** What bpf/swapin.bpf.c has to know of this kernel. */
export function swapArguments() {
  const compressed = zswap();
  return {
    read_argument: pageOf(read()),
    write_argument: pageOf(WRITE),
    zswap_says_true: compressed !== undefined && returnsBoolean(nameOf(compressed)),
  };
}

/** What is looked at besides reads. */
export interface Wanted {
  readonly out: boolean;
  readonly faults: boolean;
}

/** The hooks of both ends, of beginnings, and of ends. */
function hooks({ out, faults }: Wanted) {
  const both = { ...read(), ...faults && FAULT };
  return { begins: { ...both, ...out && WRITE }, ends: { ...both, ...zswap() } };
}

/** Chooses which programs are loaded on this kernel. */
export function loadSwapHooks(progs: Opened, wanted: Wanted): void {
  const { begins, ends } = hooks(wanted);
  loadFunctionHooks(progs, begins);
  for (const [hook, name] of Object.entries(ends)) {
    loadFunctionExits(progs, { [hook]: name }, `kretprobe_${hook}`);
  }
}

/**
 * Attaches what libbpf does not attach, of the programs that are loaded.
 * @throws {ExitError} if the host lets no function be traced, or lacks one of these
 */
export function attachSwapHooks(progs: Loaded): void {
  const { begins, ends } = hooks({
    out: progs.fentry_write.autoload || progs.kprobe_write.autoload,
    faults: progs.fentry_fault.autoload || progs.kprobe_fault.autoload,
  });
  requireFunctions("swapin", Object.values(ends));
  attachFunctionHooks("swapin", progs, begins);
  for (const [hook, name] of Object.entries(ends)) {
    attachFunctionExits(progs, { [hook]: name }, `kretprobe_${hook}`);
  }
}
