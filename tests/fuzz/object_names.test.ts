/**
 * Names that the maker of an object chose stay names in its skeleton: none of them becomes code. As in
 * fuzz.ts, `FUZZ_SECONDS` tries more of them.
 */
import { assert, assertEquals } from "@std/assert";
import fc, { fuzzSeconds, seed } from "../fast_check.ts";
import { Bytes } from "#lib/btf/bytes.ts";
import { type Codec, encodeAll } from "#lib/btf/codec.ts";
import { Skeleton } from "#lib/skeleton/skeleton.ts";
import { generateSkeleton } from "#lib/skeleton/generate.ts";
import { renameAll } from "./rename.ts";

const library = import.meta.resolve("#lib/skeleton/mod.ts");
const fixtures = ["types", "names", "maps_kinds"].map((name) => ({
  name,
  object: Deno.readFileSync(new URL(`../../build/tests/${name}.bpf.o`, import.meta.url)),
}));

/** Skeletons that the compiler looks at as well: it takes 200 ms for each. */
const MOST_CHECKED = 15;

/** What a name would do if it ever ran. */
const CODE = "globalThis.ranOfAName=true";

/** Ends of what a name may stand in, and beginnings of what goes on behind it. */
const HOSTILE = [
  `*/;${CODE};/*`,
  `\n${CODE}//`,
  `\r${CODE}//`,
  `\u2028${CODE}//`,
  `\`;${CODE};\``,
  `\${${CODE}}`,
  `";${CODE};"`,
  `"+(${CODE})+"`,
  `';${CODE};'`,
  `x:(${CODE}),y`,
  `x:0};static{${CODE}}y={z`,
  `](){},[(${CODE})`,
  `\\`,
  `\\"`,
  `{@link x} @ts-nocheck`,
  `*`,
  `/`,
  `\x1b]0;x\x07\x1b[2J`,
  `\u202e\u2066`,
  `\udc80\udcff`,
  `é.x y-z`,
  ..."__proto__ constructor prototype toString toJSON then value at end into map options open"
    .split(
      " ",
    ),
  ..."$ $at $bytes $end $length $$ eval arguments await static object Skeleton 1st".split(" "),
];

const anyName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...HOSTILE), { minLength: 2, maxLength: 3 })
      .map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 8 }) },
).map((name) => name.replaceAll("\0", "0"));

/** Names by which libbpf goes, and those of sections that it makes or needs. */
const KEPT = new RegExp(
  "^$|^[.](text|BTF|BTF[.]ext|strtab|symtab|maps|kconfig|ksyms|rodata|data|bss|llvm_addrsig|rel.*)$|" +
    "^(license|type|key|value|key_size|value_size|max_entries|map_flags|values|pinning)$|" +
    "^(LINUX_KERNEL_VERSION|CONFIG_.*|libbpf_tristate|TRI_.*|map_extra)$",
);

/** Gives each name of an object one of these; no two names become one. */
function renamer(names: readonly string[]): (name: string) => string {
  const given = new Map<string, string>();
  return (name) => {
    if (KEPT.test(name)) return name;
    if (!given.has(name)) {
      const [section = ""] = /^[.](data|rodata|bss)[.]/.exec(name) ?? [];
      const round = Math.floor(given.size / names.length);
      given.set(name, section + names[given.size % names.length] + (round || ""));
    }
    return given.get(name)!;
  };
}

interface Case {
  readonly fixture: typeof fixtures[number];
  readonly names: readonly string[];
}

const cases = fc.record<Case>({
  fixture: fc.constantFrom(...fixtures),
  names: fc.uniqueArray(anyName, { minLength: 8, maxLength: 24 }),
});

/** What a skeleton exports: codecs, the values of enums, views and the skeleton itself. */
interface SkeletonMember extends Partial<Codec<unknown>> {
  readonly prototype?: unknown;
  readonly open?: () => Skeleton;
}

/** Generates a skeleton of an object with these names, imports it and runs what is in it. */
async function tryNames({ fixture, names }: Case, folder: string, skeleton: string) {
  const object = renameAll(fixture.object, renamer(names));
  const file = `${names[0].replaceAll("/", "|").toWellFormed().slice(0, 60)}.bpf.o`;
  Deno.writeFileSync(`${folder}/${file}`, object);
  const text = generateSkeleton(`${folder}/${file}`, library);
  assert(!/[[\p{C}\p{Zl}\p{Zp}]--\n]/v.test(text), "a terminal obeys the skeleton");
  Deno.writeTextFileSync(skeleton, text);
  const members = Object.values(await import(skeleton)) as SkeletonMember[];
  for (const member of members) {
    if (member.prototype instanceof Skeleton) {
      using opened = member.open!();
      for (const section of Object.values(opened)) inspectAll(section);
    } else if (member.decode !== undefined) {
      const value = member.decode(Bytes.zeroed(4096), 0);
      inspectAll(value);
      encodeAll(member as Codec<unknown>, value);
    }
  }
  assertEquals(Reflect.get(globalThis, "ranOfAName"), undefined, "a name has become code");
}

/** Calls every getter of an object's class. */
function inspectAll(object: unknown): void {
  if (typeof object !== "object" || object === null) return;
  const getters = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object));
  for (const [name, { get }] of Object.entries(getters)) {
    if (get && name !== "__proto__") get.call(object);
  }
}

Deno.test({
  name: `no name of an object becomes code of its skeleton (seed ${seed})`,
  // Libraries that are opened stay open, which Deno would take for a leak.
  sanitizeResources: false,
  async fn() {
    const folder = Deno.makeTempDirSync();
    try {
      const skeletons: string[] = [];
      const until = Date.now() + fuzzSeconds * 1000;
      for (const one of fc.sample(cases, { seed, numRuns: fuzzSeconds > 0 ? 10_000 : 40 })) {
        if (fuzzSeconds > 0 && Date.now() > until) break;
        const skeleton = `${folder}/skeleton_${skeletons.length}.ts`;
        try {
          await tryNames(one, folder, skeleton);
        } catch (error) {
          throw new Error(fc.stringify([one.fixture.name, one.names]), { cause: error });
        }
        skeletons.push(skeleton);
      }
      await checkTypes(skeletons.slice(0, MOST_CHECKED));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

async function checkTypes(files: readonly string[]): Promise<void> {
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", config, ...files],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}
