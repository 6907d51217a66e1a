/**
 * Puts beside a compiled denobpf what is handed out with it:
 * `deno run -A scripts/compile/dist.ts DIST LIBBPF`, with LIBBPF the version of libbpf in it.
 */
import { aliases } from "#registry";
import { findTool, runnable, toolNames } from "../../tools/denobpf/registry.ts";
import { aliasPage, denobpfPage, pageName, toolPage } from "./man.ts";
import { filesIn } from "../files.ts";
import { sbom, sha256 } from "./sbom.ts";
import { root, type Staged } from "./stage.ts";

const [dist, libbpf] = Deno.args;

/** Where each shell looks for completions, below its own folder. */
const COMPLETIONS = { bash: "denobpf", zsh: "_denobpf", fish: "denobpf.fish" };

for (const folder of ["links", "man", "completions"]) {
  await Deno.remove(`${dist}/${folder}`, { recursive: true }).catch(() => {});
}
Deno.mkdirSync(`${dist}/links`);
for (const name of runnable) Deno.symlinkSync("../denobpf", `${dist}/links/${name}`);
for (const name of toolNames) {
  write(`man/man8/${pageName(name)}.8`, toolPage(await findTool(name)));
}
for (const [name, { tool }] of Object.entries(aliases)) {
  write(`man/man8/${pageName(name)}.8`, aliasPage(tool));
}
write("man/man8/denobpf.8", denobpfPage(await denobpf("--help"), runnable));
for (const [shell, file] of Object.entries(COMPLETIONS)) {
  write(`completions/${shell}/${file}`, await denobpf("completions", shell));
}
const staged: Staged = JSON.parse(Deno.readTextFileSync(`${root}build/compile/denobpf.json`));
const about = JSON.parse(Deno.readTextFileSync(`${root}build/about.json`));
write("sbom.cdx.json", await sbom(staged, libbpf, about));
write("SHA256SUMS", await checksums());

function write(path: string, text: string): void {
  const file = `${dist}/${path}`;
  Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(file, text);
}

/** What denobpf prints, in the form that runs here also when the binary is for another machine. */
async function denobpf(...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-ffi", "--allow-read", "tools/denobpf.ts", ...args],
    cwd: root,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`denobpf ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

/** For `sha256sum --check`: what is in this folder, other binaries excepted. */
async function checksums(): Promise<string> {
  const folder = new URL(`${dist}/`, `file://${root}`);
  const files = [
    "denobpf",
    "NOTICES",
    "sbom.cdx.json",
    ...filesIn(folder, "man/"),
    ...filesIn(folder, "completions/"),
  ];
  const lines = files.sort().map(async (path) =>
    `${await sha256(Deno.readFileSync(`${dist}/${path}`))}  ${path}\n`
  );
  return (await Promise.all(lines)).join("");
}
