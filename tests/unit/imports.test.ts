/** The floors of docs/architecture.md: imports point down, also those of types. */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;

/** From the lowest up. */
const FLOORS = ["sys", "libbpf", "symbols", "btf", "objects", "skeleton", "tool"];

/** Made from a file of lib/tool/flames, and nothing but text. */
const FLAME_PAGE = "build/flame_page.ts";

const IMPORT =
  /^(?:import|export)\b[^;]*?from\s*"((?:\.|#)[^"]+)";|\bimport\(\s*"((?:\.|#)[^"]+)"\s*\)/gm;

/** The files below a folder, as paths below the root. */
function* filesIn(folder: string, named = /\.ts$/): Generator<string, void, void> {
  for (const { name, isDirectory } of Deno.readDirSync(root + folder)) {
    if (isDirectory) yield* filesIn(`${folder}${name}/`, named);
    else if (named.test(name)) yield folder + name;
  }
}

/** The files of this project that a file imports, as paths below its root. */
function importsOf(path: string): string[] {
  const text = Deno.readTextFileSync(root + path).replace(/^ *\*.*$/gm, "");
  return [...text.matchAll(IMPORT)].map(([, from, later]) => {
    const to = (from ?? later).replace(/^#lib\//, `${root}lib/`)
      .replace(/^#skel\//, `${root}build/skel/`)
      .replace(/^#flame-page$/, root + FLAME_PAGE);
    return new URL(to, `file://${root}${path}`).pathname.slice(root.length);
  });
}

const imports = new Map(
  [...filesIn("lib/"), ...filesIn("tools/")].map((path) => [path, importsOf(path)]),
);
const inLib = [...imports].filter(([path]) => path.startsWith("lib/"));

/** The floor of a file of lib/; those of none, as lib/mod.ts, are above all. */
const floorOf = (path: string) => {
  const floor = FLOORS.indexOf(path.split("/")[1]);
  return floor < 0 ? FLOORS.length : floor;
};

Deno.test("imports are found in all their forms", () => {
  assert(imports.get("lib/tool/run.ts")!.includes("lib/tool/members/member.ts"));
  assert(imports.get("lib/tool/run.ts")!.includes("lib/tool/output/schema.ts"), "import()");
  assert(imports.get("lib/tool/mod.ts")!.includes("lib/sys/clock.ts"), "export from");
  assert(imports.get("tools/bootstrap.ts")!.includes("lib/tool/mod.ts"), "#lib/");
  assert(imports.get("tools/bootstrap.ts")!.includes("build/skel/bootstrap.ts"), "#skel/");
});

Deno.test("no file of lib/ imports from a floor above its own", () => {
  const upwards = inLib.flatMap(([path, others]) =>
    others.filter((other) => other !== FLAME_PAGE)
      .filter((other) => !other.startsWith("lib/") || floorOf(other) > floorOf(path))
      .map((other) => `${path} -> ${other}`)
  );
  assertEquals(upwards, []);
});

/** The files of each circle of imports: those that reach one another (Tarjan's components). */
function circles(): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const visit = (path: string) => {
    order.set(path, order.size);
    low.set(path, order.get(path)!);
    open.push(path);
    for (const other of imports.get(path) ?? []) {
      if (!order.has(other)) visit(other);
      if (open.includes(other)) low.set(path, Math.min(low.get(path)!, low.get(other)!));
    }
    if (low.get(path) !== order.get(path)) return;
    const circle = open.splice(open.indexOf(path));
    if (circle.length > 1 || imports.get(path)?.includes(path)) found.push(circle.toSorted());
  };
  for (const [path] of inLib) if (!order.has(path)) visit(path);
  return found;
}

Deno.test("the files of lib/ import one another in no circle, not even by their types", () => {
  assertEquals(circles(), []);
});

/**
 * What tools import besides skeletons, the frame and their own files. The list gets shorter only: an entry
 * that is no longer used is to be taken out.
 */
const MORE: readonly (readonly [file: RegExp, imported: RegExp])[] = [
  [/^tools\/(denobpf|doctor|binary\/|examples\/|registry)/, /^lib\//],
  [/^tools\/(denobpf|doctor|binary\/|registry)/, /^tools\//],
  [/^tools\/examples\/bootstrap_legacy\.ts$/, /^tools\/bootstrap\.ts$/],
];

/** The frame: what most tools need, and what some need that takes many modules. */
const FRAME =
  /^lib\/tool\/(mod|functions|probes|fetch|stacks|file_systems|function_hooks|removals|task_times|irq_times|off_cpu_times|wakers|page_cache|families|drop_reasons|gfp_flags|work_context|timers|kernel_variables|places|name_lookups|uring_io|named_files)\.ts$/;

/** Whether a tool may import a file, whatever {@link MORE} allows. */
function mayImport(path: string, imported: string): boolean {
  const own = path.replace(/\.ts$/, "/");
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return FRAME.test(imported) || imported.startsWith("build/skel/") ||
    imported.startsWith(own) || folder !== "tools/" && imported.startsWith(folder);
}

Deno.test("tools import skeletons, the frame and files of their own alone", () => {
  const used = new Set<unknown>();
  const wrong = [...imports].filter(([path]) => path.startsWith("tools/")).flatMap(
    ([path, others]) =>
      others.filter((other) => {
        if (mayImport(path, other)) return false;
        const allowed = MORE.find(([file, imported]) => file.test(path) && imported.test(other));
        used.add(allowed);
        return allowed === undefined;
      }).map((other) => `${path} -> ${other}`),
  );
  assertEquals(wrong, []);
  assertEquals(MORE.filter((entry) => !used.has(entry)), []);
});

/** Paths of this project, as comments name them; those behind which another project is named are its own. */
const NAMED =
  /(?<![\w./<-])(?:lib|bpf|tools|tests|docs|scripts|bench)\/[\w./-]+\.(?:ts|h|c|md|sh)\b(?! of https)/g;
/** Headers of libbpf, and places for a name. */
const OTHERS = /^bpf\/\w+\.h$|NAME/;

const COMMENT = /^[ \t]*(?:\/\/|\/?\*).*|[ \t]\/\/ .*$|\/\*.*?\*\/|^#.*$/gm;

Deno.test("the files that comments name exist", () => {
  const files = ["lib/", "tools/", "tests/", "bpf/", "scripts/", "bench/"].flatMap((folder) => [
    ...filesIn(folder, /\.(ts|h|c|sh)$/),
  ]);
  let count = 0;
  const missing = files.flatMap((path) => {
    const text = Deno.readTextFileSync(root + path);
    const comments = (text.match(COMMENT) ?? []).join("\n");
    const names = [...new Set(comments.match(NAMED) ?? [])].filter((name) => !OTHERS.test(name));
    count += names.length;
    return names.filter((name) => !exists(name)).map((name) => `${path}: ${name}`);
  });
  assert(count > 30, `${count} are named`);
  assertEquals(missing, []);
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(root + path).isFile;
  } catch {
    return false;
  }
}
