/** Which system calls a tool is about: the user half of bpf/include/syscall_forms.h. */
import { COMPAT_ABI, NATIVE_ABI, syscallNumbers } from "../sys/syscalls.ts";

/**
 * The form of each system call, by the numbers of 64-bit programs, then by those of 32-bit ones.
 * @param size how many forms the kernel half has room for
 * @param calls the form of each call by its name; a name that an architecture does not have is left out there
 * @param compat the same for 32-bit programs, where they differ
 *
 * @example
 * ```ts
 * import { Syncsnoop } from "#skel/syncsnoop.ts";
 * import { syscallForms } from "@denobpf/denobpf/tool";
 *
 * using opened = Syncsnoop.open();
 * opened.rodata.forms = syscallForms(opened.rodata.forms.length, { sync: 1, fsync: 2 });
 * ```
 */
export function syscallForms(
  size: number,
  calls: Readonly<Record<string, number>>,
  compat: Readonly<Record<string, number>> = calls,
): Uint8Array<ArrayBuffer> {
  const forms = new Uint8Array(size);
  for (const [name, form] of Object.entries(calls)) {
    for (const number of syscallNumbers(NATIVE_ABI, name)) forms[number] = form;
  }
  for (const [name, form] of Object.entries(compat)) {
    for (const number of syscallNumbers(COMPAT_ABI, name)) forms[size / 2 + number] = form;
  }
  return forms;
}
