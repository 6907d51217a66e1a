import { ExitCode, ExitError } from "./exit.ts";

/** What to say when Deno refuses: the flags that every tool is documented to run with. */
export const MISSING_PERMISSIONS =
  "Deno was not given the permissions it needs; start it with: deno run --allow-ffi --allow-read";

/**
 * Makes sure that libraries may be called. Where Deno can ask on a terminal, it asks; this comes
 * before any use of FFI, for which Deno would ask once for every library and stop at pointers.
 * @throws {ExitError} (77) when the permission is refused
 */
export function requirePermissions(): void {
  if (Deno.permissions.querySync({ name: "ffi" }).state === "granted") return;
  for (const name of ["ffi", "read"] as const) {
    if (Deno.permissions.requestSync({ name }).state !== "granted") {
      throw new ExitError(ExitCode.NoPermission, MISSING_PERMISSIONS);
    }
  }
}
