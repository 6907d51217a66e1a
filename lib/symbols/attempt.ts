import { SystemError } from "../sys/errno.ts";
import { ElfError } from "./elf_headers.ts";

/** What `work` gives, or undefined where the host or a file will not have it. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof SystemError || error instanceof ElfError) return undefined;
    throw error;
  }
}
