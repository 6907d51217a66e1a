import { functionIn } from "../../objects/attach/elf_function.ts";
import { indirectFunctions } from "../../objects/attach/elf_symbols.ts";
import { KEPT } from "../../symbols/budget.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import type { Hooks, Refusal } from "./hook.ts";
import type { ProbePattern } from "./pattern.ts";
import type { ProbedFile } from "./probed_file.ts";

/** This many names are kept of an address, and this many more of those that are meant. */
const MOST_NAMES = 16;

/**
 * The functions of a program or a library that a pattern means: those that are at one address once, with all
 * their names.
 * @throws {ExitError} (64) if it has none, (65) if it is no such file; {BpfError} for one that is named alone
 *   and is none to attach to
 */
export function userFunctions(pattern: ProbePattern, file: ProbedFile): Hooks {
  const owner = file.name;
  const refused: Refusal[] = [];
  const namesAt = file.lookInto((elf, budget) => {
    budget.take(KEPT * elf.symbolSize.count);
    const named = pattern.name === undefined
      ? undefined
      : functionIn(elf, owner, pattern.name, `trace ${pattern.text}`).offset;
    const indirect = indirectFunctions(elf);
    const functions = elf.functions();
    const namesAt = new Map<number, string[]>();
    for (const { name, address, fileOffset } of functions) {
      const isMeant = named === undefined ? pattern.matches(name) : fileOffset === named;
      if (fileOffset === undefined || !isMeant) continue;
      if (!indirect.has(address)) namesAt.set(fileOffset, []);
      else refused.push({ name, reason: "it is chosen when a program starts (IFUNC)" });
    }
    for (const { name, address, fileOffset } of functions) {
      const names = fileOffset === undefined ? undefined : namesAt.get(fileOffset);
      if (names === undefined || indirect.has(address)) continue;
      const most = pattern.matches(name) ? 2 * MOST_NAMES : MOST_NAMES;
      if (names.length < most) names.push(name);
    }
    return namesAt;
  });
  const hooks = Array.from(
    namesAt,
    ([offset, names]) => ({ names, owner, file, places: [{ at: BigInt(offset) }] }),
  );
  if (hooks.length > 0) return { hooks, refused };
  const message = `No function of ${quoted(owner)} matches ${quoted(pattern.text)}`;
  throw new ExitError(ExitCode.Usage, message);
}
