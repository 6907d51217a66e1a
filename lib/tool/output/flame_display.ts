import { FlameTree } from "../flames/flame_tree.ts";
import { reportCut } from "../flames/report_cut.ts";
import type { FlameFormat } from "../options/frame_options.ts";
import { usage } from "../options/usage_errors.ts";
import type { Flames, Tables } from "../tool.ts";
import type { Each } from "../trace/trace.ts";
import type { Choice, Display } from "./display.ts";
import type { ByteOutput } from "../text/bytes.ts";

/** All rows of a run as one flame graph, at its end. */
export class FlameDisplay<Options, E> implements Display<E> {
  readonly keeps = true;
  readonly #choice: Choice<Options, E>;
  readonly #tables: Tables<Options, E>;
  readonly #flames: Flames<Options, E>;
  readonly #format: FlameFormat;
  readonly #out: ByteOutput;
  #tree = new FlameTree();

  /** @throws {ExitError} (64) if `--fields` names columns, or a terminal would get what is no text */
  constructor(
    choice: Choice<Options, E>,
    tables: Tables<Options, E>,
    format: FlameFormat,
    out: ByteOutput,
  ) {
    if (choice.frame.fields !== undefined) throw usage(`--fields has no effect on -o ${format}`);
    if (format === "pprof" && Deno.stdout.isTerminal()) {
      throw usage(
        `-o pprof is no text for a terminal: write it to a file (${choice.tool.name} -o pprof > FILE)`,
      );
    }
    this.#choice = choice;
    this.#tables = tables;
    this.#flames = tables.flames!;
    this.#format = format;
    this.#out = out;
  }

  /** The title goes to a terminal beside the output: nothing else is printed for the whole run. */
  begin(): void {
    const { title } = this.#tables;
    if (title !== undefined && Deno.stderr.isTerminal()) console.error(title(this.#choice.options));
  }

  show(batch: Each<E>): number {
    if (this.#flames.standing) this.#tree = new FlameTree();
    const { options } = this.#choice;
    batch.forEach((row) =>
      this.#tree.add(this.#flames.path(row, options), this.#flames.value(row, options))
    );
    return 1;
  }

  async finish(): Promise<void> {
    const { options, tool: { name } } = this.#choice;
    const unit = this.#flames.unit(options);
    const shown = (value: number) => this.#flames.shown?.(value, options) ?? value;
    reportCut(this.#tree, name, unit);
    const written = await this.#flames.write(this.#tree, this.#format, { name, unit, shown });
    if (written instanceof Uint8Array) this.#out.raw(written);
    else for (const piece of written) this.#out.string(piece);
  }
}
