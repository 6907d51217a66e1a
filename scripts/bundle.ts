/**
 * Makes one file of JavaScript of a tool, and copies its objects beside it:
 * `deno run -A scripts/bundle.ts ENTRY OUTPUT OBJECT...`. The objects are those that it may have inside, as
 * base64 text; their names take the place of that.
 */
import { stop } from "esbuild";
import { carryDemangler } from "./demangler.ts";
import { minify } from "./minify.ts";

const [entry, output, ...objects] = Deno.args;
const folder = output.replace(/[^/]*$/, "");
// Tools that are twins have the same object: that of the tool's own name is found first.
const own = output.replace(/^.*\/(.*)\.js$/, "/$1.bpf.o");
objects.sort((a, b) => Number(b.endsWith(own)) - Number(a.endsWith(own)));

/**
 * What Deno is started with: no deno.json of the folder or one above it, which may be another user's; V8 then
 * compiles all functions when it reads the file, and keeps them in its cache of the file's code.
 */
const FLAGS = "--no-config --v8-flags=--no-lazy";

await bundle();
let { code: text } = await minify(Deno.readTextFileSync(output));
stop();
for (const path of objects) {
  const bytes = Deno.readFileSync(path);
  const inside = base64(bytes);
  if (!text.includes(inside)) continue;
  const name = path.replace(/^.*\//, "");
  text = text.replaceAll(inside, name);
  Deno.writeFileSync(folder + name, bytes);
}
carryDemangler(text, folder);
text = text.replace(/^#!.*/, (line) => `${line} ${FLAGS}`);
// One character beyond ASCII, and V8 takes two bytes for each of them all.
const beyond = text.search(/[^\0-\x7f]/);
if (beyond >= 0) throw new Error(`${output} is not ASCII: ${text.slice(beyond - 40, beyond + 40)}`);
Deno.writeTextFileSync(output, text);
Deno.chmodSync(output, 0o755);

async function bundle(): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform=deno",
      "--output",
      output,
      entry,
    ],
    env: { DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "mozilla,system" },
    stderr: "piped",
  }).output();
  if (success) return;
  console.error(new TextDecoder().decode(stderr));
  Deno.exit(1);
}

/** In pieces, since a call takes a limited number of arguments. */
function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}
