/**
 * What others build on, in docs/api/: a file for each export of deno.json, with a line for each symbol, and for each
 * option and field of a tool. A change of it is seen where it is reviewed.
 * - `deno run -A scripts/api.ts` writes the files.
 * - `deno run -A scripts/api.ts --check` compares them with the exports as they are.
 */
import { commonBeside, frameOptions } from "#lib/tool/options/frame_options.ts";
import { type Declarations, spellings } from "#lib/tool/options/declarations.ts";
import { aliasDefinitions, preset } from "#lib/tool/options/help.ts";
import { operandsUsage } from "#lib/tool/options/operands.ts";
import type { Tool } from "#lib/tool/mod.ts";
import config from "../deno.json" with { type: "json" };
import { linesOf } from "./api/print.ts";
import { filesIn } from "./files.ts";
import { toolNamed, toolNames } from "./registry.ts";

const root = new URL("../", import.meta.url);
const folder = new URL("docs/api/", root);

/** The form of `deno doc --json` that api/print.ts knows, that of Deno 2.9. */
const FORM = 2;

/** How many of a file's changes are shown. */
const SHOWN = 20;

/** A module that is exported, and its file in docs/api/. */
interface Export {
  readonly module: string;
  readonly file: string;
}

/** What `deno doc` says of a module. */
interface Documented {
  readonly symbols: { readonly name: string }[];
}

const exported = Object.entries(config.exports).map(([name, path]): Export => ({
  module: path.replace("./build/lib/", "./lib/").slice("./".length),
  file: `${name === "." ? "library" : name.slice("./".length)}.txt`,
}));

const texts = await describe(exported);
if (Deno.args[0] === "--check") check(texts);
else write(texts);

/** The text of each file. */
async function describe(all: readonly Export[]): Promise<Map<string, string>> {
  const [tools, library] = [
    all.filter(({ module }) => module.startsWith("tools/")),
    all.filter(({ module }) => !module.startsWith("tools/")),
  ];
  const documented = new Map([
    ...await documentation(tools),
    // Each by itself: of a symbol that two modules export, the second one would have the place of the first.
    ...(await Promise.all(library.map((of) => documentation([of])))).flatMap((of) => [...of]),
  ]);
  const names = toolNames();
  const texts = new Map<string, string>();
  for (const { module, file } of all) {
    const symbols = documented.get(module)!.symbols.sort((a, b) => a.name < b.name ? -1 : 1);
    const lines = symbols.flatMap(linesOf);
    const name = names.find((name) => module === `tools/${name}.ts`);
    if (name !== undefined) {
      // What a tool declares says more, in fewer words, than the types that follow from it.
      texts.set(
        file,
        [...lines.map(untyped), ...toolLines(await toolNamed(name))].join("\n") + "\n",
      );
      continue;
    }
    if (module === "tools/denobpf.ts") lines.push("", "every tool", ...optionLines(frameOptions));
    texts.set(file, lines.join("\n") + "\n");
  }
  return texts;
}

function untyped(line: string): string {
  return line.replace(/^(const \w+): .*$/, "$1");
}

async function documentation(modules: readonly Export[]): Promise<Map<string, Documented>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...modules.map(({ module }) => module)],
    cwd: root,
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`deno doc failed:\n${text.decode(stderr)}`);
  const { version, nodes } = JSON.parse(text.decode(stdout));
  if (version !== FORM) {
    console.error(
      `api: deno doc of Deno ${Deno.version.deno} has another form; use build/deno/deno`,
    );
    Deno.exit(1);
  }
  return new Map(
    Object.entries<Documented>(nodes).map(([url, of]) => [url.slice(root.href.length), of]),
  );
}

/** The command: its words, those options of every tool that it spells in its own way, and its fields. */
function toolLines(tool: Tool<unknown, unknown>): string[] {
  const { name, options, operands = {}, fields, command } = tool;
  const otherwise = Object.entries(commonBeside(tool)).filter(([key, option]) =>
    spelled(key, option) !== spelled(key, frameOptions[key as keyof typeof frameOptions])
  );
  const usage = [
    name,
    "[OPTIONS]",
    operandsUsage(operands),
    command === undefined ? "" : "[-- COMMAND...]",
  ].filter((part) => part !== "").join(" ");
  return [
    "",
    usage,
    ...optionLines({ ...options, ...Object.fromEntries(otherwise) }),
    ...aliasDefinitions(tool).map(([alias, line]) => `${alias} = ${line}`),
    "",
    "fields",
    ...Object.entries(fields).map(([field, { kind, only }]) =>
      `  ${field}: ${kind.name}${only === "table" ? ", in tables" : ""}`
    ),
  ];
}

function optionLines(options: Declarations): string[] {
  return Object.entries(options).map(([name, option]) => `  ${spelled(name, option)}`);
}

function spelled(name: string, option: Declarations[string]): string {
  const value = option.kind === "flag" ? "" : ` ${option.placeholder}`;
  const more = option.kind === "list" ? " (may be given again)" : preset(option);
  return spellings(name, option).join(", ") + value + more;
}

function write(texts: ReadonlyMap<string, string>): void {
  Deno.mkdirSync(folder, { recursive: true });
  for (const file of filesIn(folder)) if (!texts.has(file)) Deno.removeSync(new URL(file, folder));
  for (const [file, text] of texts) {
    Deno.mkdirSync(new URL(".", new URL(file, folder)), { recursive: true });
    Deno.writeTextFileSync(new URL(file, folder), text);
  }
}

/** Shows each line that differs, and ends with 1 if one does. */
function check(texts: ReadonlyMap<string, string>): void {
  const written = new Map(
    filesIn(folder).map((file) => [file, Deno.readTextFileSync(new URL(file, folder))]),
  );
  let same = true;
  for (const file of new Set([...written.keys(), ...texts.keys()])) {
    const [before, now] = [written.get(file) ?? "", texts.get(file) ?? ""];
    if (before === now) continue;
    same = false;
    const [old, lines] = [before, now].map((text) => text.split("\n"));
    console.error(`docs/api/${file}:`);
    const changes = [
      ...old.filter((line) => !lines.includes(line)).map((line) => `- ${line}`),
      ...lines.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
    ];
    for (const line of changes.slice(0, SHOWN)) console.error(line);
    if (changes.length > SHOWN) console.error(`[${changes.length - SHOWN} more]`);
  }
  if (same) return;
  console.error("What others build on is not what docs/api has. If that is meant: make api");
  Deno.exit(1);
}
