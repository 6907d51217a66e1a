import { libc } from "../../sys/libc.ts";
import { symbolGroup } from "../../sys/library.ts";
import { ExitError } from "../ending/exit.ts";
import { findHooks } from "./find.ts";
import type { Hook } from "./hook.ts";
import { parsePattern } from "./pattern.ts";

const groups = symbolGroup(libc, {
  // pid_t getpgid(pid_t pid)
  getpgid: { parameters: ["i32"], result: "i32" },
});

const SYSCALL = Deno.build.arch === "aarch64" ? "__arm64_sys_getpgid" : "__x64_sys_getpgid";

/**
 * A function that this process calls by {@link callOwnFunction}, and that does next to nothing.
 * @returns undefined if it cannot be traced here
 */
export function ownFunction(of: "kernel" | "libc"): Hook | undefined {
  try {
    return findHooks(parsePattern(of === "kernel" ? SYSCALL : `${libc()}:getpgid`)).hooks[0];
  } catch (error) {
    if (error instanceof ExitError) return undefined;
    throw error;
  }
}

/** Calls it this many times. */
export function callOwnFunction(times: number): void {
  const { getpgid } = groups();
  for (let i = 0; i < times; i++) getpgid(0);
}
