/** From a probe as its user describes it to what programs are attached to, and what they fetch there. */
import { checkWithin, functionIn } from "../../objects/attach/elf_function.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { parsed } from "../options/usage_errors.ts";
import { findHooks } from "../probes/find.ts";
import { checkNotGo, whyNotAtReturn } from "../probes/returns.ts";
import type { Hook } from "../probes/hook.ts";
import type { ProbePattern } from "../probes/pattern.ts";
import { compile, type Compiled } from "./compile.ts";
import {
  argumentNumber,
  hasArgumentsAtEnd,
  namesAtEnd,
  namesAtEntry,
  namesAtReturn,
  namesBySignature,
  namesInFile,
  namesOfCall,
  namesOfUsdt,
  prototypeOf,
} from "./functions.ts";
import type { Names } from "./names.ts";
import { type CompiledDistribution, compileDistribution } from "./compile_distribution.ts";
import { type Distribution, needsBeginning, parseDistribution } from "./distribution.ts";
import { parseSpecification, type Place, type Specification } from "./specification.ts";
import { namesOfTracepoint } from "./tracepoint_fields.ts";

/** How a program gets to a probe. */
export type Way =
  | "kprobe"
  | "kretprobe"
  | "fexit"
  | "tracepoint"
  | "uprobe"
  | "uretprobe"
  /** A call of the kernel or of a program, from its beginning to its return. */
  | "kcall"
  | "ucall";

/** A probe of this host, for one program. */
export interface ResolvedProbe {
  readonly specification: Specification;
  /** The function, the tracepoint without its category, or the USDT probe without its provider. */
  readonly label: string;
  readonly way: Way;
  readonly hooks: readonly Hook[];
  readonly compiled: Compiled;
}

/**
 * Reads a probe and looks for it. A USDT probe whose places have their arguments differently needs a program for
 * each way.
 * @param pids the processes that are traced, if any are named
 * @throws {ExitError} (64) that points at what is wrong; (69) for what this host cannot trace
 */
export function resolveProbe(text: string, pids: readonly number[]): ResolvedProbe[] {
  const specification = parsed("PROBE", parseSpecification, text);
  return waysTo(specification, hooksOf(specification, pids)).map(({ hooks, way, names }) => ({
    specification,
    label: specification.name.replace(/^.*:/, ""),
    way,
    hooks,
    compiled: parsed("PROBE", () => compile(specification, names), text),
  }));
}

/** A probe at which values are counted, for the programs of one number. */
export interface ResolvedDistribution {
  readonly way: Way;
  readonly hooks: readonly Hook[];
  readonly compiled: CompiledDistribution;
}

/**
 * The same for what is counted, or shown as a histogram.
 * @param option how it was asked for, for messages
 * @throws {ExitError} (64) that points at what is wrong; (69) for what this host cannot trace
 */
export function resolveDistribution(
  option: string,
  text: string,
  isHistogram: boolean,
  pids: readonly number[],
): { readonly asked: Distribution; readonly probes: readonly ResolvedDistribution[] } {
  const asked = parsed(option, parseDistribution, text);
  const ways = waysToDistribution(asked, hooksOf(asked, pids));
  const probes = ways.map(({ hooks, way, names }) => ({
    way,
    hooks,
    compiled: parsed(option, () => compileDistribution(asked, names, isHistogram), text),
  }));
  return { asked, probes };
}

/** @throws {ExitError} if there is nothing that this host can trace */
function hooksOf(place: Place, pids: readonly number[]): readonly Hook[] {
  const { hooks, refused: [refusal] } = findHooks(patternOf(place), pids);
  if (hooks.length > 0) return hooks;
  const message = `Cannot trace ${refusal.name}: ${refusal.reason}`;
  throw new ExitError(ExitCode.Unavailable, message);
}

