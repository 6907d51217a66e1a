/**
 * Writes the skeleton of a compiled BPF object.
 *
 *     deno run -A lib/skeleton/generate.ts build/execsnoop.bpf.o build/skel/execsnoop.ts
 *
 * `--import SPECIFIER` sets what the skeleton imports the library by; without it that is
 * lib/skeleton/mod.ts, relative to the skeleton.
 *
 * @module
 */
import { BtfError } from "../btf/types.ts";
import { BpfError } from "../objects/errors.ts";
import { BpfObject } from "../objects/object.ts";
import { emitSkeleton } from "./emit.ts";

/** Reads the object at `path` through libbpf and returns its skeleton's text. */
function generate(path: string, importing: string): string {
  const bytes = Deno.readFileSync(path);
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/(\.bpf)?\.o$/, "");
  using object = BpfObject.open(bytes, { name });
  return emitSkeleton({
    name,
    path,
    importing,
    object: bytes,
    btf: object.btf(),
    maps: object.describeMaps(),
    programs: object.programs,
  });
}

/** How a file at `path` imports lib/skeleton/mod.ts. */
function importFrom(path: string): string {
  const here = Deno.realPathSync(path.replace(/[^/]*$/, "") || ".").split("/");
  const there = new URL("./mod.ts", import.meta.url).pathname.split("/");
  const differs = there.findIndex((part, at) => part !== here[at]);
  return "../".repeat(here.length - differs) + there.slice(differs).join("/");
}

if (import.meta.main) {
  const args = [...Deno.args];
  const option = args.indexOf("--import");
  const [, specifier] = option < 0 ? [] : args.splice(option, 2);
  const [input, output] = args;
  if (args.length !== 2 || (option >= 0 && !specifier)) {
    console.error("Usage: generate.ts [--import SPECIFIER] OBJECT.bpf.o SKELETON.ts");
    Deno.exit(64);
  }
  try {
    Deno.writeTextFileSync(output, generate(input, specifier ?? importFrom(output)));
  } catch (error) {
    const expected = [BtfError, BpfError, Deno.errors.NotFound];
    if (!(error instanceof Error) || !expected.some((kind) => error instanceof kind)) throw error;
    console.error(`Cannot generate a skeleton from ${input}: ${error.message}`);
    Deno.exit(65);
  }
}
