import { onLog } from "../libbpf/log.ts";
import { btfFile } from "../sys/kernel.ts";
import { parseOptions } from "./options/command_line.ts";
import type { CommonOptions } from "./options/frame_options.ts";
import { ExitCode } from "./exit.ts";
import { reportFailure } from "./failure.ts";
import type { Column } from "./field.ts";
import type { Filter } from "./filter.ts";
import { LossReport } from "./losses.ts";
import { display } from "./display.ts";
import { shownColumns, write } from "./output.ts";
import { requirePermissions } from "./permissions.ts";
import { onEndingSignal } from "./signals.ts";
import type { Tool } from "./tool.ts";
import type { Each } from "./trace_interface.ts";
import { reading } from "./options/usage_errors.ts";
import { VERSION } from "./version.ts";

/**
 * Runs a tool as a command: reads its options, traces until it is told to stop, prints, and ends the
 * process with an exit code of exit.ts.
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
    const { options, common } = await parseOptions(tool, args);
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
      const { jsonSchema } = await import("./schema.ts");
      const columns = await chosenColumns(tool, options, { ...common, output: "json" });
      console.log(jsonSchema(tool, columns));
      return ExitCode.Ok;
    }
    const text = tool.print?.(options);
    if (text !== undefined) {
      write(text);
      return ExitCode.Ok;
    }
    const columns = await chosenColumns(tool, options, common);
    requirePermissions();
    const btf = common.btf ?? btfFile();
    if (btf !== undefined) (await import("./btf_file.ts")).takeBtfFile(btf);
    if (verbose) onLog((text) => console.error(text.trimEnd()));
    return await follow(tool, options, common, columns);
  } catch (error) {
    return reportFailure(tool.name, error, verbose);
  }
}

/** The fields of `--fields`, or those that the output has by itself. */
async function chosenColumns<Options, E>(
  tool: Tool<Options, E>,
  options: Options,
  common: CommonOptions,
): Promise<Column<E>[]> {
  const { fields } = common;
  if (fields === undefined) return shownColumns(tool, options, common);
  const { namedFields } = await import("./named_fields.ts");
  return reading("fields", () => namedFields(tool.fields, fields));
}

/** What `--filter` asks for, if it does. */
async function chosenFilter<Options, E>(
  tool: Tool<Options, E>,
  { filter }: CommonOptions,
): Promise<Filter<E> | undefined> {
  if (filter.length === 0) return undefined;
  const { parseFilter } = await import("./filter.ts");
  return reading("filter", () => parseFilter(tool.fields, filter));
}

/** Prints events until a signal, `--seconds`, `--events` or the trace itself ends them. */
async function follow<Options, E>(
  tool: Tool<Options, E>,
  options: Options,
  common: CommonOptions,
  columns: readonly Column<E>[],
): Promise<number> {
  const filter = await chosenFilter(tool, common);
  const shown = await display(tool, options, common, columns, () => trace.stop());
  const names = [...columns.map((column) => column.name), ...filter?.names ?? []];
  // Before loading and until all is closed, so that a signal in between does not cut it short.
  using _signals = onEndingSignal((signal) => trace.stop(signal));
  using trace = tool.trace(options, new Set(names));
  using _timer = after(common.seconds, () => trace.stop());
  const losses = new LossReport(tool.name, trace);

  let left = common.events ?? Infinity;
  /** @returns whether there are to be more */
  const goesOn = (count: number) => {
    left -= count;
    if (shown.end === undefined) losses.tell();
    return left > 0;
  };
  try {
    shown.begin();
    if (trace.views !== undefined && shown.stream !== undefined) {
      for await (const batch of trace.views()) {
        if (!goesOn(shown.stream(filter ? passing(batch, filter) : batch, left))) break;
      }
    } else {
      for await (const batch of trace.batches()) {
        if (!goesOn(shown.show(filter ? batch.filter(filter.passes) : batch, left))) break;
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  } finally {
    shown.end?.();
    losses.end();
  }
  if (trace.exitCode) return trace.exitCode;
  return common.strict && trace.lost > 0n ? ExitCode.Failure : ExitCode.Ok;
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
