/**
 * Builds lib/, which is imported as `#lib/`: `deno run -A scripts/library.ts build/lib`.
 *
 * A tool needs some 190 modules of it, and at every start Deno looks up, reads and checks each. So what every tool
 * needs comes into one file; what the next module that tools import needs besides, into another, and so on. All
 * that tools do not import is in one more.
 *
 * Each module of lib/ has one of the same name there, for whatever imports it. Its types are those of the source.
 * Where something fails, Deno names the source as well, by the maps beside the files.
 */
import { transform } from "esbuild";
import { type PluginContext, rollup } from "rollup";
import { carryDemangler } from "./demangler.ts";
import { filesIn } from "./files.ts";
import { minify } from "./minify.ts";

const base = new URL("../", import.meta.url);
const root = base.pathname;
const out = new URL(`${Deno.args[0]}/`, base).pathname;

/** What every tool needs: its skeleton and itself. */
const FRAME = ["lib/skeleton/mod.ts", "lib/tool/mod.ts"];

/** In front of a module's path: what exports all that it does. Rollup may put the module itself into any file. */
const ENTRY = "entry:";

/** What lies in tools/ and may import any module. */
const NO_TOOL = /^tools\/(denobpf|examples|binary)\b/;

const modules = filesIn(base, "lib/").filter((path) => path.endsWith(".ts"));
let files: ReadonlyMap<string, string>;

const library = await rollup({
  input: Object.fromEntries(modules.map((path) => [nameOf(path), ENTRY + path])),
  plugins: [{
    name: "library",
    resolveId(source, importer) {
      if (source.startsWith(ENTRY) || source.startsWith("/")) return source;
      if (source.startsWith(".")) return new URL(source, `file://${importer}`).pathname;
      return false; // deno.json has it
    },
    load(id) {
      if (id.startsWith(ENTRY)) return `export * from "${root}${id.slice(ENTRY.length)}";`;
    },
    transform(text, path) {
      if (path.startsWith(ENTRY)) return;
      if (path.endsWith(".json")) return { code: `export default ${text}`, map: null };
      return transform(text, { loader: "ts", sourcemap: true, sourcefile: path });
    },
    buildEnd() {
      files = sharedFiles(this);
    },
    renderChunk: (text) => minify(text, { sourcemap: true }),
  }],
  onLog: (_, { code, message }) => {
    if (code !== "EMPTY_BUNDLE") console.error(message); // it has nothing but types
  },
});
const { output } = await library.generate({
  dir: out,
  entryFileNames: "[name].js",
  chunkFileNames: "shared/[name].js",
  manualChunks: (path) => path.startsWith(ENTRY) ? undefined : files.get(path) ?? "rest",
  hoistTransitiveImports: false,
  sourcemap: true,
});

for (const file of output) {
  const path = write(file.fileName, file.type === "asset" ? file.source : file.code);
  if (file.type === "chunk") carryDemangler(file.code, path.replace(/[^/]*$/, ""));
}
for (const path of modules) {
  const name = nameOf(path);
  const source = `${"../".repeat(path.split("/").length)}${path}`;
  write(
    `${name}.ts`,
    `// @ts-types="${source}"\nexport * from "./${name.replace(/^.*\//, "")}.js";\n`,
  );
}
Deno.exit(); // esbuild's process waits for more

/** The name of a module, without what all have. */
function nameOf(path: string): string {
  return path.slice("lib/".length, -".ts".length);
}

/** The file that each module comes into, if several may need it. */
function sharedFiles(context: PluginContext): Map<string, string> {
  const files = new Map<string, string>();
  const take = (path: string, file: string) => {
    const module = context.getModuleInfo(path)!;
    if (files.has(path) || module.isExternal) return;
    files.set(path, file);
    for (const other of module.importedIds) take(other, file);
    wanted.push(...module.dynamicallyImportedIds);
  };
  const wanted = importedByTools().map((path) => root + path);
  for (const path of FRAME) take(root + path, "frame");
  for (const path of wanted) {
    take(path, nameOf(path.slice(root.length)).replaceAll("/", "_"));
  }
  return files;
}

/** The modules that tools import, those first that most of them do. */
function importedByTools(): string[] {
  const counts = new Map<string, number>();
  for (const path of filesIn(base, "tools/")) {
    if (NO_TOOL.test(path)) continue;
    const text = Deno.readTextFileSync(root + path);
    for (const [, module] of text.matchAll(/ from "#(lib\/.*)";/g)) {
      counts.set(module, (counts.get(module) ?? 0) + 1);
    }
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([module]) => module);
}

/** Writes a file of the output, and returns its path. */
function write(name: string, content: string | Uint8Array): string {
  const path = out + name;
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  if (typeof content === "string") Deno.writeTextFileSync(path, content);
  else Deno.writeFileSync(path, content);
  return path;
}
