/**
 * Makes a binary of all tools or of one, and the NOTICES beside it:
 * `deno run -A scripts/compile/compile.ts NAME ARCH DIST LIBBPF`, with NAME denobpf or a tool, ARCH x86 or
 * arm64, DIST the folder that they come into, and LIBBPF the one of the libbpf.so that goes into it. This
 * Deno goes into it as well; DENORT_BIN names its runtime where it cannot be downloaded.
 */
import { notices } from "./notices.ts";
import { PACKAGE_FILE, root, stage } from "./stage.ts";

const TARGETS: Record<string, string> = {
  x86: "x86_64-unknown-linux-gnu",
  arm64: "aarch64-unknown-linux-gnu",
};

/** The tools' two; without --no-code-cache a binary leaves a file in /tmp, under a name known before. */
const FLAGS = ["--allow-ffi", "--allow-read", "--no-prompt", "--no-code-cache"];

const [name, arch, dist, libbpf] = Deno.args;
const target = TARGETS[arch];
const folder = `${root}build/compile/${name}`;
/** What the binary reads as files: see tools/binary/libbpf.ts, about.ts and demangler.ts. */
const CARRIED = [
  "build/libbpf.so",
  "build/about.json",
  "build/lib/shared/demangler.bin",
];
const INCLUDED = [...CARRIED, PACKAGE_FILE];

Deno.mkdirSync(`${root}build/compile`, { recursive: true });
Deno.copyFileSync(`${libbpf}/libbpf.so`, `${root}build/libbpf.so`);
const entry = name === "denobpf" ? "tools/binary/denobpf.ts" : writeEntry(name);
await Deno.remove(folder, { recursive: true }).catch(() => {});
const staged = await stage(entry, folder, CARRIED);
await compile();
Deno.writeTextFileSync(`${dist}/NOTICES`, notices(staged.packages, libbpf));
// For dist.ts.
Deno.writeTextFileSync(`${folder}.json`, JSON.stringify(staged, null, 2) + "\n");

/** The program of a single tool. */
function writeEntry(tool: string): string {
  const path = `build/compile/${tool}.ts`;
  Deno.writeTextFileSync(
    root + path,
    `import "../../tools/binary/libbpf.ts";
import { toolMain } from "#lib/tool/mod.ts";
import { tool } from "../../tools/${tool}.ts";
await toolMain(tool);
`,
  );
  return path;
}

async function compile(): Promise<void> {
  const included = INCLUDED.flatMap((file) => ["--include", file]);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "--quiet", "--no-check", "--no-lock", "--target", target, ...FLAGS],
      ...[...included, "--output", `${root}${dist}/${name}`, entry],
    ],
    cwd: folder,
    stderr: "piped",
  }).output();
  if (success) return;
  const [reason] = new TextDecoder().decode(stderr).split("Stack backtrace");
  console.error(reason.trim());
  const denort = Deno.env.get("DENORT_BIN");
  console.error(
    `compile: Deno ${Deno.version.deno} needs its runtime for ${target}, denort. ` +
      (denort
        ? `DENORT_BIN names ${denort}: is it that?`
        : "If it cannot download that, put it somewhere and name the file in DENORT_BIN."),
  );
  Deno.exit(1);
}
