import { errnoText, SystemError } from "../../sys/errno.ts";
import { fileId } from "../../sys/status.ts";
import { requirePermissions } from "../ending/permissions.ts";
import { quoted } from "../text/escape.ts";
import type { Parser } from "./declarations.ts";
import { ValueError } from "./usage_errors.ts";

/**
 * A folder by its path: the device that its file system is on, as the kernel has it, and its inode number.
 *
 * @example
 * ```ts
 * import { folder, option } from "@denobpf/denobpf/tool";
 *
 * const options = { directory: option("d", "DIR", "Show only files of this folder", folder) };
 * ```
 */
export const folder: Parser<{ dev: number; ino: bigint }> = (
  path,
): { dev: number; ino: bigint } => {
  requirePermissions();
  try {
    if (!path.includes("\0")) return fileId(`${path}/.`);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new ValueError(`${quoted(path)} is no folder: ${errnoText(error.errno)}`);
  }
  throw new ValueError(`${quoted(path)} is no path`);
};
