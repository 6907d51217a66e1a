/** Why a program could not be attached to user space: what it was to be attached to is not there. */
import { ENOENT, ESRCH } from "../../sys/errno.ts";
import { fileExists } from "../../sys/status.ts";
import { nearest } from "../../sys/nearest.ts";
import { BpfError } from "../errors.ts";

/** The error for a process that is not there, if that is what failed. */
export function missingProcess(
  pid: number,
  operation: string,
  errno: number,
): BpfError | undefined {
  if (errno !== ESRCH || pid < 0 || fileExists(`/proc/${pid}`)) return undefined;
  return new BpfError(operation, errno, undefined, `there is no process ${pid}`);
}

/** The error for a name that a file does not have, if it does not. */
export function missingName(
  path: string,
  kind: string,
  names: readonly string[],
  name: string,
  operation: string,
): BpfError | undefined {
  if (!fileExists(path)) return new BpfError(operation, ENOENT, undefined, `there is no ${path}`);
  if (names.includes(name)) return undefined;
  const near = nearest(name, names);
  const hint = near !== undefined
    ? `did you mean ${near}?`
    : names.length === 0
    ? "it has none at all: is it the right file, and was it not stripped?"
    : `it has ${names.length} to choose from: nm -D and readelf -n list them`;
  return new BpfError(operation, ENOENT, hint, `${path} has no ${kind} ${name}`);
}
