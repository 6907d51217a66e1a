import { Btf } from "../btf/layout.ts";
import type { BtfSection } from "../btf/types.ts";
import type { MapDescription } from "../objects/object.ts";
import { emitMap, eventType, isRare } from "./map_kinds.ts";
import { className, Names } from "./names.ts";
import { access, comment, key, literal } from "./safe_text.ts";
import { emitSection } from "./sections.ts";
import { TypeMapper } from "./type_mapper.ts";

/** What a skeleton is made from: an opened object, described. */
export interface SkeletonSource {
  /** The object's name: `execsnoop`. */
  readonly name: string;
  /** Where the object lies, for the first line: `build/execsnoop.bpf.o`. */
  readonly path: string;
  /** The object file itself; the skeleton carries it. */
  readonly object: Uint8Array;
  /** Raw BTF of the opened object, in which libbpf has filled in the sections; undefined if it has none. */
  readonly btf: Uint8Array | undefined;
  readonly maps: readonly MapDescription[];
  readonly programs: readonly { readonly name: string }[];
  /** What the skeleton imports lib/skeleton/mod.ts by. */
  readonly importing: string;
}

/** BTF without a type: a header of 24 bytes, and strings that are the empty one. */
const NO_TYPES = new Uint8Array([0x9f, 0xeb, 1, 0, 24, ...new Array(15).fill(0), 1, 0, 0, 0, 0]);

/** What the class says of an object without BTF. */
const WITHOUT_TYPES = " Its global variables are not here: the object has no BTF, which\n" +
  " * `clang -g` writes.";

/**
 * Writes the skeleton of an object: TypeScript text.
 * @throws {BtfError} for BTF that makes no sense
 */
export function emitSkeleton(source: SkeletonSource): string {
  const btf = new Btf(source.btf ?? NO_TYPES);
  const names = Names.ofModule();
  const skeleton = names.take(className(source.name));
  const sections = globalSections(btf, source.maps);
  const maps = source.maps.filter((map) => !map.internal);
  const events = maps.filter((map) => eventType(btf, map) !== undefined);
  const mapper = new TypeMapper(btf, names, events.map((map) => map.valueTypeId));

  const mapEntries = maps.map((map) => [map.name, emitMap(btf, mapper, map)] as const);
  const rare = maps.some(isRare)
    ? `import * as $maps from ${literal(rareMapsOf(source.importing))};\n`
    : "";
  const emitted = sections
    .map(({ section, map }) => emitSection(btf, mapper, names, section, map.valueSize))
    .filter((text) => text !== undefined);
  const fields = Names.ofMembers(["maps", "progs", "links"]);
  const programs = [...new Set(source.programs.map(({ name }) => name))];
  const file = source.path.slice(source.path.lastIndexOf("/") + 1).replace(/\.o$/, ".c");
  return `// Generated from ${comment(source.path)} by lib/skeleton/generate.ts. Do not edit.
// deno-lint-ignore-file
import * as $ from ${literal(source.importing)};
${rare}
${joinDefinitions(mapper.definitions)}${emitted.map(({ text }) => `${text}\n`).join("")}/**
 * Skeleton of ${comment(file)}.${source.btf ? "" : WITHOUT_TYPES}
 *
 * \`\`\`ts ignore
 * using opened = ${skeleton}.open();
 * const skel = opened.load().attach();
${events.slice(0, 1).map(exampleLine).join("")} * \`\`\`
 */
export class ${skeleton} extends $.Skeleton {
  /** Opens the object: its global variables can be set, nothing is in the kernel yet. */
  static open(options: $.OpenOptions = {}): $.Opened<${skeleton}> {
    return new ${skeleton}(options) as $.Opened<${skeleton}>;
  }

  readonly maps = ${block(mapEntries)};
  readonly progs = ${block(programs.map((name) => [name, `this.program(${literal(name)})`]))};
  readonly links = ${block(programs.map((name) => [name, "null as $.Link | null"]))};
${emitted.map(({ field, value }) => `  readonly ${fields.take(field)} = ${value};\n`).join("")}
  private constructor(options: $.OpenOptions) {
    super(${literal(source.name)}, () => $.objectBytes(object), options, "${
    hashOf(source.object)
  }");
  }
}

const object =
  "${toBase64(source.object)}";
`;
}

/** What the rare kinds of maps are imported by: `lib/skeleton/maps.ts` beside `lib/skeleton/mod.ts`. */
function rareMapsOf(importing: string): string {
  return importing.endsWith("/mod.ts")
    ? importing.replace(/mod\.ts$/, "maps.ts")
    : `${importing}/maps`;
}

function exampleLine({ name }: MapDescription): string {
  return ` * for await (const event of skel.maps${
    comment(access(name))
  }.read()) console.log(event);\n`;
}

/** The sections of global variables, with their maps. */
function globalSections(
  btf: Btf,
  maps: readonly MapDescription[],
): { section: BtfSection; map: MapDescription }[] {
  return maps.filter((map) => map.internal).flatMap((map) => {
    const section = btf.types[btf.find("section", map.name) ?? 0];
    // A section without BTF holds what the compiler made: string literals, `.rodata.str1.1`.
    return section.kind === "section" ? [{ section, map }] : [];
  });
}

/** A blank line apart, except constants of one line each. */
function joinDefinitions(definitions: readonly string[]): string {
  return definitions.map((text, index) => {
    const next = definitions[index + 1];
    const close = !text.includes("\n") && next && !next.includes("\n");
    return text.trimEnd() + (close ? "\n" : "\n\n");
  }).join("");
}

/** An object literal. */
function block(entries: readonly (readonly [name: string, value: string])[]): string {
  const lines = entries.map(([name, value]) => `    ${key(name)}: ${value},\n`);
  return lines.length === 0 ? "{}" : `{\n${lines.join("")}  }`;
}

/** 64 bits that identify an object: two hashes of the kind of FNV-1a, 32 bits each. */
function hashOf(bytes: Uint8Array): string {
  let [a, b] = [0x811c9dc5, bytes.length];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte ^ (a >>> 16), 0x85ebca6b);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/** In pieces, since a call takes a limited number of arguments. */
function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}
