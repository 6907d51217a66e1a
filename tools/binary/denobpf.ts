/** The compiled binary: under the name of a tool, as a link or a copy, it is that tool, else denobpf. */
import "./libbpf.ts";
import { tryReadTextFile } from "#lib/sys/file.ts";
import { main } from "../denobpf.ts";
import { runnable } from "../denobpf/registry.ts";

/** What it was started as; Deno itself says only where the file is. */
function ownName(): string | undefined {
  const [command] = tryReadTextFile("/proc/self/cmdline")?.split("\0") ?? [];
  return command?.split("/").at(-1);
}

const tool = runnable.find((name) => name === ownName());
await main(tool === undefined ? Deno.args : [tool, ...Deno.args]);
