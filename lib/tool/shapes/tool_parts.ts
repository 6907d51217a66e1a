import {
  type Declarations,
  type Operands,
  type OptionsOf,
  withDefaults,
} from "../options/declarations.ts";
import type { Tool } from "../tool.ts";

/** The values of a tool's options and operands. An operand that is given counts more than an option of its name. */
export type Wanted<O extends Declarations, P extends Operands> = OptionsOf<O> & OptionsOf<P> & {
  /** The words of the command to run, of a tool that takes one. */
  readonly command?: readonly string[];
};

/** What tools of all shapes declare alike. */
export interface ToolParts<O extends Declarations, P extends Operands> extends
  Pick<
    Tool<Wanted<O, P>, never>,
    | "name"
    | "group"
    | "brief"
    | "examples"
    | "demanding"
    | "frame"
    | "aliases"
    | "command"
    | "print"
  > {
  /** Its own options. */
  readonly options: O;
  /** The words that it takes besides options, in their order. */
  readonly operands?: P;
}

/** These parts of a declaration. */
export function commonParts<O extends Declarations, P extends Operands>(parts: ToolParts<O, P>) {
  const { name, group, brief, examples, demanding, frame, aliases, command, print } = parts;
  const { options, operands } = parts;
  return {
    name,
    group,
    brief,
    examples,
    demanding,
    frame,
    aliases,
    command,
    print,
    options,
    operands,
  };
}

/** All options and operands: those that are given, and the defaults of the others. */
export function wantedOf<O extends Declarations, P extends Operands>(
  { options, operands }: Pick<ToolParts<O, P>, "options" | "operands">,
  given: Partial<Wanted<O, P>>,
): Wanted<O, P> {
  const wanted = withDefaults({ ...operands, ...options }, given as never);
  return { ...wanted, ...given.command && { command: given.command } } as unknown as Wanted<O, P>;
}
