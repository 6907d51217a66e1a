import { onLog } from "../libbpf/log.ts";
import { btfFile } from "../sys/kernel.ts";
import { ExitCode } from "./ending/exit.ts";
import { reportFailure } from "./ending/failure.ts";
import { requirePermissions } from "./ending/permissions.ts";
import { onEndingSignal } from "./ending/signals.ts";
import { type Column, column, dataColumns, type Members } from "./members/member.ts";
import { parseOptions } from "./options/command_line.ts";
import type { CommonOptions } from "./options/frame_options.ts";
import { reading } from "./options/usage_errors.ts";
import type { Display } from "./output/display.ts";
import { displayFor } from "./output/display_for.ts";
import type { Filter } from "./output/filter.ts";
import { ToolOutput } from "./output/stdout.ts";
import { escapeText } from "./text/escape.ts";
import type { Tool } from "./tool.ts";
import { LossReport } from "./trace/losses.ts";
import type { Each, Trace } from "./trace/trace.ts";
import { VERSION } from "./version.ts";

/**
 * Runs a tool as a command: reads its options, traces until it is asked to stop, prints, and ends the
 * process with an exit code of ending/exit.ts.
 *
 * @example
 * ```ts
 * import { tool } from "@denobpf/denobpf/tools/minimal";
 * import { toolMain } from "@denobpf/denobpf/tool";
 *
 * if (import.meta.main) await toolMain(tool);
 * ```
 */
export async function toolMain<Options, E>(
  tool: Tool<Options, E>,
  args: readonly string[] = Deno.args,
): Promise<never> {
  Deno.exit(await runTool(tool, args));
}

async function runTool<Options, E>(
  tool: Tool<Options, E>,
  args: readonly string[],
): Promise<number> {
  let verbose = false;
  try {
    const { options, common } = parseOptions(tool, args);
    verbose = common.verbose;
    if (common.help) {
      const { helpText } = await import("./options/help.ts");
      console.log(helpText(tool).trimEnd());
      return ExitCode.Ok;
    }
    if (common.version) {
      console.log(`${tool.name} (denobpf) ${VERSION}`);
      return ExitCode.Ok;
    }
    if (common.schema) {
      const { jsonSchema } = await import("./output/schema.ts");
      const columns = await chosenColumns(tool, tool.fields, options, {
        ...common,
        output: "json",
      });
      console.log(jsonSchema(tool, columns));
      return ExitCode.Ok;
    }
    const text = tool.print?.(options);
    if (text !== undefined) return await print(text);
    const fields = tool.kept?.(options) ?? tool.fields;
    const columns = await chosenColumns(tool, fields, options, common);
    requirePermissions();
    const btf = common.btf ?? btfFile();
    if (btf !== undefined) (await import("./btf_file.ts")).takeBtfFile(btf);
    if (verbose) onLog((text) => console.error(text.trimEnd()));
    return await follow({ ...tool, fields }, options, common, columns);
  } catch (error) {
    return reportFailure(tool.name, error, verbose);
  }
}

/** Prints a text instead of events. */
async function print(text: string): Promise<number> {
  requirePermissions();
  const out = new ToolOutput();
  out.string(text);
  await out.drain();
  return ExitCode.Ok;
}

/** The fields of `--fields`, or those that the output has by itself. */
async function chosenColumns<Options, E>(
  tool: Tool<Options, E>,
  fields: Members<E>,
  options: Options,
  common: CommonOptions,
): Promise<Column<E>[]> {
  if (common.fields !== undefined) {
    const { namedFields } = await import("./output/named_fields.ts");
    return reading("fields", () => namedFields(fields, common.fields!));
  }
  if (common.output !== "table") return dataColumns(fields);
  const names = tool.columns(options).filter((name) => name !== false);
  const columns = names.map((name) => column(fields, name));
  // A user who names a format of time wants to see the time.
  if (common.time_format === undefined || columns.some(isTime)) return columns;
  return [...dataColumns(fields).filter(isTime).slice(0, 1), ...columns];
}

function isTime<E>({ kind }: Column<E>): boolean {
  return kind.name === "time";
}

/** What `--filter` asks for, if it does. */
async function chosenFilter<E>(
  fields: Members<E>,
  { filter }: CommonOptions,
): Promise<Filter<E> | undefined> {
  if (filter.length === 0) return undefined;
  const { parseFilter } = await import("./output/filter.ts");
  return reading("filter", () => parseFilter(fields, filter));
}

/** Prints events until a signal, `--seconds`, `--events` or the trace itself ends them. */
async function follow<Options, E>(
  tool: Tool<Options, E>,
  options: Options,
  common: CommonOptions,
  columns: readonly Column<E>[],
): Promise<number> {
  const filter = await chosenFilter(tool.fields, common);
  const out = new ToolOutput();
  const choice = { tool, options, frame: common, columns };
  const shown = await displayFor(choice, out, () => trace.stop());
  const names = [...columns.map((column) => column.name), ...filter?.names ?? []];
  // Before loading and until all is closed, so that a signal in between does not cut it short.
  using _signals = onEndingSignal((signal) => {
    shown.end?.();
    if (out.draining) blocked(tool.name, signal, out);
    trace.stop(signal);
  });
  // A tool sets no other timer than this one while it waits for events.
  let due = Infinity;
  using trace = tool.trace(options, new Set(names), () => due - performance.now());
  using _timer = after(common.seconds, () => trace.stop());
  if (common.seconds !== undefined) due = performance.now() + common.seconds * 1000;
  const losses = new LossReport(tool.name, trace);
  try {
    shown.begin();
    if (!out.flush()) await out.drain();
    let left = common.events ?? Infinity;
    for await (const batch of batchesFor(trace, shown)) {
      left -= shown.show(filter ? passing(batch, filter) : batch, left);
      if (!out.flush()) await out.drain();
      if (shown.end === undefined) losses.report();
      if (left <= 0) break;
    }
    await shown.finish?.();
    await out.drain();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  } finally {
    shown.end?.();
    losses.end();
    for (const what of trace.unseen) {
      console.error(`${tool.name}: not shown: ${escapeText(what)}`);
    }
  }
  if (trace.exitCode) return trace.exitCode;
  return common.strict && trace.lost > 0n ? ExitCode.Failure : ExitCode.Ok;
}

/** The events of a trace, read in place where the display and the trace allow it. */
function batchesFor<E>(trace: Trace<E, E>, shown: Display<E>): AsyncIterable<Each<E>> {
  return !shown.keeps && trace.views ? trace.views() : trace.batches();
}

/** SIGINT */
const INTERRUPT = 2;

/** What a signal does while the reader of the output takes no more: all but the first Ctrl-C end the tool. */
function blocked(name: string, signal: number, out: ToolOutput): void {
  if (signal !== INTERRUPT) return out.giveUp();
  console.error(
    `${name}: ${out.length} bytes wait for the reader of the output; Ctrl-C again drops them`,
  );
}

function passing<E>(batch: Each<E>, filter: Filter<E>): Each<E> {
  return {
    forEach: (handle) => batch.forEach((event) => filter.passes(event) && handle(event)),
  };
}

/** Calls `stop` after `seconds`, if that is a number at all: the first timer costs 4 ms to set up. */
function after(seconds: number | undefined, stop: () => void): Disposable | undefined {
  if (seconds === undefined) return undefined;
  const timer = setTimeout(stop, seconds * 1000);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
