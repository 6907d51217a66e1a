/** What goes into a compiled binary: the modules of one program, in a folder of their own. */

/** The project's folder, with a slash at its end. */
export const root = new URL("../../", import.meta.url).pathname;

/** A package of node_modules whose code is in the binary. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Its folder in the project. */
  readonly folder: string;
}

/** What a binary is made of. */
export interface Staged {
  /** Files of the project, from its folder. */
  readonly files: readonly string[];
  readonly packages: readonly Package[];
}

/** Where `npm` packages lie inside node_modules: the last folder of that name counts. */
const PACKAGE = /^((?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** Files of a build that have packages in them, which lie in no folder of their own there. */
const INLINED: Readonly<Record<string, readonly string[]>> = {
  "build/flame_page.ts": ["d3-flame-graph", "d3-selection"],
  "build/lib/shared/demangler.bin": ["gecko-profiler-demangle"],
};

/**
 * Modules of a binary lie below the folder of temporary files, as far as Deno knows, and for an npm package it
 * looks into the folders above for this file. One within the binary ends the search: anybody may put one into
 * that folder, where a FIFO would hold the tool up for ever.
 */
export const PACKAGE_FILE = "package.json";

/**
 * Copies a program with all that it imports, and the files in `others`. From the project itself
 * `deno compile` would take all of every node_modules in it, Deno included, and the time of each file,
 * which differs from build to build.
 *
 * @param entry the program, from the project's folder; so are the others
 */
export async function stage(entry: string, folder: string, others: string[]): Promise<Staged> {
  const packages = new Map<string, Package>();
  const files: string[] = [];
  for (const path of new Set([...await importedBy(entry), "deno.json"])) {
    const [, source, name] = PACKAGE.exec(path) ?? [];
    if (source === undefined) files.push(path);
    else packages.set(name, describe(source));
  }
  for (const [name, { folder: source }] of packages) {
    copyFolder(root + source, `${folder}/node_modules/${name}`);
  }
  files.push(...others);
  for (const file of files) copyFile(root + file, `${folder}/${file}`);
  const locked = lockedPackages();
  for (const name of files.flatMap((file) => INLINED[file] ?? [])) {
    addLocked(packages, name, locked);
  }
  Deno.writeTextFileSync(`${folder}/${PACKAGE_FILE}`, "{}");
  Deno.utimeSync(`${folder}/${PACKAGE_FILE}`, 0, 0);
  return { files, packages: [...packages.values()] };
}

/** What `deno info --json` has. */
interface Graph {
  readonly roots: readonly string[];
  readonly modules: readonly Module[];
}

interface Module {
  /** `node` for those of Deno itself. */
  readonly kind?: string;
  readonly specifier: string;
  /** Where its file is. */
  readonly local?: string;
  readonly error?: string;
  readonly dependencies?: readonly {
    /** What runs; a module may have types elsewhere. */
    readonly code?: { readonly specifier: string };
  }[];
}

/** Everything a program imports as it runs, as paths from the project's folder. */
async function importedBy(entry: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
    stderr: "inherit",
  }).output();
  const { roots, modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const found = new Map(modules.map((module) => [module.specifier, module]));
  const imported = new Set(roots);
  const files: string[] = [];
  for (const specifier of imported) {
    const { kind, local, error, dependencies = [] } = found.get(specifier)!;
    if (kind === "node") continue;
    if (!local?.startsWith(root)) {
      throw new Error(`${entry} imports ${specifier}, no file of the project: ${error ?? ""}`);
    }
    files.push(local.slice(root.length));
    for (const { code } of dependencies) if (code) imported.add(code.specifier);
  }
  return files;
}

function describe(folder: string): Package {
  const { name, version, license } = JSON.parse(
    Deno.readTextFileSync(`${root}${folder}/package.json`),
  );
  return { name, version, license, folder };
}

/** An npm package as deno.lock pins it. */
interface Locked {
  /** The hash of its archive, `sha512-` and base64. */
  readonly integrity: string;
  readonly dependencies?: readonly string[];
}

/** Them by name and version, without the packages that one is used with, which stand behind `_`. */
export function lockedPackages(): Record<string, Locked> {
  const { npm }: { npm: Record<string, Locked> } = JSON.parse(
    Deno.readTextFileSync(`${root}deno.lock`),
  );
  return Object.fromEntries(
    Object.entries(npm).map(([id, locked]) => [id.replace(/(?<=.@[^_]+)_.*/, ""), locked]),
  );
}

/** Adds a package, and those that it needs. */
function addLocked(
  packages: Map<string, Package>,
  name: string,
  locked: Readonly<Record<string, Locked>>,
): void {
  if (packages.has(name)) return;
  const [id, { dependencies = [] }] = Object.entries(locked)
    .find(([id]) => id.startsWith(`${name}@`))!;
  packages.set(name, describe(`node_modules/.deno/${id}/node_modules/${name}`));
  for (const other of dependencies) addLocked(packages, other.replace(/(?<=.)@.*/, ""), locked);
}

/** What of a package can be run or read by what runs. */
const CODE = /\.(?:[cm]?js|json|wasm)$/;

/**
 * Copies a package's code, and nothing else: Deno tries to read every file of a package as a module, and puts the
 * error into the binary if it is none, with the path of the build's folder.
 */
function copyFolder(from: string, to: string): void {
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copyFolder(`${from}/${name}`, `${to}/${name}`);
    else if (CODE.test(name)) copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

function copyFile(from: string, to: string): void {
  Deno.mkdirSync(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  Deno.copyFileSync(from, to);
  Deno.utimeSync(to, 0, 0);
}
