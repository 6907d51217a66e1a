/** What tools that show stacks declare alike: which stacks, how much of them, and the members that show them. */
import { ExitCode, ExitError } from "./ending/exit.ts";
import { membersOf } from "./members/members_of.ts";
import { flag, option } from "./options/declarations.ts";
import { integer } from "./options/parsers.ts";

/** Which stacks are shown: options to be spread into those of a tool. */
export const sideOptions = {
  user_stacks_only: flag("U", "Show stacks of processes only"),
  kernel_stacks_only: flag("K", "Show stacks of the kernel only"),
};

/** How much of stacks is taken. */
export const depthOptions = {
  perf_max_stack_depth: option("", "FRAMES", "Frames of a stack at most", integer(1, 127), 127),
};

/** How many stacks the map holds, in kernel halves with bpf/include/stacks.h. */
export const storageOptions = {
  stack_storage_size: option("", "STACKS", "Stacks a second at most", integer(1, 1e6), 8192),
};

/** The stacks that are shown. */
export interface Sides {
  readonly kernel: boolean;
  readonly user: boolean;
}

/** The values of {@link sideOptions}. */
export interface SideOptions {
  readonly user_stacks_only: boolean;
  readonly kernel_stacks_only: boolean;
}

/** Which stacks are wanted: a tool's `own`, or part of it, which {@link stackMembers} read. */
export function sidesOf({ user_stacks_only, kernel_stacks_only }: SideOptions): Sides {
  return { kernel: !user_stacks_only, user: !kernel_stacks_only };
}

/**
 * Sets before load which stacks are taken, and how much of them. A kernel half without `kernel_stacks` takes the
 * kernel's in any case.
 * @throws {ExitError} (64) if they leave out both
 */
export function setStacks(
  rodata: { kernel_stacks?: boolean; user_stacks: boolean; max_frames: number },
  options: SideOptions & { readonly perf_max_stack_depth: number },
): void {
  excludeEachOther(options, "user_stacks_only", "kernel_stacks_only", "-U and -K");
  const { kernel, user } = sidesOf(options);
  if (rodata.kernel_stacks !== undefined) rodata.kernel_stacks = kernel;
  rodata.user_stacks = user;
  rodata.max_frames = options.perf_max_stack_depth;
}

/**
 * Refuses two flags of which one leaves out what the other one asks for.
 * @param letters what users know them by: `-U and -K`
 * @throws {ExitError} (64) if both are given
 */
export function excludeEachOther<Name extends string>(
  options: Readonly<Record<Name, boolean>>,
  one: Name,
  other: Name,
  letters: string,
): void {
  if (!options[one] || !options[other]) return;
  throw new ExitError(ExitCode.Usage, `${letters} exclude each other`);
}

/** What {@link stackMembers} read. */
export interface Shown {
  readonly kernel: readonly string[];
  readonly user: readonly string[];
  readonly truncated: boolean;
  readonly $own: Sides;
}

const member = membersOf<Shown>();

/** The last members of a row: its stacks. */
export const stackMembers = {
  /** Functions of the kernel, the innermost first. */
  kernel: member.words(
    { brief: "Functions of the kernel, the innermost first" },
    (r) => r.$own.kernel ? r.kernel : undefined,
  ),
  /** Functions of the process, the innermost first. */
  user: member.words(
    { brief: "Functions of the process, the innermost first" },
    (r) => r.$own.user ? r.user : undefined,
  ),
  truncated: member.boolean(
    { brief: "Whether one of them has more frames than were taken", width: 9 },
    (r) => r.truncated,
  ),
};
