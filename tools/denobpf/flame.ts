/** `denobpf flame`: flame graphs of folded stacks, and of how two runs differ. */
import { readFile } from "#lib/sys/file.ts";
import type { FlameTree } from "#lib/tool/flames/flame_tree.ts";
import { html } from "#lib/tool/flames/html.ts";
import { FoldedError, readFolded } from "#lib/tool/flames/read_folded.ts";
import { reportCut } from "#lib/tool/flames/report_cut.ts";
import { svg } from "#lib/tool/flames/svg.ts";
import { ExitCode, ExitError } from "#lib/tool/ending/exit.ts";
import { choice, operand, option, optional, type OptionsOf, text } from "#lib/tool/mod.ts";
import { quoted } from "#lib/tool/text/escape.ts";
import type { Command } from "./command.ts";

const FORMATS = { html, svg };

/** Bytes of a file. More have no place in a text, and no graph shows as much. */
const LIMIT = 256 * 1024 * 1024;

const options = {
  output: option(
    "o",
    "FORMAT",
    "Draw as html, a page, or svg, a picture",
    choice("html", "svg"),
    "html",
  ),
  unit: option("", "UNIT", "What was measured: samples, nanoseconds, bytes, ...", text, "samples"),
};

const operands = {
  file: operand("FILE", "Folded stacks, as -o folded prints them; - is standard input", text),
  after: optional("AFTER", "Those of a later run: draw these, and how they differ from FILE", text),
};

export const flame: Command<OptionsOf<typeof options & typeof operands>, never> = {
  name: "denobpf flame",
  brief: "Draw a flame graph of folded stacks, or of how those of two runs differ",
  operands,
  options,
  examples: [
    ["denobpf flame profile.folded > profile.html", "a page to zoom and search in"],
    ["denobpf flame -o svg profile.folded > profile.svg", "a picture"],
    ["denobpf flame before.folded after.folded > diff.html", "red has grown, blue has shrunk"],
  ],
  fields: {},
  columns: () => [],
  text({ file, after, output, unit }) {
    const tree = read(file);
    if (after === undefined) return drawn(tree, nameOf(file));
    const later = read(after);
    later.compare(tree);
    return drawn(later, `${nameOf(after)} since ${nameOf(file)}`);

    function drawn(tree: FlameTree, title: string): string {
      reportCut(tree, "denobpf flame", unit);
      return [...FORMATS[output](tree, title, unit)].join("");
    }
  },
};

/** @throws {ExitError} (65) if the file holds something else */
function read(path: string): FlameTree {
  const bytes = readFile(path === "-" ? "/dev/stdin" : path, LIMIT + 1);
  if (bytes.length > LIMIT) {
    throw new ExitError(ExitCode.Data, `${quoted(path)} has more than 256 MiB`);
  }
  try {
    return readFolded(new TextDecoder().decode(bytes));
  } catch (error) {
    if (!(error instanceof FoldedError)) throw error;
    throw new ExitError(
      ExitCode.Data,
      `${quoted(path)}, line ${error.line}: ${quoted(error.text.slice(0, 60))} is no folded stack`,
      { hint: "a line is the names of functions with ; between them, a space and a number" },
    );
  }
}

function nameOf(path: string): string {
  return path === "-" ? "standard input" : path.replace(/^.*\//, "");
}
