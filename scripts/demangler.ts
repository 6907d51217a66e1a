/** What lib/symbols/demangler.ts reads; the path is as it stands there. */
const PLACE = "../../node_modules/gecko-profiler-demangle/index_bg.wasm";

/** Lets JavaScript that reads the demangler find it in a folder, and copies it there; other text is as it was. */
export function withDemangler(text: string, folder: string): string {
  if (!text.includes(PLACE)) return text;
  Deno.copyFileSync(
    new URL(PLACE.slice("../".length), import.meta.url),
    `${folder}demangler.wasm`,
  );
  return text.replaceAll(PLACE, "demangler.wasm");
}
