import { onLog } from "../libbpf/log.ts";
import { parseOptions } from "./arguments.ts";
import type { CommonOptions } from "./common.ts";
import { ExitCode } from "./exit.ts";
import { reportFailure } from "./failure.ts";
import { helpText } from "./help.ts";
import { renderer, shownColumns, write } from "./output.ts";
import { requirePermissions } from "./permissions.ts";
import { onEndingSignal } from "./signals.ts";
import type { Tool } from "./tool.ts";
import { VERSION } from "./version.ts";

/**
 * Runs a tool as a command: reads its options, traces until it is told to stop, prints, and ends the
 * process with an exit code of exit.ts.
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
): Promise<ExitCode> {
  let verbose = false;
  try {
    const { options, common } = await parseOptions(tool, args);
    verbose = common.verbose;
    if (common.help) {
      console.log(helpText(tool).trimEnd());
    } else if (common.version) {
      console.log(`${tool.name} (denobpf) ${VERSION}`);
    } else {
      requirePermissions();
      if (verbose) onLog((text) => console.error(text.trimEnd()));
      await follow(tool, options, common);
    }
    return ExitCode.Ok;
  } catch (error) {
    return reportFailure(tool.name, error, verbose);
  }
}

/** Prints events until a signal, `--seconds`, `--events` or the trace itself ends them. */
async function follow<Options, E>(
  tool: Tool<Options, E>,
  options: Options,
  common: CommonOptions,
): Promise<void> {
  const columns = shownColumns(tool, options, common);
  const { header, rows } = renderer(columns, common, tool.failed);
  // Before loading and until all is closed, so that a signal in between does not cut it short.
  using _signals = onEndingSignal(() => trace.stop());
  using trace = tool.trace(options, new Set(columns.map((column) => column.name)));
  using _timer = after(common.seconds, () => trace.stop());
  if (!common.no_header) write(header);

  let left = common.events ?? Infinity;
  try {
    for await (const batch of trace.batches()) {
      write(rows(batch.length > left ? batch.slice(0, left) : batch));
      left -= batch.length;
      if (left <= 0) break;
    }
  } finally {
    if (trace.lost > 0n) console.error(`${tool.name}: lost ${trace.lost} events`);
  }
}

/** Calls `stop` after `seconds`, if that is a number at all: the first timer costs 4 ms to set up. */
function after(seconds: number | undefined, stop: () => void): Disposable | undefined {
  if (seconds === undefined) return undefined;
  const timer = setTimeout(stop, seconds * 1000);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
