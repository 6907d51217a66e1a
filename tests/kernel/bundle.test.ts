/** A tool as one file of JavaScript: `make bundle`. */
import { assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { toolNames } from "../../tools/denobpf/registry.ts";
import { kernelTest, runExecs, startCommand } from "./harness.ts";

const root = new URL("../../", import.meta.url).pathname;

/** A folder that holds bundles and nothing else. */
class Alone implements Disposable {
  readonly #path = Deno.makeTempDirSync();

  start(tool: string, ...args: string[]) {
    const file = `${this.#path}/${tool}.js`;
    Deno.copyFileSync(`${root}build/bundle/${tool}.js`, file);
    const deno = [Deno.execPath(), "run", "--no-remote", "--allow-ffi", "--allow-read"];
    return startCommand([...deno, file, ...args], { cwd: this.#path });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#path, { recursive: true });
  }
}

kernelTest("a bundle is a whole tool in one file", {}, async () => {
  using alone = new Alone();
  for (const name of toolNames) {
    await using tool = alone.start(name, "--version");
    const { stdout, code } = await tool.finish();
    assertEquals([stdout, code], [`${name} (denobpf) ${config.version}\n`, 0]);
  }
  await using tool = alone.start("execsnoop", "--ppid", String(Deno.pid), "--fields", "comm,line");
  await tool.until("\n");
  await runExecs();
  const { stdout, code, stderr } = await tool.stop();
  assertEquals([code, stderr], [0, ""]);
  const rows = stdout.trimEnd().split("\n").slice(1);
  assertEquals(rows.length, 23);
  for (const [index, row] of rows.entries()) {
    assertMatch(row, new RegExp(`^true +/bin/true ${index}$`));
  }
});
