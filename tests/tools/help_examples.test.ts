/**
 * The examples in each tool's help run: every one as a shell has it, on the real kernel, ended at once. What they
 * name and a host need not have (a process, a disk, a container) is replaced by what is here.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { findTool, type ToolName, toolNames } from "../../tools/denobpf/registry.ts";
import { hasFeature, isSlow, kernelTest, startCommand } from "../kernel/harness.ts";
import { type RunningTool, withoutLosses } from "../kernel/running_tool.ts";
import { sideBySide } from "../test_files.ts";

const root = new URL("../../", import.meta.url).pathname;
const id = crypto.randomUUID().replaceAll("-", "").repeat(2);

/** Whether this kernel has all that examples ask for; else some may say what is missing. */
const hasAll = (["fentry", "kprobe", "run_queues"] as const).every(hasFeature);

/** A host as examples have it: a process, a cgroup, a container, and the programs that they call. */
class Host implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly #process: RunningTool = startCommand(["sleep", "infinity"]);
  readonly #cgroups = [`denobpf-${id.slice(0, 12)}`, `docker-${id}.scope`];
  readonly #here: readonly (readonly [RegExp, string])[];

  constructor(tool: ToolName) {
    Deno.mkdirSync(`${this.folder}/bin`);
    this.#write(`bin/${tool}`, `exec ${root}tools/${tool}.ts "$@"`);
    this.#write("bin/pidof", `echo ${this.#process.pid}`);
    this.#write("bin/make", "");
    this.#write("app", "");
    for (const name of this.#cgroups) Deno.mkdirSync(`${cgroupMount()}/${name}`);
    this.#here = [
      [/(?<=-\w*[pt] |-T |--pid-netns )(?:123|181|185)\b/g, `${this.#process.pid}`],
      [/(?<=-d )sd[a-z]\b/, diskHere()],
      [/(?<=-c )system\.slice\b/, this.#cgroups[0]],
      [/(?<=--container )web\b/, id],
      [/\beth0\b/, "lo"],
      // Debian's libc has no USDT probes.
      [/\bu:c:memory_sbrk_more\b/, `u:${root}build/tests/traced:given`],
      [/\/opt\/bin\/bash|\/usr\/lib\/libreadline\.so\.8/, "/bin/bash"],
      [/\/opt\/lib\/libc\.so\.6|\/usr\/lib\/libjemalloc\.so\.2/, libraryHere("libc.so.6")],
      [/\/opt\/app\/bin\/server/, libraryHere("libssl.so.3")],
      [/^biosnoop 10$/, "biosnoop 1"], // seconds, which go before --seconds
    ];
  }

  /** Runs a line, which a shell reads. */
  async run(line: string): Promise<void> {
    const here = this.#here.reduce((text, [what, instead]) => text.replace(what, instead), line);
    const command = endingAtOnce(here);
    const onTerminal = / --top\b/.test(line);
    const deno = Deno.execPath().replace(/\/[^/]*$/, "");
    const env = { PATH: `${this.folder}/bin:${deno}:${Deno.env.get("PATH")}`, TERM: "xterm" };
    await using process = startCommand(
      onTerminal ? ["script", "-qec", command, "/dev/null"] : ["sh", "-c", command],
      { cwd: this.folder, env },
    );
    const { code, stdout, stderr } = await process.finish();
    if (code === 69 && !hasAll) return assertMatch(onTerminal ? stdout : stderr, /^\w+: \S/);
    const faults = withoutLosses(stderr).replaceAll(/^\.+$/gm, "");
    assertEquals([line, code, faults], [line, 0, ""], stdout.slice(0, 2000));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    for (const name of this.#cgroups) Deno.removeSync(`${cgroupMount()}/${name}`);
    Deno.removeSync(this.folder, { recursive: true });
  }

  #write(path: string, command: string): void {
    Deno.writeTextFileSync(`${this.folder}/${path}`, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  }
}

function diskHere(): string {
  const names = [...Deno.readDirSync("/sys/block")].map(({ name }) => name);
  return names.find((name) => !name.startsWith("loop")) ?? names[0];
}

/** The path of a library, as the loader finds it. */
function libraryHere(name: string): string {
  const { stdout } = new Deno.Command("/sbin/ldconfig", { args: ["-p"] }).outputSync();
  const found = new TextDecoder().decode(stdout).split("\n")
    .find((line) =>
      line.includes(`\t${name} (libc6,x86-64`) || line.includes(`\t${name} (libc6,AArch64`)
    );
  return found!.split("=> ")[1];
}

/** With its option before a command or what the shell takes; quotes may hold the same signs. */
function endingAtOnce(line: string): string {
  return line.replace(/^((?:'[^']*'|[^'])*?)(?= -- | > | \||$)/, "$1 --seconds 0");
}

for (const name of toolNames) {
  const options = name === "minimal" ? { alone: "trace_pipe" } as const : {};
  kernelTest(`the examples in the help of ${name} run`, options, async () => {
    await using host = new Host(name);
    const { examples } = await findTool(name);
    const lines = examples.map(([line]) => line);
    await sideBySide(isSlow() ? lines.slice(0, 1) : lines, (line) => host.run(line));
    assert(lines.length > 0 && lines.every((line) => line.split(" ")[0] === name));
  });
}
