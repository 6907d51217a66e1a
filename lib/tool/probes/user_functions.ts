import { findFunction } from "../../objects/attach/elf_function.ts";
import { indirectFunctions } from "../../objects/attach/elf_symbols.ts";
import { ElfFile } from "../../symbols/elf.ts";
import { ElfError } from "../../symbols/elf_headers.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import type { Hook, Hooks, ProbedFile, Refusal } from "./hook.ts";
import type { ProbePattern } from "./pattern.ts";

/**
 * The functions of a program or a library that a pattern means: those that are at one address once, with all
 * their names.
 * @throws {ExitError} (64) if it has none, (65) if it is no such file; {BpfError} for one that is named alone
 *   and is none to attach to
 */
export function userFunctions(pattern: ProbePattern, { name: owner, path }: ProbedFile): Hooks {
  const refused: Refusal[] = [];
  const hooks = new Map<number, Hook>();
  using file = openElf(path);
  const named = pattern.name === undefined
    ? undefined
    : findFunction(path, pattern.name, `trace ${pattern.text}`)?.offset;
  const indirect = indirectFunctions(file);
  const meant = new Set<number>();
  for (const { name, address, fileOffset } of file.functions()) {
    const isMeant = named === undefined ? pattern.matches(name) : fileOffset === named;
    if (fileOffset === undefined) continue;
    if (indirect.has(address)) {
      if (isMeant) refused.push({ name, reason: "it is chosen when a program starts (IFUNC)" });
      continue;
    }
    const known = hooks.get(fileOffset);
    const places = [{ at: BigInt(fileOffset) }];
    hooks.set(fileOffset, { names: [...known?.names ?? [], name], owner, path, places });
    if (isMeant) meant.add(fileOffset);
  }
  if (meant.size > 0) return { hooks: [...meant].map((offset) => hooks.get(offset)!), refused };
  const message = `No function of ${quoted(owner)} matches ${quoted(pattern.text)}`;
  throw new ExitError(ExitCode.Usage, message);
}

/**
 * Opens a program or a library.
 * @throws {ExitError} (65) if it is none
 */
export function openElf(path: string): ElfFile {
  try {
    return ElfFile.open(path);
  } catch (cause) {
    if (cause instanceof ElfError) throw new ExitError(ExitCode.Data, cause.message, { cause });
    throw cause;
  }
}
