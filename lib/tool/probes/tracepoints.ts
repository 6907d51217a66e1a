import { tryReadTextFile } from "../../sys/file.ts";
import { mountTracefs } from "../../sys/mounts.ts";
import { nearest } from "../../sys/nearest.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import type { Hooks } from "./hook.ts";
import type { ProbePattern } from "./pattern.ts";

/**
 * The tracepoints that a pattern means, by names such as `sched:sched_switch`.
 * @throws {ExitError} (64) if there are none; {SystemError} without tracefs
 */
export function tracepoints({ matches, name, text }: ProbePattern): Hooks {
  const list = tryReadTextFile(`${mountTracefs()}/available_events`) ?? "";
  const all = list.split("\n").filter((line) => line !== "");
  const hooks = all.filter(matches).map((name) => ({
    names: [name],
    owner: undefined,
    places: [{ at: 0n }],
  }));
  if (hooks.length > 0) return { hooks, refused: [] };
  const near = name === undefined ? undefined : nearest(name, all);
  throw new ExitError(
    ExitCode.Usage,
    `No tracepoint of the kernel matches ${quoted(text)}`,
    near === undefined ? {} : { hint: `did you mean t:${near}?` },
  );
}
