import type { passes, place, Stackcount } from "#skel/stackcount.ts";
import { type Counter, CounterSets, takeSet } from "#lib/tool/mod.ts";
import {
  behindHook,
  functionOf,
  type Grouped,
  type Hook,
  type ProgramPlan,
} from "#lib/tool/probes.ts";
import { type Frame, frameName, KeptNames, type StackIds, StackSums } from "#lib/tool/stacks.ts";

type Loaded = ReturnType<ReturnType<typeof Stackcount.open>["load"]>;

/** How often a hook was passed with one stack. */
export interface StackCount extends Grouped {
  readonly count: bigint;
  /** The innermost first. */
  readonly kernel: readonly string[];
  readonly user: readonly string[];
  /** Whether the kernel may have left out frames, as there were as many as it may take. */
  readonly truncated: boolean;
}

/** What is distinguished, and the stacks: the pid is that of whose they are. */
interface Place extends StackIds {
  readonly group: place["group"];
}

/** What is wanted of stacks. */
export interface Depth {
  /** Frames at most. */
  readonly perf_max_stack_depth: number;
  /** Whether places within one function are distinguished. */
  readonly offset: boolean;
}

/**
 * Counts by the names of stacks. The kernel half keeps those of each process apart, since each has its addresses;
 * by their names they are one, unless processes are to be distinguished.
 */
export class StackCounter implements Counter<StackCount> {
  readonly #skeleton: Loaded;
  readonly #hooks: readonly Hook[];
  readonly #areFunctions: boolean;
  readonly #counts: CounterSets<place, passes>;
  readonly #sums: StackSums<Place, passes>;

  constructor(skeleton: Loaded, plan: ProgramPlan, { perf_max_stack_depth, offset }: Depth) {
    this.#skeleton = skeleton;
    this.#hooks = plan.hooks;
    this.#areFunctions = plan.atUserFunctions;
    this.#counts = new CounterSets(skeleton, skeleton.maps.counts);
    this.#sums = new StackSums({
      hook: "",
      depth: perf_max_stack_depth,
      distinguish: ({ group }) => distinguished(group),
      measure: ({ count }) => count,
      nameOf: offset ? placeName : frameName,
    });
  }

  get lost(): bigint {
    return this.#sums.lost;
  }

  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    const old = bss.set;
    await this.#counts.collect();
    const stacks = takeSet(maps.stacks, old);
    this.#sums.collect(
      stacks,
      this.#counts.take().map(({ pid, user, group, count }) => ({
        place: { pid, user, kernel: group.kstack, group },
        value: { count },
      })),
    );
  }

  take(): StackCount[] {
    const rows = new Map<string, StackCount>();
    const names = new KeptNames();
    for (const { place: { group }, value, kernel, user, truncated } of this.#sums.take()) {
      const hook = this.#hooks[group.hook];
      const row = {
        kernel: behindHook(hook, kernel),
        user: this.#areFunctions ? [innermost(hook, user[0]), ...user.slice(1)] : user,
      };
      const stacks = [names.key(row.kernel), names.key(row.user)];
      const key = JSON.stringify([...distinguished(group), ...stacks]);
      const known = rows.get(key);
      rows.set(key, {
        ...group,
        ...row,
        hook,
        count: value.count + (known?.count ?? 0n),
        truncated: truncated || (known?.truncated ?? false),
      });
    }
    return [...rows.values()];
  }
}

/** What distinguishes counts, besides stacks. */
const distinguished = ({ hook, pid, tid, comm, cpu, cgroup }: place["group"]) => [
  hook,
  pid,
  tid,
  comm,
  cpu,
  `${cgroup}`,
];

/** `vfs_read+0x1a`; what has no name is by its place as it is. */
function placeName(frame: Frame): string {
  return frame.name === undefined
    ? frameName(frame)
    : `${frame.name}+0x${frame.offset.toString(16)}`;
}

/**
 * The innermost frame where a function begins, which has a name even if its process has ended, and nobody knows
 * what that had mapped.
 */
function innermost({ names }: Hook, frame = names[0]): string {
  return names.includes(functionOf(frame)) || frame === "[Missed User Stack]" ? frame : names[0];
}
