/** `denobpf install-links`: links by which the compiled binary is one tool each. */
import { symlink } from "#lib/sys/symlink.ts";
import { quoted } from "#lib/tool/text/escape.ts";
import { ExitCode, ExitError } from "#lib/tool/ending/exit.ts";
import { operand, type OptionsOf, text } from "#lib/tool/mod.ts";
import { usage } from "#lib/tool/options/usage_errors.ts";
import type { Command } from "./command.ts";
import { runnable } from "./registry.ts";

const operands = { dir: operand("DIR", "Where to put the links", text) };

export const installLinks: Command<OptionsOf<typeof operands>, never> = {
  name: "install-links",
  brief: "Make a link to this binary for each tool, by which it is that tool",
  operands,
  options: {},
  examples: [["install-links /usr/local/bin", "then execsnoop alone runs execsnoop"]],
  fields: {},
  columns: () => [],
  text: ({ dir }) => {
    if (!Deno.build.standalone) {
      throw usage("this is a command of the compiled binary, which make compile makes");
    }
    const links = runnable.map((name) => `${dir}/${name}`);
    // All are looked at before the first is made.
    const missing = links.filter((path) => !isOurs(path));
    for (const path of missing) symlink(Deno.execPath(), path);
    return links.map((path) => `${path} -> ${Deno.execPath()}\n`).join("");
  },
};

/** Whether the link is there already. What else is there stays: it may be the C tool of that name. */
function isOurs(path: string): boolean {
  try {
    if (Deno.lstatSync(path).isSymlink && Deno.readLinkSync(path) === Deno.execPath()) return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  throw new ExitError(
    ExitCode.Failure,
    `${quoted(path)} exists and is no link to this binary; nothing was changed`,
  );
}
