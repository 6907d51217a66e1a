import { Btf } from "../../btf/layout.ts";
import { hasBtf } from "../../sys/kernel.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import type { Hook } from "./hook.ts";
import type { ProbedFile } from "./probed_file.ts";

/**
 * Go moves stacks, and with them the return address that the kernel has changed: the program crashes.
 * https://github.com/golang/go/issues/22008
 * @throws {ExitError} (69) if the file is a program of Go
 */
export function checkNotGo(file: ProbedFile): void {
  // What the linker of Go writes: its tables of functions, and since 1.13 how the program was built.
  const isGo = file.lookInto((elf) =>
    [".gopclntab", ".go.buildinfo"].some((section) => elf.section(section))
  );
  if (!isGo) return;
  throw new ExitError(
    ExitCode.Unavailable,
    `Cannot trace returns of functions of ${file.name}: it is a program of Go, which would crash`,
    { hint: "the beginnings of its functions can be traced" },
  );
}

/**
 * Functions that no return address lies above when they begin, which the kernel would overwrite all the same:
 * where programs begin (argc lies there), where signals return to, where the dynamic linker is jumped to.
 */
const NOT_CALLED = /^(_start|_dl_start_user|__restore(_rt)?|_dl_runtime_(resolve|profile)\w*)$/;

/** Those that keep their return address, and return there once more: the kernel ends the program then. */
const RETURN_AGAIN = /^(_*(sig)?setjmp|_*(get|swap)context)$/;

/** Why the return of a function of a program must not be traced, if it must not. */
export function whyNotAtReturn({ names, file }: Hook): string | undefined {
  if (file === undefined) return undefined;
  if (names.some((name) => NOT_CALLED.test(name))) return "it is not called, and does not return";
  if (names.some((name) => RETURN_AGAIN.test(name))) {
    return "it may return more than once, and the program would crash";
  }
  return undefined;
}

/** The kernel's functions that find where a traced function returns to, of single probes and of those since 5.18. */
const FIND_CALLER = ["kretprobe_find_ret_addr", "rethook_find_ret_addr"];

/**
 * Whether the kernel's stack can be taken where a function of it returns. Its return address has been replaced by
 * then, and Linux before 5.16 finds nothing behind that.
 */
export function hasStacksAtReturn(): boolean {
  return hasBtf() && FIND_CALLER.some((name) => Btf.kernel().find("function", name) !== undefined);
}
