/** Follows the listings of a page as a user does: in a folder outside of this repository, with the package alone. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { packed } from "../compile/packing.ts";
import { type Output, startCommand } from "../kernel/harness.ts";
import { type Listing, listings, program } from "../kernel/listings.ts";

/** A user's home, in which the listings are followed. */
export class Home implements Disposable {
  readonly path = Deno.makeTempDirSync();
  /** Where the last command has left the shell. */
  #folder = this.path;
  #output = "";

  /** A home with the package in it. */
  static async make(): Promise<Home> {
    const made = await packed();
    const home = new Home();
    await Deno.copyFile(made, `${home.path}/denobpf.tgz`);
    return home;
  }

  async follow({ language, note, text }: Listing): Promise<void> {
    const [, how, file] = /^(?:(file|in)=(\S+))?/.exec(note)!;
    if (language === "sh") this.#output = await this.#run(text);
    else if (language === "diff") await this.#apply(text);
    else if (how === "file") Deno.writeTextFileSync(`${this.#folder}/${file}`, text);
    else if (how === "in") {
      const source = Deno.readTextFileSync(`${this.#folder}/${file}`);
      assertStringIncludes(withoutIndent(source), withoutIndent(text));
    } else {
      assert(
        language === "" || language === "text",
        `this listing says nothing of where it belongs:\n${text}`,
      );
      // What is shown of an output differs from run to run but for its first line.
      assertStringIncludes(this.#output, text.split("\n")[0]);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }

  async #run(commands: string): Promise<string> {
    const { code, stdout, stderr } = await this.#bash(
      `set -emo pipefail\n${commands}pwd >~/folder`,
    );
    assertEquals(code, 0, `${commands}\n${stdout}\n${stderr}`);
    this.#folder = Deno.readTextFileSync(`${this.path}/folder`).trim();
    return stripAnsiCode(stdout);
  }

  async #apply(diff: string): Promise<void> {
    Deno.writeTextFileSync(`${this.path}/diff`, diff);
    const { code, stderr } = await this.#bash("git apply ~/diff");
    assertEquals(code, 0, stderr);
  }

  async #bash(text: string): Promise<Output> {
    const deno = Deno.execPath().replace(/\/[^/]*$/, "");
    const env = {
      HOME: this.path,
      PATH: `${deno}:${Deno.env.get("PATH")}:/usr/sbin`,
      // What Deno has fetched is this user's, not that of the home.
      DENO_DIR: await denoDir(),
      CLANG: program("clang"),
      BPFTOOL: program("bpftool"),
      MAKEFLAGS: "",
      NO_COLOR: "1",
    };
    await using bash = startCommand(["bash", "-c", text], { cwd: this.#folder, env });
    return await bash.finish(120_000);
  }
}

/** A page shows a part of a file from its own left margin. */
function withoutIndent(text: string): string {
  return text.replace(/^\s+/gm, "");
}

async function denoDir(): Promise<string> {
  const { stdout } = await startCommand([Deno.execPath(), "info", "--json"]).finish();
  return JSON.parse(stdout).denoDir;
}

/** Follows a page from its first listing to its last. */
export async function followed(page: string): Promise<void> {
  using home = await Home.make();
  // `deno compile` needs a denort, and Deno's own site is not reached from everywhere.
  const compiles = Deno.env.has("DENORT_BIN");
  for (const listing of listings(page)) {
    if (listing.note !== "compile" || compiles) await home.follow(listing);
  }
}
