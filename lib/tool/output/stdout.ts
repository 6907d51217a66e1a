import { SystemError } from "../../sys/errno.ts";
import { Stdout } from "../../sys/stdout.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { ByteOutput } from "../text/bytes.ts";

/** The output of a tool: bytes for stdout. */
export class ToolOutput extends ByteOutput {
  readonly #stdout: Stdout;
  #given_up: (() => void) | undefined;

  constructor() {
    const stdout = new Stdout();
    super((bytes) => {
      try {
        return stdout.write(bytes);
      } catch (error) {
        throw outputError(error);
      }
    });
    this.#stdout = stdout;
  }

  /**
   * Waits until the reader has taken all that was written; the event loop turns meanwhile.
   * @throws {Deno.errors.BrokenPipe} when nobody reads any more
   * @throws {ExitError} (74) when it cannot be written for another reason, or {@link giveUp} was called
   */
  async drain(): Promise<void> {
    const given_up = Promise.withResolvers<void>();
    let waits = true;
    this.#given_up = () => {
      waits = false;
      given_up.resolve();
    };
    while (waits && !this.flush()) await Promise.race([this.#stdout.room(), given_up.promise]);
    this.#given_up = undefined;
    if (waits) return;
    throw new ExitError(
      ExitCode.Output,
      `${this.length} bytes were not written: the reader of the output takes no more`,
    );
  }

  /** Whether the reader is waited for. */
  get draining(): boolean {
    return this.#given_up !== undefined;
  }

  /** Ends {@link drain}, if it waits. */
  giveUp(): void {
    this.#given_up?.();
  }
}

/** What an error of stdout means to a tool. */
function outputError(error: unknown): unknown {
  if (!(error instanceof SystemError)) return error;
  if (error.code === "EPIPE") return new Deno.errors.BrokenPipe();
  return new ExitError(ExitCode.Output, error.message);
}
