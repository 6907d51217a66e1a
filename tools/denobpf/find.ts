import { quoted } from "#lib/tool/text/escape.ts";
import { ExitCode, ExitError } from "#lib/tool/ending/exit.ts";
import { nearest } from "#lib/sys/nearest.ts";
import { usage } from "#lib/tool/options/usage_errors.ts";

/** BPF_OBJ_NAME_LEN of include/uapi/linux/bpf.h, less the NUL: the kernel keeps no more of a name. */
const NAME_LENGTH = 15;

/** What can be named, and the commands that are about it. */
const KINDS = { program: "prog", map: "map" };

/**
 * What a user means who names a program or a map: its id, the path of its pin, or its name.
 * @param all those there are; asked for names only
 * @returns an id or a path
 * @throws {ExitError} (64) with their ids if several have the name, (1) if none has it
 */
export function find(
  kind: keyof typeof KINDS,
  given: string,
  all: () => readonly { readonly id: number; readonly name: string }[],
): number | string {
  if (/^\d+$/.test(given)) return Number(given);
  if (given.includes("/")) return given;
  const known = all();
  const found = known.filter(({ name }) => name === given.slice(0, NAME_LENGTH));
  if (found.length === 1) return found[0].id;
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(", ");
    throw usage(`${found.length} ${kind}s are called ${quoted(given)}, name one by its id: ${ids}`);
  }
  const meant = nearest(given, known.map(({ name }) => name).filter((name) => name !== ""));
  throw new ExitError(
    ExitCode.Failure,
    `no ${kind} is called ${quoted(given)}` +
      (meant === undefined
        ? ` (denobpf ${KINDS[kind]} list shows them)`
        : `, did you mean ${meant}?`),
  );
}
