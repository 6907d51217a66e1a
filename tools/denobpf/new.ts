/** `denobpf new`: the files of a tool of one's own, ready to be built, tested and changed. */
import { createFile, makeDirectory, replaceFile } from "#lib/sys/create.ts";
import { readTextFile } from "#lib/sys/file.ts";
import { ids } from "#lib/sys/libc.ts";
import { fileExists, kindOf, S_IFDIR, tryPathStatus } from "#lib/sys/status.ts";
import { className, Names } from "#lib/skeleton/names.ts";
import { ExitCode, ExitError } from "#lib/tool/ending/exit.ts";
import {
  flag,
  operand,
  option,
  optional,
  type OptionsOf,
  shellQuote,
  text,
} from "#lib/tool/mod.ts";
import { quoted } from "#lib/tool/text/escape.ts";
import { usage } from "#lib/tool/options/usage_errors.ts";
import { VERSION } from "#lib/tool/version.ts";
import type { Command } from "./command.ts";
import { kernelHalf } from "./new/kernel_half.ts";
import type { Project } from "./new/project.ts";
import { config, ignored, makefile } from "./new/build_files.ts";
import { changelogWith, ownTest, scenario, toolPage } from "./new/here.ts";
import { page } from "./new/page.ts";
import { test } from "./new/test.ts";
import { userHalf } from "./new/user_half.ts";
import { runnable } from "./registry.ts";

const options = {
  here: flag(
    "",
    "Write a tool of this repository instead, into the checkout that denobpf runs from",
  ),
  lib: option(
    "",
    "PATH|jsr",
    "Import the library from this checkout, or the published one " +
      "(default: what denobpf runs from, a checkout or a package)",
    text,
  ),
};

const operands = {
  name: operand("NAME", "What the tool is called", text),
  dir: optional("DIR", "The folder, by default one of that name", text),
};

export const newTool: Command<OptionsOf<typeof options & typeof operands>, never> = {
  name: "denobpf new",
  brief:
    "Write a tool of your own into a new folder: both halves, a test and a page, which build " +
    "and run as they are. Nothing is overwritten",
  operands,
  options,
  examples: [
    ["denobpf new opens", "into the folder opens"],
    ["denobpf new opens ~/src/opens", "into this folder"],
    ["denobpf new opens --lib ~/denobpf", "on the library of this checkout"],
    ["denobpf new opens --here", "bpf/opens.bpf.c, tools/opens.ts, its tests and page"],
  ],
  fields: {},
  columns: () => [],
  text({ name, dir, lib, here }) {
    if (here) {
      if (dir !== undefined || lib !== undefined) {
        throw usage("--here goes with neither DIR nor --lib");
      }
      return writeHere(checkedName(name));
    }
    const checkout = checkoutOf(lib);
    const base = (dir ?? name).replace(/\/+$/, "") || "/";
    const installed = lib === undefined && isInstalledFor(base);
    const project = {
      name: checkedName(name),
      version: VERSION,
      frame: FRAME,
      checkout,
      installed,
    };
    return write(base, filesOf(project), "make test");
  },
};

/** How a project of its own imports the frame. */
const FRAME = "@denobpf/denobpf/tool";

/** A file to be written. */
interface File {
  readonly path: string;
  readonly text: string;
  readonly mode?: number;
}

/**
 * Writes files into a folder, if none of them is there.
 * @param owner whose folders are taken besides our own and root's
 * @returns which they are, and what comes next
 */
function write(base: string, files: readonly File[], next: string, owner = 0): string {
  const taken = files.map(({ path }) => `${base}/${path}`).filter(fileExists);
  if (taken.length > 0) throw notWritten(`${taken.map(shellQuote).join(", ")}: there already`);
  const folders = files.map(({ path }) => `${base}/${path}`.replace(/\/[^/]*$/, ""));
  for (const folder of new Set([base, ...folders])) checkFolder(folder, owner);
  for (const folder of folders) makeDirectory(folder);
  for (const { path, text, mode } of files) createFile(`${base}/${path}`, text, mode);
  return `${files.map(({ path }) => shellQuote(`${base}/${path}`)).join("\n")}\n\n` +
    `Next: cd ${shellQuote(base)} && ${next}\n`;
}

