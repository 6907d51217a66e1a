import { assert, assertEquals } from "@std/assert";
import { execUntilShown, kernelTest, runExecs, startCommand } from "../kernel/harness.ts";
import { listings, program } from "../kernel/listings.ts";

const root = new URL("../../", import.meta.url).pathname;
const folder = `${root}build/tests/readme`;

/** The code block of the README that holds `mark`. */
function listing(language: string, mark: string): string {
  const found = listings("README.md")
    .find((block) => block.language === language && block.text.includes(mark));
  assert(found, `README.md has no ${language} listing with ${mark}`);
  return found.text;
}

async function successful(...command: string[]): Promise<void> {
  const { code, stderr } = await startCommand(command).finish(60_000);
  assertEquals(code, 0, stderr);
}

kernelTest("the tool of the README builds from its two listings and runs", {}, async () => {
  Deno.mkdirSync(folder, { recursive: true });
  const [source, object] = [`${folder}/hello.bpf.c`, `${folder}/hello.bpf.o`];
  Deno.writeTextFileSync(source, listing("c", "handle_exec"));
  const arch = { x86_64: "x86", aarch64: "arm64" }[Deno.build.arch as string];
  const flags = `-g -O2 -target bpf -D__TARGET_ARCH_${arch} -Wall -Werror -I${root}build`;
  await successful(program("clang"), ...flags.split(" "), "-c", source, "-o", object);
  const generator = `${root}lib/skeleton/generate.ts`;
  await successful(Deno.execPath(), "run", "-A", generator, object, `${folder}/hello.ts`);
  const tool = listing("ts", "#skel/hello.ts").replace("#skel/hello.ts", "./hello.ts");
  Deno.writeTextFileSync(`${folder}/main.ts`, tool);

  const permissions = ["--allow-ffi", "--allow-read"];
  await using hello = startCommand([
    Deno.execPath(),
    "run",
    ...permissions,
    `${folder}/main.ts`,
  ]);
  // It has no header: it runs once it has shown an exec.
  await execUntilShown(hello, "/bin/true", "true");
  const pids = await runExecs();
  await hello.until(`${pids[22]} true`);
  const seen = hello.stdout.trimEnd().split("\n").map((line) => Number(line.split(" ")[0]));
  assertEquals(seen.filter((pid) => pids.includes(pid)), pids);
});
