/** What a tool says on a host that cannot run it. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Feature, kernelTest, startCommand } from "./harness.ts";
import { loadedNow, nothingBut } from "./loaded.ts";

export const TOOLS = ["execsnoop", "bootstrap", "syscount"];

/** A host that lacks something, made of this one. */
export interface Host {
  name: string;
  needs?: Feature[];
  /** Runs `"$@"` on such a host; a shell's command line. */
  host: string;
  /** The exit code that a tool ends with, if it does not run all the same. */
  code: number;
  /** Some tools may need nothing of what is missing: on some kernels. */
  someRun?: boolean;
  /** What its message says of the cause, and of the cure. */
  words: string[];
}

/** The message of every tool names the cause and the cure, and doctor said the same before. */
export function testHost({ name, needs, host, code, words, someRun }: Host): void {
  kernelTest(`on ${name} a tool says so, and doctor said it before`, { needs }, async () => {
    const run = (...args: string[]) => {
      const deno = [Deno.execPath(), "run", "--cached-only", "--allow-ffi", "--allow-read"];
      return startCommand(["sh", "-c", host, "sh", ...deno, ...args]).finish(30_000);
    };
    const before = await loadedNow();
    const refused: string[] = [];
    for (const tool of TOOLS) {
      const output = await run(`tools/${tool}.ts`, "--seconds", "0");
      if (someRun && output.code === 0) continue;
      refused.push(tool);
      assertEquals([output.code, output.stdout], [code, ""], output.stderr);
      for (const word of words) assertStringIncludes(output.stderr, word);

      const doctor = await run("tools/denobpf.ts", "doctor", "-o", "json", tool);
      assertEquals(doctor.code, 69);
      const { detail, hint } = doctor.stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
        .find(({ subject }) => subject === tool);
      assertEquals(output.stderr, `${tool}: ${detail}\n${hint ? `${tool}: hint: ${hint}\n` : ""}`);
    }
    assert(refused.includes("execsnoop"));
    await nothingBut(before);
  });
}
