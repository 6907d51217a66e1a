import { cString, environment, ids } from "./libc.ts";

/** The environment variable `name`, or undefined; an empty one counts as unset. */
export function getenv(name: string): string | undefined {
  const value = environment().getenv(cString(name));
  if (value === null) return undefined;
  return Deno.UnsafePointerView.getCString(value) || undefined;
}

/** Effective user id of this process. */
export function geteuid(): number {
  return ids().geteuid();
}
