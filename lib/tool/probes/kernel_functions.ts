import { hasAttachKind } from "../../objects/features/attach_kinds.ts";
import { tryReadTextFile } from "../../sys/file.ts";
import { mountTracefs } from "../../sys/mounts.ts";
import { fileExists } from "../../sys/status.ts";
import { nearest } from "../../sys/nearest.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import type { Hook, Hooks, Refusal } from "./hook.ts";
import type { ProbePattern } from "./pattern.ts";

/** Whether programs are attached to many functions at once here, or to each by itself. */
export function attachesManyFunctions(): boolean {
  return hasAttachKind("kprobe.multi");
}

/** The kernel has it if it has kprobes, whatever this process may do. */
const KPROBES = "/sys/bus/event_source/devices/kprobe";

/**
 * Parts of functions that the compiler has moved elsewhere, and what the kernel makes for BPF and
 * tracepoints: no functions of anybody's source.
 */
const NO_FUNCTION = /\.cold(\.\d+)?$|^__probestub_|^__traceiter_|^__pfx_|^__SC[KT]__|^bpf_prog_/;

/** The place of a call to ftrace is at most this many bytes behind the beginning: endbr64, bti and the like. */
const FARTHEST_CALL = 16n;

/** A function by its address. */
interface KernelFunction {
  readonly name: string;
  readonly address: bigint;
  readonly module: string | undefined;
}

/**
 * The functions of the kernel and its modules that a pattern means.
 * @throws {ExitError} (69) on a host without kprobes; (64) if there is no such function; (77) where the kernel
 *   hides addresses
 */
export function kernelFunctions(pattern: ProbePattern): Hooks {
  if (!attachesManyFunctions() && !fileExists(KPROBES)) {
    throw new ExitError(
      ExitCode.Unavailable,
      `Cannot trace functions of the kernel: this host's kernel has no kprobes (CONFIG_KPROBES)`,
    );
  }
  const meant = knownFunctions((name) => pattern.matches(name) && !NO_FUNCTION.test(name));
  if (meant.length === 0) throw missing(pattern);
  if (meant.some(({ address }) => address === 0n)) {
    throw new ExitError(
      ExitCode.NoPermission,
      "Cannot trace functions of the kernel: it hides their addresses (kernel.kptr_restrict)",
    );
  }
  const places = new CallPlaces(new Set(meant.map(({ name }) => name)));
  const several = new Map<string, number>();
  for (const { name } of meant) several.set(name, (several.get(name) ?? 0) + 1);
  const refused: Refusal[] = [];
  const hooks = new Map<bigint, Hook>();
  for (const { name, address, module } of meant) {
    const reason = places.reasonAgainst(name, address, several.get(name)!);
    const known = hooks.get(address);
    if (reason !== undefined) refused.push({ name, reason });
    else if (known !== undefined) hooks.set(address, { ...known, names: [...known.names, name] });
    else hooks.set(address, { names: [name], owner: module, places: [{ at: address }] });
  }
  return { hooks: [...hooks.values()], refused };
}

/** Which functions ftrace knows; a program can be attached to no others. */
class CallPlaces {
  /** Where the calls are, by name: from Linux 6.5 on. Undefined where the kernel does not say. */
  readonly #addresses: ReadonlyMap<string, readonly bigint[]> | undefined;
  readonly #names: ReadonlySet<string> | undefined;

  /** @param wanted the names that will be asked for */
  constructor(wanted: ReadonlySet<string>) {
    const folder = mountTracefs();
    const isWanted = ({ name }: { name: string }) => wanted.has(name);
    const calls = linesOf(`${folder}/available_filter_functions_addrs`)?.map((line) => {
      const [address, name] = line.split(" ", 2);
      return { address, name };
    });
    if (calls === undefined) {
      const names = linesOf(`${folder}/available_filter_functions`);
      this.#names = names && new Set(names.map((line) => line.split(" ", 1)[0]));
      return;
    }
    const groups = Map.groupBy(calls.filter(isWanted), ({ name }) => name);
    this.#addresses = new Map(
      [...groups].map((
        [name, calls],
      ) => [name, calls.map(({ address }) => BigInt(`0x${address}`))]),
    );
  }

  /** @param several how many functions have the name */
  reasonAgainst(name: string, address: bigint, several: number): string | undefined {
    if (several > 1 && (this.#addresses === undefined || !attachesManyFunctions())) {
      return `${several} functions have this name, which a kprobe cannot distinguish`;
    }
    const calls = this.#addresses?.get(name) ?? [];
    const isTraced = this.#addresses === undefined
      ? this.#names?.has(name) ?? true
      : calls.some((call) => call >= address && call - address <= FARTHEST_CALL);
    return isTraced ? undefined : "the kernel does not let it be traced";
  }
}

/** Types t, T, w and W of /proc/kallsyms: nm(1). */
const FUNCTION_TYPES = "tTwW";

/** The functions whose names pass, of the hundred thousand and more that there are. */
function knownFunctions(passes: (name: string) => boolean): KernelFunction[] {
  const text = tryReadTextFile("/proc/kallsyms") ?? "";
  const found: KernelFunction[] = [];
  for (let at = 0, end; (end = text.indexOf("\n", at)) >= 0; at = end + 1) {
    const type = text.indexOf(" ", at) + 1;
    if (!FUNCTION_TYPES.includes(text[type])) continue;
    const line = text.slice(type + 2, end);
    const tab = line.indexOf("\t");
    const name = tab < 0 ? line : line.slice(0, tab);
    if (!passes(name)) continue;
    const module = tab < 0 ? undefined : line.slice(tab + 2, -1);
    found.push({ name, address: BigInt(`0x${text.slice(at, type - 1)}`), module });
  }
  return found;
}

function missing({ name, text }: ProbePattern): ExitError {
  if (name === undefined) {
    return new ExitError(ExitCode.Usage, `No function of the kernel matches ${quoted(text)}`);
  }
  const near = nearest(name, knownFunctions(() => true).map((known) => known.name));
  return new ExitError(
    ExitCode.Usage,
    `The kernel has no function ${quoted(name)}: it may be part of its callers`,
    near === undefined ? {} : { hint: `did you mean ${near}?` },
  );
}

/** @returns undefined if there is no such file, or nothing in it */
function linesOf(path: string): string[] | undefined {
  const text = tryReadTextFile(path);
  return text ? text.split("\n").filter((line) => line !== "") : undefined;
}
