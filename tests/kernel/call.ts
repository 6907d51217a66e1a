/**
 * The fixtures' programs listen for getpgid(2) with certain numbers: a system call that does nothing
 * else, and returns when the program has run.
 */
import { Maps } from "../../build/tests/skel/maps.ts";

const libc = Deno.dlopen("libc.so.6", { getpgid: { parameters: ["u32"], result: "i32" } });

/** The upper halves of the numbers, as in tests/fixtures/*.bpf.c. */
export const RING_CALL = 0x4b500000;
export const HOLD_CALL = 0x4b600000;
export const MAPS_CALL = 0x4b700000;
export const KINDS_CALL = 0x4b800000;
export const STORAGE_CALL = 0x4b900000;
export const PERF_CALL = 0x4ba00000;
export const USER_RING_CALL = 0x4bb00000;
export const CALLS_CALL = 0x4bc00000;
export const TARGETS_CALL = 0x4bd00000;
export const FILES_CALL = 0x4be00000;

/** Calls getpgid(2) from this process. */
export function call(number: number): void {
  libc.symbols.getpgid(number);
}

/** Calls getpgid(2) from a process on the last CPU, for each number in turn. */
export function callElsewhere(...numbers: number[]): Deno.ChildProcess {
  const command = new URL("../../build/tests/call", import.meta.url).pathname;
  return new Deno.Command(command, { args: numbers.map(String) }).spawn();
}

/** Opens the maps fixture for calls of this process. */
export function openMaps(): ReturnType<typeof Maps.open> {
  const opened = Maps.open();
  opened.rodata.owner = Deno.pid;
  return opened;
}
