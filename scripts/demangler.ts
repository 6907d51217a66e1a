/**
 * What lib/symbols/demangler.ts reads: a file beside it, or beside what was made of it. It is WebAssembly; `deno
 * compile` takes files with that ending for modules, and looks for what they import.
 */
const FILE = "demangler.bin";

const PACKAGE = "../node_modules/gecko-profiler-demangle/index_bg.wasm";

/** Puts the demangler beside JavaScript that reads it. */
export function carryDemangler(text: string, folder: string): void {
  if (!text.includes(FILE)) return;
  Deno.copyFileSync(new URL(PACKAGE, import.meta.url), `${folder}${FILE}`);
}
