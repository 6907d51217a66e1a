import type { Memleak } from "#skel/memleak.ts";
import { ExitCode, ExitError, quoted } from "#lib/tool/mod.ts";
import { attachUprobe, findHooks, type Hook, parsePattern } from "#lib/tool/probes.ts";

type Progs = ReturnType<ReturnType<typeof Memleak.open>["load"]>["progs"];

/** What of a process is traced: the functions of malloc(3), and the program for the entry of each. */
const FUNCTIONS = {
  malloc: "malloc_enter",
  valloc: "malloc_enter",
  pvalloc: "malloc_enter",
  calloc: "calloc_enter",
  realloc: "realloc_enter",
  memalign: "memalign_enter",
  aligned_alloc: "memalign_enter",
  posix_memalign: "posix_memalign_enter",
  free: "free_enter",
} as const satisfies Record<string, keyof Progs>;

/** A process may have mapped several files of the name, each with all functions. */
const MOST_PLACES = 100;

/** Which allocator is meant. */
export interface Allocator {
  /** The processes, if any are named. */
  readonly pid: readonly number[];
  /** Its library or program. */
  readonly obj: string;
  /** What its names begin with: `je_` for `je_malloc`. */
  readonly symbols_prefix: string;
}

/** A function of an allocator, and what is attached at its entry. */
interface Place {
  readonly hook: Hook;
  readonly enter: (typeof FUNCTIONS)[keyof typeof FUNCTIONS];
}

/**
 * Attaches programs to the functions of an allocator, where it has them: each address once, whatever its names.
 * @throws {ExitError} (64) if it has no malloc() or no free()
 */
export function attachToAllocator(progs: Progs, allocator: Allocator): void {
  const { pid } = allocator;
  for (const one of pid.length > 0 ? pid : [undefined]) {
    for (const { hook, enter } of placesOf(allocator, one)) {
      const at = Number(hook.places[0].at);
      hook.file!.attach((path) => {
        // The return first: an allocation whose entry alone is seen counts as lost.
        if (enter !== "free_enter") {
          attachUprobe(progs.allocator_return, path, at, { pid: one, retprobe: true });
        }
        attachUprobe(progs[enter], path, at, { pid: one });
      });
    }
  }
}

function placesOf({ obj, symbols_prefix }: Allocator, pid: number | undefined): Place[] {
  const names = new Map(
    Object.entries(FUNCTIONS).map(([name, enter]) => [`${symbols_prefix}${name}`, enter]),
  );
  const pattern = {
    ...parsePattern(`${obj}:*`),
    text: `${obj}:${symbols_prefix}malloc`,
    matches: (name: string) => names.has(name),
  };
  const { hooks } = findHooks(pattern, pid === undefined ? [] : [pid]);
  const places = hooks.map((hook) => ({
    hook,
    enter: names.get(hook.names.find((name) => names.has(name))!)!,
  }));
  for (const needed of ["malloc", "free"]) {
    const name = `${symbols_prefix}${needed}`;
    if (hooks.some((hook) => hook.names.includes(name))) continue;
    throw new ExitError(ExitCode.Usage, `${quoted(obj)} has no function ${quoted(name)}`);
  }
  if (places.length > MOST_PLACES) {
    const message = `There are ${places.length} functions of ${
      quoted(obj)
    }, more than ${MOST_PLACES}`;
    throw new ExitError(ExitCode.Usage, message, { hint: "name its path with --obj" });
  }
  return places;
}
