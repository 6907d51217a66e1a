import type { Declarations, Operands } from "../declarations.ts";

/** What stands behind the program's name on a command line: `execsnoop` behind `denobpf`. */
export interface CompletedCommand {
  readonly name: string;
  readonly brief: string;
  /** All options that it takes. */
  readonly options: Declarations;
  /** The words that it takes besides options. */
  readonly operands?: Operands;
}
