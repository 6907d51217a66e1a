/** Programs and libraries that functions and USDT probes are looked up in: any user may have chosen the bytes. */
import { BpfError } from "#lib/mod.ts";
import { SystemError } from "#lib/sys/errno.ts";
import { ExitError } from "#lib/tool/mod.ts";
import { checkNotGo, findHooks, functionHook, parsePattern, ProbedFile } from "#lib/tool/probes.ts";
import { fuzz, mayThrow, mutations } from "./fuzz.ts";

const program = Deno.readFileSync(new URL("../../build/tests/functions", import.meta.url));

fuzz(
  "functions and probes of a changed program are found, or there is an error that says why not",
  mutations(program),
  (bytes) => {
    const path = Deno.makeTempFileSync();
    try {
      Deno.writeFileSync(path, bytes);
      for (const pattern of [`${path}:f3`, `${path}:*`, `u:${path}:*`]) {
        mayThrow([ExitError, BpfError, SystemError], () => findHooks(parsePattern(pattern)));
      }
      const file = new ProbedFile({ name: path, path });
      mayThrow([ExitError, BpfError, SystemError], () => checkNotGo(file));
      functionHook("f1", file);
    } finally {
      Deno.removeSync(path);
    }
  },
);
