/**
 * Writes the skeleton of a compiled BPF object, for a program of this project:
 *
 *     deno run -A lib/skeleton/generate.ts build/execsnoop.bpf.o build/skel/execsnoop.ts
 *
 * `denobpf skeleton` is the same for programs elsewhere.
 *
 * @module
 */
import { BtfError } from "../btf/types.ts";
import { BpfObject } from "../objects/check_object.ts";
import { BpfError } from "../objects/errors.ts";
import { readObjectFile } from "../objects/object_file.ts";
import { emitSkeleton } from "./emit.ts";
import { visible } from "./safe_text.ts";
import { withoutDebug } from "./without_debug.ts";

/** A file that no skeleton can be made of. */
export class SkeletonError extends Error {
  override readonly name = "SkeletonError";
  /** What to do about it. */
  readonly hint?: string;

  /**
   * Names of the object in it are made safe for a terminal.
   * @param path the file
   * @param reason what is wrong with it
   * @param hint what to do about it
   */
  constructor(path: string, reason: string, hint?: string) {
    super(visible(`Cannot generate a skeleton from ${path}: ${reason}`));
    if (hint !== undefined) this.hint = visible(hint);
  }
}

/**
 * Reads the object at `path` through libbpf and returns its skeleton's text.
 * @param importing what the skeleton imports the library by
 * @throws {SkeletonError} if the file cannot be read or is no BPF object
 * @throws {LibraryError} without a fit libbpf
 */
export function generateSkeleton(path: string, importing: string): string {
  try {
    const bytes = Deno.readFileSync(path);
    const name = path.slice(path.lastIndexOf("/") + 1).replace(/(\.bpf)?\.o$/, "");
    using object = BpfObject.open(bytes, { name });
    return emitSkeleton({
      name,
      path,
      importing,
      object: withoutDebug(bytes),
      btf: hasTypes(bytes) ? object.btf() : undefined,
      maps: object.describeMaps(),
      programs: object.programs,
    });
  } catch (error) {
    if (error instanceof BpfError) throw new SkeletonError(path, error.message, error.hint);
    if (error instanceof BtfError) throw new SkeletonError(path, error.message);
    if (fileError(error)) throw new SkeletonError(path, error.message.replace(/: readfile .*/, ""));
    throw error;
  }
}

/** Whether the object has types: libbpf opens one without, as `clang` without `-g` makes it, if it has no maps. */
function hasTypes(bytes: Uint8Array<ArrayBuffer>): boolean {
  return readObjectFile(bytes).some(({ name }) => name === ".BTF");
}

/** Whether the file is the cause: Deno gives the errors of the system their codes. */
function fileError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && !(error instanceof Deno.errors.NotCapable);
}

/** What the skeletons of this project import the library by. */
const LIBRARY = "#lib/skeleton/mod.ts";

if (import.meta.main) {
  const [input, output] = Deno.args;
  if (Deno.args.length !== 2) {
    console.error("Usage: generate.ts OBJECT.bpf.o SKELETON.ts");
    Deno.exit(64);
  }
  try {
    Deno.writeTextFileSync(output, generateSkeleton(input, LIBRARY));
  } catch (error) {
    if (!(error instanceof SkeletonError)) throw error;
    console.error(error.message);
    if (error.hint !== undefined) console.error(`hint: ${error.hint}`);
    Deno.exit(65);
  }
}
