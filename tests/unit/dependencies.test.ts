/** What others wrote: pinned by version and hash, nothing that the lock does not have, licences told. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;
const read = (path: string) => Deno.readTextFileSync(root + path);
const config = JSON.parse(read("deno.json"));
const lock = JSON.parse(read("deno.lock"));

/** Whether a package is a program for another machine, which nothing installs here. */
function isForOthers({ os = [], cpu = [] }: { os?: string[]; cpu?: string[] }): boolean {
  const here = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  return os.length > 0 && !os.includes("linux") || cpu.length > 0 && !cpu.includes(here);
}

/** `fast-check@4.10.2`: a name and its version; behind `_` may stand the packages that it is used with. */
const packages = Object.keys(lock.npm).map((id) => {
  const [, name, version] = /^(.[^@]*)@([^_]+)/.exec(id)!;
  return { name, version, elsewhere: isForOthers(lock.npm[id]) };
});

Deno.test("every package is imported by an exact version", () => {
  for (const [name, specifier] of Object.entries<string>(config.imports)) {
    if (!specifier.startsWith("npm:")) assertMatch(specifier, /^\.\//, name);
    else assertMatch(specifier, /^npm:\/?(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+(\/|$)/, name);
  }
});

Deno.test("the lock has a hash for every package, and names no place to get them from", () => {
  assert(packages.length > 0);
  for (const [id, { integrity }] of Object.entries<{ integrity: string }>(lock.npm)) {
    assertMatch(integrity, /^sha512-[\w+/]{86}==$/, id);
  }
  assert(!/https?:|"(remote|redirects)"/.test(read("deno.lock")));
});

Deno.test("Deno refuses to run with a package that the lock does not have", async () => {
  assertEquals(config.lock, { path: "./deno.lock", frozen: true });
  const folder = Deno.makeTempDirSync();
  try {
    const all: string[] = lock.workspace.dependencies;
    const missing = all.find((name) => name.startsWith("npm:fast-check@"))!;
    const dependencies = all.filter((name) => name !== missing);
    const less = { ...lock, workspace: { ...lock.workspace, dependencies } };
    Deno.writeTextFileSync(`${folder}/deno.json`, read("deno.json"));
    Deno.writeTextFileSync(`${folder}/deno.lock`, JSON.stringify(less));
    Deno.writeTextFileSync(`${folder}/main.ts`, `import ${JSON.stringify(missing)};`);
    Deno.symlinkSync(`${root}node_modules`, `${folder}/node_modules`);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--cached-only", "main.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 1);
    assertStringIncludes(new TextDecoder().decode(stderr), "The lockfile is out of date");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("make installs what the lock says, and nothing else", () => {
  assertMatch(read("Makefile"), /^\t.*\$\(deno\) install --quiet --frozen$/m);
});

Deno.test("every package is listed with the licence that it has", () => {
  const rows = [...read("docs/licences.md").matchAll(/^\| (\S+) +\| (.*?) +\|/gm)]
    .map(([, name, licence]) => [name, licence] as const);
  const listed = new Map(rows);
  for (const { name, version, elsewhere } of packages) {
    if (elsewhere) continue;
    const folder = `node_modules/.deno/${name.replace("/", "+")}@${version}/node_modules/${name}`;
    const { license } = JSON.parse(read(`${folder}/package.json`));
    assertEquals(listed.get(name), license, name);
  }
});
