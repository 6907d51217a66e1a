/**
 * Makes the package that registries take, from a build: `deno run -A scripts/package.ts FOLDER`. The folder
 * is not there before.
 *
 * Each module is one of JavaScript with its declarations beside it. Registries want the types of all that is
 * exported to be written out, so that they and editors need not infer them; what a tool declares is inferred
 * from its members, and the compiler writes it out here. Generated modules (skeletons, the registry of tools) are
 * in the package: nobody who installs it needs clang.
 */
import config from "../deno.json" with { type: "json" };
import { carryDemangler } from "./demangler.ts";
import { filesIn } from "./files.ts";

/** What belongs to the package and is no module: to be read first, and to be kept. */
const DOCUMENTS = ["README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"];

/**
 * What a module, or its declarations, imports: the words before, and the specifier. With a `$` in it that is one of the
 * text that `denobpf new` writes.
 */
const IMPORT = /(\bfrom |\bimport\(|^import )"([^"\n$]+)"/gm;

const [folder] = Deno.args;
const root = new URL("../", import.meta.url);
const out = new URL(`${folder}/`, `file://${Deno.cwd()}/`);

/** The place in the package of what is imported here: lib/ itself is there, not what is built of it. */
const inPackage = (path: string) => path.replace(/^(\.\/)?build\/lib\//, "$1lib/");

/** What `deno.json` maps specifiers to. */
const places = Object.entries(config.imports).filter(([key]) => key.startsWith("#"));

await transpile([
  ...modulesIn("lib"),
  ...modulesIn("tools").filter((path) => !/^tools\/(examples|binary)\//.test(path)),
  ...modulesIn("build/skel").filter((path) => path.split("/").length === 3),
  ...modulesIn("build/skel/variants"),
  "build/registry.ts",
  "build/flame_page.ts",
]);
for (const path of filesIn(out)) rewrite(path);
const exports = Object.entries(config.exports).map(([key, path]) =>
  [key, inPackage(path)] as const
);
const entries = exports.map(([, path]) => path.replace(/^\.\/|\.ts$/g, ""));
for (const entry of entries) nameTypes(entry);
keepDeclarations(entries.map((entry) => `${entry}.d.ts`));
for (const name of DOCUMENTS) Deno.copyFileSync(new URL(name, root), new URL(name, out));
// The tarball for npm has no deno.json.
const version =
  `/** The version of this project. */\nexport const VERSION = "${config.version}";\n`;
Deno.writeTextFileSync(new URL("lib/tool/version.js", out), version);
Deno.copyFileSync(new URL("build/about.json", root), new URL("build/about.json", out));
writeConfig();

/** Compiles modules, each to its own path below the package's folder. */
async function transpile(modules: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["transpile", "--quiet", "--declaration", `--outdir=${out.pathname}`, ...modules],
    cwd: root,
    env: { NO_COLOR: "true" },
    stderr: "piped",
  }).output();
  if (success) return;
  console.error(new TextDecoder().decode(stderr));
  Deno.exit(1);
}

function modulesIn(folder: string): string[] {
  return filesIn(root, `${folder}/`).filter((path) => path.endsWith(".ts"));
}

/** Lets a module import others by their places in the package. */
function rewrite(path: string): void {
  const file = new URL(path, out);
  const isJs = path.endsWith(".js");
  const text = Deno.readTextFileSync(file).replace(/^\/\/\/ <amd-module .*\n/m, "")
    .replace(IMPORT, (all, before, specifier) => {
      const target = placeOf(specifier, path);
      return target === undefined
        ? all
        : `${before}"${importOf(target.replace(/\.ts$/, isJs ? ".js" : ".d.ts"), path)}"`;
    });
  if (isJs) carryDemangler(text, new URL(".", file).pathname);
  Deno.writeTextFileSync(file, isJs ? text : text.replace(/^#!.*\n/, ""));
}

/** Names the declarations of what is exported in its module. Where `#!` is, that stays the first line. */
function nameTypes(entry: string): void {
  const file = new URL(`${entry}.js`, out);
  const types = `// @ts-self-types="./${entry.replace(/^.*\//, "")}.d.ts"\n`;
  const text = Deno.readTextFileSync(file);
  Deno.writeTextFileSync(file, text.replace(/^(#!.*\n)?/, (first) => first + types));
}

/**
 * Keeps the declarations that these name, and what those name. The compiler leaves out those of a module
 * whose types name what it does not export.
 */
function keepDeclarations(wanted: string[]): void {
  const kept = new Set(wanted);
  for (const path of kept) {
    const file = new URL(path, out);
    for (const [, , specifier] of Deno.readTextFileSync(file).matchAll(IMPORT)) {
      if (specifier.startsWith(".")) kept.add(new URL(specifier, file).href.slice(out.href.length));
    }
  }
  for (const path of filesIn(out)) {
    if (path.endsWith(".d.ts") && !kept.has(path)) Deno.removeSync(new URL(path, out));
  }
}

/** The path in the package of what a module imports; undefined for another package. */
function placeOf(specifier: string, importer: string): string | undefined {
  const [key, place] = places.find(([key]) => specifier.startsWith(key)) ?? [];
  const path = key ? `${place}${specifier.slice(key.length)}` : specifier;
  const base = key ? root : new URL(importer, root);
  if (!key && !path.startsWith(".") && !path.startsWith(root.href)) return undefined;
  return inPackage(new URL(path, base).href.slice(root.href.length));
}

/** How a module names another, both by their paths in the package. */
function importOf(path: string, importer: string): string {
  const [here, there] = [importer.split("/").slice(0, -1), path.split("/")];
  const same = there.findIndex((part, at) => part !== here[at]);
  return ("../".repeat(here.length - same) || "./") + there.slice(same).join("/");
}

function writeConfig(): void {
  const { name, version, license } = config;
  const imports = Object.fromEntries(
    Object.entries(config.imports).filter(([, place]) => place.startsWith("npm:")),
  );
  const own = {
    name,
    version,
    license,
    exports: Object.fromEntries(
      exports.map(([key, path]) => [key, path.replace(/\.ts$/, ".js")]),
    ),
    imports,
    // The folder is below build/, which git ignores.
    publish: { exclude: ["!**"] },
  };
  Deno.writeTextFileSync(new URL("deno.json", out), JSON.stringify(own, null, 2) + "\n");
}
