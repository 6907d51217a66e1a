/** The package that JSR and npm take: it can be published, installed, and used without this checkout. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { kernelTest } from "../kernel/harness.ts";
import { filesBelow } from "../test_files.ts";
import { root } from "./making.ts";
import { packed, run } from "./packing.ts";

const folder = `${root}build/package`;

/** An empty project that has installed the tarball. */
async function installed(): Promise<string> {
  const tarball = await packed();
  const project = await Deno.makeTempDir({ prefix: "denobpf-package-" });
  await run(project, "npm", "install", "--no-audit", "--no-fund", tarball);
  return project;
}

kernelTest("the package can be published, with types that are written out", {}, async () => {
  await packed();
  const listed = await run(folder, Deno.execPath(), "publish", "--dry-run", "--allow-dirty");
  assertEquals(listed.match(/^(warning|error)\b.*$/gmi), null);
  const { exports } = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
  assertEquals(Object.keys(exports), Object.keys(config.exports));
  for (const path of Object.values<string>(exports)) {
    const module = `/build/package/${path.slice("./".length).replace(/\.js$/, "")}`;
    for (const ending of [".js", ".d.ts"]) assertStringIncludes(listed, `${module}${ending} (`);
  }
});

kernelTest("no file of the package names a place of the machine that made it", {}, async () => {
  await packed();
  const naming = [...filesBelow("build/package", "")].filter((path) =>
    !path.endsWith(".bin") && Deno.readTextFileSync(root + path).includes(root)
  );
  assertEquals(naming, []);
});

const script = `
import { execsnoop } from "@denobpf/denobpf/tools/execsnoop";

using trace = execsnoop({ ppid: Deno.pid });
for (let at = 0; at < 23; at++) await new Deno.Command("true").output();
const pids = new Set<number>();
for await (const exec of trace) {
  // @ts-expect-error: the types are there, and no event has this
  exec.nothing;
  if (pids.add(exec.pid).size === 23) break;
}
console.log(pids.size, "execs");
`;

kernelTest("a script of another project imports a tool from the tarball", {}, async () => {
  const project = await installed();
  try {
    Deno.writeTextFileSync(`${project}/count.ts`, script);
    await run(project, Deno.execPath(), "check", "count.ts");
    const flags = ["--allow-ffi", "--allow-read", "--allow-run"];
    assertEquals(await run(project, Deno.execPath(), "run", ...flags, "count.ts"), "23 execs\n");
  } finally {
    await Deno.remove(project, { recursive: true });
  }
});

kernelTest("the tools of the tarball run as commands", {}, async () => {
  const project = await installed();
  try {
    const tools = `${project}/node_modules/@denobpf/denobpf/tools`;
    const flags = ["run", "--allow-ffi", "--allow-read"];
    const about = await run(project, Deno.execPath(), ...flags, `${tools}/denobpf.js`, "--version");
    assertStringIncludes(about, `denobpf ${config.version}\n`);
    const table = await run(
      project,
      Deno.execPath(),
      ...flags,
      `${tools}/execsnoop.js`,
      "--seconds",
      "0",
    );
    assertStringIncludes(table, "PCOMM");
    // A new project takes the library that is installed there, or else the published one.
    const configOf = async (folder: string) => {
      await run(project, Deno.execPath(), ...flags, `${tools}/denobpf.js`, "new", "hello", folder);
      return JSON.parse(Deno.readTextFileSync(`${project}/${folder}/deno.json`));
    };
    const [own, other] = [await configOf("."), await configOf("hello")];
    assertEquals([own.imports["@denobpf/denobpf"], own.links], [undefined, undefined]);
    assertStringIncludes(other.imports["@denobpf/denobpf"], "jsr:@denobpf/denobpf@");
    assertEquals(other.links, undefined);
  } finally {
    await Deno.remove(project, { recursive: true });
  }
});
