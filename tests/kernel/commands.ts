/** What the tests of denobpf's commands share. */
import { assertEquals } from "@std/assert";
import { BpfObject, listMaps } from "#lib/mod.ts";
import { alone } from "./alone.ts";
import { delay, patient, runTool, startCommand } from "./harness.ts";
import { program } from "./listings.ts";

await alone("names");

/** A row of JSON. */
export interface Row {
  readonly [member: string]: unknown;
}

/** How many maps it has: four, and `.data`. */
const MAPS = 5;

const object = new URL("../../build/tests/commands.bpf.o", import.meta.url).pathname;

/**
 * tests/fixtures/commands.bpf.c, loaded and attached. The kernel takes maps and programs away some time
 * after they were closed: their names must be free again, except where others are meant to have them.
 */
export async function attachedCommands({ beside = 0 } = {}): Promise<BpfObject> {
  const named = () => listMaps().filter(({ name }) => /^(cmd_|commands\.)/.test(name)).length;
  for (const end = performance.now() + patient(10_000); named() > beside * MAPS;) {
    if (performance.now() > end) throw new Error("the kernel still has maps of an earlier test");
    await delay(20);
  }
  const opened = BpfObject.open(object);
  try {
    opened.load();
    opened.attach();
    return opened;
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

/** What a command of denobpf prints as JSON, line by line. */
export async function rows(group: string, command: string, ...words: string[]): Promise<Row[]> {
  const args = [group, command, "-o", "json", ...words];
  const { stdout, stderr, code } = await runTool("denobpf", args);
  assertEquals([code, stderr], [0, ""]);
  return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** What bpftool prints as JSON: some rows. */
export async function bpftool(...args: string[]): Promise<Row[]> {
  const { stdout } = await startCommand([program("bpftool"), "-j", ...args]).finish();
  const found = JSON.parse(stdout);
  return Array.isArray(found) ? found : [found];
}
