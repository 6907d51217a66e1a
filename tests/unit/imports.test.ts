/** The floors of docs/architecture.md: imports point down, also those of types. */
import { assertEquals } from "@std/assert";

const lib = new URL("../../lib/", import.meta.url).pathname;

/** From the lowest up. */
const FLOORS = ["sys", "libbpf", "symbols", "btf", "objects", "skeleton", "tool"];

/** Floors whose files stand on one another in no circle, not even by their types. */
const WITHOUT_CIRCLES = ["sys", "libbpf", "symbols", "btf"];

const IMPORT = /^(?:import|export)\b[^;]*?from\s*"(\.[^"]+)";|\bimport\(\s*"(\.[^"]+)"\s*\)/gm;

function* filesIn(folder: string): Generator<string, void, void> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* filesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

/** The files that a file imports, as paths below lib/. */
function importsOf(path: string): string[] {
  const text = Deno.readTextFileSync(path).replace(/^ *\*.*$/gm, "");
  return [...text.matchAll(IMPORT)]
    .map(([, from, later]) => new URL(from ?? later, `file://${path}`).pathname)
    .filter((imported) => imported.startsWith(lib))
    .map((imported) => imported.slice(lib.length));
}

const imports = new Map(
  [...filesIn(lib)].map((path) => [path.slice(lib.length), importsOf(path)]),
);

const floorOf = (path: string) => FLOORS.indexOf(path.split("/")[0]);

Deno.test("no file of lib/ imports from a floor above its own", () => {
  const upwards = [...imports].flatMap(([path, others]) =>
    others.filter((other) => path.includes("/") && floorOf(other) > floorOf(path))
      .map((other) => `${path} -> ${other}`)
  );
  assertEquals(upwards, []);
});

/** The first circle of imports that a file is in, if any. */
function circleFrom(path: string, above: readonly string[], done: Set<string>): string[] {
  if (above.includes(path)) return [...above.slice(above.indexOf(path)), path];
  if (done.has(path)) return [];
  for (const other of imports.get(path) ?? []) {
    const circle = circleFrom(other, [...above, path], done);
    if (circle.length > 0) return circle;
  }
  done.add(path);
  return [];
}

for (const floor of WITHOUT_CIRCLES) {
  Deno.test(`the files of lib/${floor} import one another in no circle`, () => {
    const done = new Set<string>();
    for (const path of imports.keys()) {
      if (path.startsWith(`${floor}/`)) assertEquals(circleFrom(path, [], done), []);
    }
  });
}