/** What is there already must be a folder that nobody else can turn into a link while it is written to. */
function checkFolder(path: string, owner: number): void {
  const status = tryPathStatus(path);
  if (status === undefined) return;
  if (kindOf(status) !== S_IFDIR) {
    throw notWritten(
      `${shellQuote(path)} is no folder, or a link: name the folder that it leads to`,
    );
  }
  if ([0, owner, ids().geteuid()].includes(status.uid)) return;
  throw notWritten(`${shellQuote(path)} belongs to another user, with the uid ${status.uid}`);
}

function notWritten(why: string): ExitError {
  return new ExitError(ExitCode.Failure, `${why}; nothing was written`);
}

/** Writes a tool into the checkout that this runs from. */
function writeHere(name: string): string {
  const own = checkoutOf(undefined);
  if (own === undefined) throw usage("--here: this denobpf does not run from a checkout");
  if (runnable.includes(name)) throw usage(`${name} is the name of a tool already`);
  const base = decodeURIComponent(new URL(own).pathname).replace(/\/$/, "");
  const project = {
    name,
    version: VERSION,
    group: "processes",
    frame: "#lib/tool/mod.ts",
    checkout: undefined,
    installed: false,
  };
  const written = write(
    base,
    [
      { path: `bpf/${name}.bpf.c`, text: kernelHalf(project) },
      { path: `tools/${name}.ts`, text: userHalf(project), mode: 0o777 },
      { path: `tests/tools/${name}.test.ts`, text: ownTest(project) },
      { path: `tests/tools/${name}.scenario.ts`, text: scenario },
      { path: `docs/${name}.md`, text: toolPage(project) },
    ],
    `make api fmt && make test TEST=${name}`,
    tryPathStatus(base)?.uid,
  );
  const changelog = `${base}/CHANGELOG.md`;
  replaceFile(changelog, changelogWith(readTextFile(changelog), project));
  return `${shellQuote(changelog)}\n${written}`;
}

/** The files of a project, by their paths in it. */
function filesOf(project: Project): File[] {
  const { name } = project;
  return [
    { path: `${name}.bpf.c`, text: kernelHalf(project) },
    { path: `${name}.ts`, text: userHalf(project), mode: 0o777 },
    { path: `${name}_test.ts`, text: test(project) },
    { path: "README.md", text: page(project) },
    { path: "Makefile", text: makefile(project) },
    { path: "deno.json", text: config(project) },
    { path: ".gitignore", text: ignored },
  ];
}

/** Names that the user half or its test has another use for. */
const TAKEN: readonly string[] = (
  "exec execs nobody option options own pids tool trace user"
).split(" ");

/** The name is a command, a file, a function and, in its own form, a class. */
function checkedName(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,14}$/.test(name)) {
    const rule = "it takes up to 15 small letters, digits and _, a letter first";
    throw usage(`${quoted(name)} cannot be the name of a tool: ${rule}`);
  }
  const names = Names.ofModule();
  const free = [name, className(name)].every((taken) => names.take(taken) === taken);
  if (free && !TAKEN.includes(name)) return name;
  throw usage(
    `${name} cannot be the name of a tool: TypeScript, or its text, has another use for it`,
  );
}

/** Whether the sources are there: the binary and the package have none. */
function isCheckout({ protocol, pathname }: URL): boolean {
  if (protocol !== "file:" || Deno.build.standalone) return false;
  return fileExists(`${decodeURI(pathname)}lib/tool/mod.ts`);
}

/** Whether this runs from the package that npm has installed in this folder. */
function isInstalledFor(base: string): boolean {
  const [, above] = /^(file:.*\/)node_modules\//.exec(import.meta.url) ?? [];
  return above !== undefined && toURL(`${Deno.cwd()}/`, base) === above;
}

/** A path as a URL, from the folder that it may start at. */
function toURL(folder: string, path: string): string {
  const encoded = encodeURI(path).replace(/[?#]/g, encodeURIComponent);
  return new URL(`${encoded}/`, `file://${encodeURI(folder)}`).href;
}

/** The checkout that the project links, as a URL; undefined for the published library. */
function checkoutOf(lib: string | undefined): string | undefined {
  if (lib === "jsr") return undefined;
  if (lib === undefined) {
    const own = new URL("../../", import.meta.url);
    return isCheckout(own) ? own.href : undefined;
  }
  if (!fileExists(`${lib}/lib/tool/mod.ts`)) {
    throw usage(`--lib: ${quoted(lib)} is no checkout of denobpf: it has no lib/tool/mod.ts`);
  }
  const path = encodeURI(Deno.realPathSync(lib)).replace(/[?#]/g, encodeURIComponent);
  return new URL(`file://${path}/`).href;
}
