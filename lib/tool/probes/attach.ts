import { sayToLog } from "../../libbpf/log.ts";
import { libbpfVersion } from "../../libbpf/library.ts";
import { attachKprobe } from "../../objects/attach/kprobe.ts";
import { attachKprobeMulti } from "../../objects/attach/kprobe_multi.ts";
import { attachTracepoint } from "../../objects/attach/tracepoint.ts";
import { attachUprobe } from "../../objects/attach/uprobe.ts";
import { attachUprobeMulti } from "../../objects/attach/uprobe_multi.ts";
import { BpfError, PermissionError } from "../../objects/errors.ts";
import { hasAttachKind } from "../../objects/features/attach_kinds.ts";
import type { Attachable } from "../../objects/program.ts";
import { EACCES, EMFILE, ENOMEM, SystemError } from "../../sys/errno.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import type { Hook, Refusal } from "./hook.ts";

/** A hook, and what bpf_get_attach_cookie() gives the program there. */
export interface Numbered {
  readonly hook: Hook;
  readonly cookie: bigint;
}

/** Whether a program knows by its cookie where it runs: bpf_get_attach_cookie() is as old as such links. */
export function hasCookies(): boolean {
  return hasAttachKind("perf event link");
}

/** How programs are attached. */
export interface AttachOptions {
  /** Whether the kernel has cookies: Linux 5.15. */
  readonly cookies: boolean;
  /** Whether the program was loaded to be attached to many functions at once. */
  readonly many: boolean;
  /** One process; by default every one. */
  readonly pid?: number;
  /** Whether the program runs when the functions return. */
  readonly retprobe?: boolean;
  /** Takes the links, if they are to end before the object does. */
  readonly links?: DisposableStack;
}

/** Whether programs can be attached to many functions of a file at once here. */
export function attachesManyInFiles(): boolean {
  const { major, minor } = libbpfVersion();
  return (major > 1 || minor >= 3) && hasAttachKind("uprobe.multi");
}

/**
 * Attaches a program to functions of the kernel.
 * @returns those that the kernel has refused
 */
export function attachToKernel(
  program: Attachable,
  hooks: readonly Numbered[],
  { cookies, many, retprobe, links }: AttachOptions,
): Refusal[] {
  if (!many) {
    return each(hooks, ({ hook, cookie }) => {
      const { names: [name], offset } = hook;
      const link = attachKprobe(program, name, {
        ...offset !== undefined && { offset },
        ...retprobe !== undefined && { retprobe },
        ...cookies && { cookie },
      });
      links?.use(link);
    });
  }
  return halving(hooks, (some) => {
    const addresses = some.map(({ hook }) => hook.places[0].at);
    const link = attachKprobeMulti(program, addresses, {
      cookies: some.map(({ cookie }) => cookie),
      ...retprobe !== undefined && { retprobe },
    });
    links?.use(link);
  });
}

/**
 * Attaches a program to functions and USDT probes of files.
 * @returns those that the kernel has refused
 */
export function attachToFiles(
  program: Attachable,
  hooks: readonly Numbered[],
  { cookies, many, pid, retprobe, links }: AttachOptions,
): Refusal[] {
  if (many) {
    const files = Map.groupBy(hooks, ({ hook }) => hook.file!);
    return [...files].flatMap(([file, hooks]) =>
      halving(hooks, (some) => {
        const places = some.flatMap(({ hook, cookie }) =>
          hook.places.map(({ at }) => ({ at: Number(at), cookie }))
        );
        const offsets = places.map(({ at }) => at);
        const link = file.attach((path) =>
          attachUprobeMulti(program, path, offsets, {
            pid,
            cookies: places.map(({ cookie }) => cookie),
            ...retprobe !== undefined && { retprobe },
          })
        );
        links?.use(link);
      })
    );
  }
  return each(hooks, ({ hook, cookie }) => {
    using own = new DisposableStack();
    for (const { at, semaphore } of hook.places) {
      const link = hook.file!.attach((path) =>
        attachUprobe(program, path, Number(at), {
          pid,
          refCtrOffset: semaphore,
          ...retprobe !== undefined && { retprobe },
          ...cookies && { cookie },
        })
      );
      own.use(link);
    }
    const all = own.move(); // all of its places, or none
    links?.use(all);
  });
}

/**
 * Attaches programs to tracepoints.
 * @param programOf the program for a hook: without cookies each has its own
 * @returns those that the kernel has refused
 */
export function attachToTracepoints(
  programOf: (cookie: bigint) => Attachable,
  hooks: readonly Numbered[],
  { cookies }: Pick<AttachOptions, "cookies">,
): Refusal[] {
  return each(hooks, ({ hook, cookie }) => {
    const [category, name] = hook.names[0].split(":");
    attachTracepoint(programOf(cookie), category, name, cookies ? { cookie } : {});
  });
}

function each(hooks: readonly Numbered[], attach: (one: Numbered) => void): Refusal[] {
  return hooks.flatMap((one) => attempt([one], ([one]) => attach(one)) ?? []);
}

/** Attaches to all at once, or to each half: a kernel that refuses one function takes none. */
function halving(
  hooks: readonly Numbered[],
  attach: (some: readonly Numbered[]) => void,
): Refusal[] {
  if (hooks.length === 0) return [];
  const refused = attempt(hooks, attach);
  if (refused === undefined) return [];
  if (hooks.length === 1) return refused;
  const middle = Math.ceil(hooks.length / 2);
  return [
    ...halving(hooks.slice(0, middle), attach),
    ...halving(hooks.slice(middle), attach),
  ];
}

/** @returns the refusal of the first, or nothing if all went well */
function attempt(
  hooks: readonly Numbered[],
  attach: (some: readonly Numbered[]) => void,
): Refusal[] | undefined {
  try {
    attach(hooks);
  } catch (error) {
    // The others would fail as well.
    const isOfThese = error instanceof BpfError || error instanceof SystemError;
    if (!isOfThese || error instanceof PermissionError) throw error;
    if (error.errno === EMFILE || error.errno === ENOMEM) throw error;
    if (error.errno === EACCES) throw forbidden(error);
    return [{ name: hooks[0].hook.names[0], reason: error.message }];
  }
}

function forbidden(cause: Error): ExitError {
  const message = "Cannot attach to functions: this process may not (EACCES)";
  return new ExitError(ExitCode.NoPermission, message, {
    cause,
    hint: "run it as root (sudo); from Linux 6.16 on functions of processes need CAP_SYS_ADMIN",
  });
}

/** Names what cannot be traced to a user who asks for details. */
export function reportRefusals(refused: readonly Refusal[]): void {
  for (const { name, reason } of refused) sayToLog(`cannot trace ${name}: ${reason}`);
}
