/** What docs/security.md says of every tool: what it needs to be allowed, and that it writes no file. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { toolNames } from "../../tools/denobpf/registry.ts";
import { alone } from "../kernel/alone.ts";
import { kernelTest, patient, startCommand } from "../kernel/harness.ts";
import { withoutLosses } from "../kernel/running_tool.ts";
import { momentOf, toolsThatRun } from "../kernel/scenario.ts";

await alone("trace_pipe");

kernelTest(
  "without --allow-ffi no tool runs, and each says what to start it with",
  {},
  async () => {
    for (const tool of toolNames) {
      const [name, ...args] = await momentOf(tool);
      const deno = [Deno.execPath(), "run", "--cached-only", "--no-prompt", "--allow-read"];
      const { code, stderr } = await startCommand([...deno, `tools/${name}.ts`, ...args])
        .finish(patient(20_000));
      assertEquals(code, 77);
      assertStringIncludes(stderr, "start it with: deno run --allow-ffi --allow-read");
    }
  },
);

/** System calls that change a file system, as strace shows them. */
const CHANGES =
  /\b(?:open\w*\([^)]*O_(?:WRONLY|RDWR|CREAT|TRUNC)|(?:creat|mkdir|rename|unlink|symlink|link|mknod|chmod|chown|fchmodat|fchownat|truncate|mount|utimensat|setxattr|rmdir)\w*\(|BPF_OBJ_PIN)/;

/** How a tool keeps the kernel's types at its first run: in /run/denobpf, by a name that says of what they are. */
const KEPT =
  /\b(?:mkdir\("\/run\/denobpf", 0700\)|(?:openat|renameat|unlinkat)\(\d+, "\.?[0-9a-f]{40}-[0-9a-f]{16}(?:\.\d+)?",)/;

/**
 * What tools may open for writing: Deno's own cache, the kernel's types that they keep, and what is no file, as
 * standard output here.
 */
function expected(line: string, cache: string): boolean {
  return line.includes(`"${cache}/`) || KEPT.test(line) ||
    /"(\/dev\/(null|tty|pts\/\d+)|\/proc\/self\/fd\/1)"/.test(line);
}

kernelTest("the tools write no file, make none, and mount and pin nothing", {}, async () => {
  const cache = Deno.makeTempDirSync();
  const trace = Deno.makeTempFileSync();
  const strace = [
    "strace",
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-s",
    "256",
    "-e",
    "trace=%file,bpf,mount",
    "-o",
    trace,
  ];
  const commands = [
    ...await Promise.all((await toolsThatRun()).map(momentOf)),
    ["syscount", "--", "/bin/true"],
    ["denobpf", "list"],
    ["denobpf", "doctor", "execsnoop"],
    ["denobpf", "completions", "bash"],
  ];
  try {
    new Deno.Command("mount", { args: ["-t", "tracefs", "tracefs", "/sys/kernel/tracing"] })
      .outputSync();
    for (const [tool, ...args] of commands) {
      const deno = [Deno.execPath(), "run", "--allow-ffi", "--allow-read", `tools/${tool}.ts`];
      const env = { DENO_DIR: cache, TMPDIR: "/nowhere" };
      const command = [...strace, ...deno, ...args];
      const { code, stderr } = await startCommand(command, { env }).finish(patient(30_000));
      assertEquals([code, withoutLosses(stderr).replaceAll(".", "")], [0, ""]);
      const changes = Deno.readTextFileSync(trace).split("\n")
        .filter((line) => CHANGES.test(line) && !/\bstatx?\(/.test(line));
      assert(changes.length > 0, "Deno's cache is written to: the trace is a trace");
      assertEquals(changes.filter((line) => !expected(line, cache)), [], tool);
    }
  } finally {
    Deno.removeSync(cache, { recursive: true });
    Deno.removeSync(trace);
  }
});
