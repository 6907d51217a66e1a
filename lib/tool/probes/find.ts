import { globPattern } from "../../objects/attach/glob.ts";
import { ExitError } from "../ending/exit.ts";
import { filesOf } from "./files.ts";
import type { Hooks } from "./hook.ts";
import { kernelFunctions } from "./kernel_functions.ts";
import type { ProbePattern } from "./pattern.ts";
import { tracepoints } from "./tracepoints.ts";
import { usdtProbes } from "./usdt_probes.ts";
import { userFunctions } from "./user_functions.ts";

/**
 * All hooks that a pattern means.
 * @param pids the processes that are traced, if any are named: a file is the one that they have
 * @param except patterns with `*` and `?` of names that are left out
 * @throws {ExitError} if there are none, or none can be traced on this host
 */
export function findHooks(
  pattern: ProbePattern,
  pids: readonly number[] = [],
  except: readonly string[] = [],
): Hooks {
  const globs = except.map(globPattern);
  const isLeftOut = (name: string) => globs.some((glob) => glob.test(name));
  const { hooks, refused } = hooksOf(pattern, pids);
  return {
    hooks: hooks.filter(({ names }) => !names.some(isLeftOut)),
    refused: refused.filter(({ name }) => !isLeftOut(name)),
  };
}

function hooksOf(pattern: ProbePattern, pids: readonly number[]): Hooks {
  const { kind, file } = pattern;
  if (kind === "tracepoint") return tracepoints(pattern);
  if (file === undefined) return kernelFunctions(pattern);
  const find = kind === "usdt" ? usdtProbes : userFunctions;
  const found: Hooks[] = [];
  let fault: ExitError | undefined;
  // Of several files, as those of several processes, some need not have what is meant.
  for (const one of filesOf(file, pids)) {
    try {
      found.push(find(pattern, one));
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      fault ??= error;
    }
  }
  if (found.length === 0) throw fault!;
  return {
    hooks: found.flatMap(({ hooks }) => hooks),
    refused: found.flatMap(({ refused }) => refused),
  };
}
