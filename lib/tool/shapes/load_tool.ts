import type { Declarations } from "../options/declarations.ts";
import {
  type LoadedTargets,
  loadTargeted,
  type Targeted,
  type Targets,
} from "../options/targets.ts";
import { loadSkeleton } from "../trace/load.ts";

/** An opened skeleton. */
export type Openable = Disposable & { load(): unknown };

/**
 * Loads a tool's skeleton, for the targets that the user named if the tool takes any: if its options have
 * those of options/targets.ts.
 * @param prepare sets what is to be set before load
 * @throws {BpfError | ExitError} the skeleton is closed then
 */
export function loadTool<Op extends Openable>(
  opened: Op,
  declared: Declarations,
  wanted: unknown,
  prepare: (opened: Op) => void,
): ReturnType<Op["load"]> {
  if (!("pidns" in declared)) return loadSkeleton(opened, prepare);
  type Aimed = Targeted & Disposable & { load(): LoadedTargets };
  return loadTargeted(
    opened as unknown as Aimed,
    wanted as Targets,
    prepare as unknown as (opened: Aimed) => void,
  ) as ReturnType<Op["load"]>;
}