/** The ways to what is counted, of which some need a call's beginning as well as its end. */
function waysToDistribution(asked: Distribution, hooks: readonly Hook[]): WayTo[] {
  const ways = waysTo(asked, hooks);
  const { file, kind, name, signature } = asked;
  const [{ way }] = ways;
  if (kind !== "return") return ways;
  const typed = file === undefined ? prototypeOf(hooks[0]) : undefined;
  const parameters = new Set(
    [...signature ?? [], ...typed?.prototype.parameters ?? []].map((one) => one.name),
  );
  // fexit has the arguments, though not the time of the beginning.
  const isLost = (name: string) =>
    way !== "fexit" && (parameters.has(name) || argumentNumber(name) !== undefined);
  if (!needsBeginning(asked, isLost)) return ways;
  const atEntry = file === undefined ? namesAtEntry(typed, name) : namesInFile(signature, false);
  const atReturn = file === undefined ? namesAtReturn(typed, name) : ways[0].names;
  const names = namesBySignature(namesOfCall(atEntry, atReturn), signature);
  return [{ way: file === undefined ? "kcall" : "ucall", hooks: ways[0].hooks, names }];
}

function patternOf({ place, kind, file, name }: Place): ProbePattern {
  return {
    text: place,
    kind: kind === "return" ? "function" : kind,
    file,
    name,
    matches: (one) => one === name,
  };
}

type WayTo = Pick<ResolvedProbe, "way" | "hooks"> & { readonly names: Names };

function waysTo(specification: Place, hooks: readonly Hook[]): WayTo[] {
  switch (specification.kind) {
    case "tracepoint":
      return [{ way: "tracepoint", hooks, names: namesOfTracepoint(specification.name) }];
    case "usdt":
      return usdtWays(hooks);
    default:
      return [
        specification.file === undefined
          ? wayInKernel(specification, hooks)
          : wayInFile(specification, hooks),
      ];
  }
}

function wayInKernel(place: Place, hooks: readonly Hook[]): WayTo {
  const way = typedWayInKernel(place, hooks);
  return { ...way, names: namesBySignature(way.names, place.signature) };
}

function typedWayInKernel({ kind, name, offset }: Place, hooks: readonly Hook[]): WayTo {
  if (hooks.length > 1) {
    const message = `Cannot trace ${name}: ${hooks.length} functions of the kernel have this name`;
    throw new ExitError(ExitCode.Unavailable, message);
  }
  const typed = prototypeOf(hooks[0]);
  if (kind === "function") {
    if (offset === 0) return { way: "kprobe", hooks, names: namesAtEntry(typed, name) };
    const placed = hooks.map((hook) => ({ ...hook, offset }));
    return { way: "kprobe", hooks: placed, names: namesAtEntry(undefined, `${name}+${offset}`) };
  }
  if (hasArgumentsAtEnd(typed)) return { way: "fexit", hooks, names: namesAtEnd(typed!) };
  return { way: "kretprobe", hooks, names: namesAtReturn(typed, name) };
}

function wayInFile(specification: Place, hooks: readonly Hook[]): WayTo {
  const { kind, name, offset, signature, place } = specification;
  const isReturn = kind === "return";
  for (const hook of hooks) {
    const file = hook.file!;
    if (isReturn) checkNotGo(file);
    const reason = isReturn ? whyNotAtReturn(hook) : undefined;
    if (reason !== undefined) {
      throw new ExitError(ExitCode.Unavailable, `Cannot trace ${name}: ${reason}`);
    }
    if (offset === 0) continue;
    const operation = `trace ${place}`;
    const found = file.lookInto((elf) => functionIn(elf, file.name, name, operation));
    checkWithin(found, offset, name, operation);
  }
  return {
    way: isReturn ? "uretprobe" : "uprobe",
    hooks: hooks.map((hook) => ({
      ...hook,
      places: hook.places.map((place) => ({ ...place, at: place.at + BigInt(offset) })),
    })),
    names: namesInFile(signature, isReturn),
  };
}

/** Each takes a program of its own, of which a tool has a few. */
const MOST_FORMS = 64;

function usdtWays(hooks: readonly Hook[]): WayTo[] {
  const forms = new Map<string, Hook[]>();
  for (const hook of hooks) {
    for (const [form, places] of Map.groupBy(hook.places, (place) => place.arguments ?? "")) {
      const one = { ...hook, places };
      const known = forms.get(form);
      if (known === undefined) forms.set(form, [one]);
      else known.push(one);
    }
  }
  if (forms.size > MOST_FORMS) {
    const message = `Cannot trace ${
      hooks[0].names[0]
    }: it has its arguments in ${forms.size} ways, more than ${MOST_FORMS}`;
    throw new ExitError(ExitCode.Unavailable, message);
  }
  return [...forms].map(([form, hooks]) => ({ way: "uprobe", hooks, names: namesOfUsdt(form) }));
}
