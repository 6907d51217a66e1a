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

/** The page of flame graphs, and the packages that its script imports. */
const PAGE = "build/flame_page.ts";
const PAGE_PACKAGES = ["d3-flame-graph", "d3-selection"];

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
  // a file of a package that is read, not imported, needs nothing else of it
  for (const path of others) {
    files.push(path);
    const [, source, name] = PACKAGE.exec(path) ?? [];
    if (source !== undefined) packages.set(name, describe(source));
  }
  for (const file of files) copyFile(root + file, `${folder}/${file}`);
  // What esbuild has put into the page of flame graphs lies in no folder of its own.
  if (files.includes(PAGE)) {
    const locked = lockedPackages();
    for (const name of PAGE_PACKAGES) addLocked(packages, name, locked);
  }
  Deno.writeTextFileSync(`${folder}/${PACKAGE_FILE}`, "{}");
  Deno.utimeSync(`${folder}/${PACKAGE_FILE}`, 0, 0);
  return { files, packages: [...packages.values()] };
}

/** A module as `deno info --json` has it. */
interface Module {
  /** `node` for those of Deno itself. */
  readonly kind?: string;
  readonly specifier: string;
  /** Where its file is. */
  readonly local?: string;
  readonly error?: string;
}

/** Everything a program imports, as paths from the project's folder. */
async function importedBy(entry: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
    stderr: "inherit",
  }).output();
  const { modules }: { modules: Module[] } = JSON.parse(new TextDecoder().decode(stdout));
  return modules.filter(({ kind }) => kind !== "node").map(({ specifier, local, error }) => {
    if (local?.startsWith(root)) return local.slice(root.length);
    throw new Error(`${entry} imports ${specifier}, no file of the project: ${error ?? ""}`);
  });
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
