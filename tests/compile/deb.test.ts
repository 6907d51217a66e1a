/** The package of Debian: it installs, its parts are where Debian's own tools find them, and it leaves nothing. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { exists } from "../exists.ts";
import { kernelTest, type Output, startCommand } from "../kernel/harness.ts";
import { scenario } from "../tools/execsnoop.scenario.ts";
import { make, root } from "./making.ts";

const deb = `${root}build/dist/denobpf_${config.version}_amd64.deb`;

async function run(...command: string[]): Promise<Output> {
  const env = { NO_COLOR: "1", MANPAGER: "cat", MANWIDTH: "80" };
  return await startCommand(command, { env }).finish(300_000);
}

async function succeed(...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...command);
  assertEquals(code, 0, `${command.join(" ")}\n${stdout}\n${stderr}`);
  return stdout;
}

/** The files of the package, and not its folders. */
async function filesOfPackage(): Promise<string[]> {
  const lines = (await succeed("dpkg-deb", "--contents", deb)).trimEnd().split("\n");
  return lines.filter((line) => !line.startsWith("d")).map((line) => line.split(" ./")[1]);
}

/** What has its name, wherever a package may leave something. What man(1) and tools keep is theirs. */
async function named(): Promise<string[]> {
  const all = await run("find", "/etc", "/usr", "/var/lib", "-xdev", "-name", "*denobpf*");
  return all.stdout.split("\n").filter((path) => path !== "").sort();
}

function test(name: string, fn: () => Promise<void>): void {
  // It would take the place of one that somebody uses.
  const why = Deno.build.arch !== "x86_64"
    ? "no denort for this machine"
    : exists("/usr/bin/denobpf")
    ? "a denobpf is installed here"
    : undefined;
  if (why === undefined) kernelTest(name, {}, fn);
  else Deno.test({ name: `${name} (skipped: ${why})`, ignore: true, fn });
}

test("make deb makes a package that says what it needs", async () => {
  const { code, stderr } = await make(root, "deb");
  assertEquals(code, 0, stderr);
  const field = async (name: string) => (await succeed("dpkg-deb", "--field", deb, name)).trim();
  assertEquals(await field("Package"), "denobpf");
  assertEquals(await field("Version"), config.version);
  assertEquals(await field("Architecture"), "amd64");
  assertEquals(await field("Depends"), "libc6 (>= 2.27), libgcc-s1");
  const files = await filesOfPackage();
  assertEquals(files.filter((path) => !path.startsWith("usr/")), []);
  assert(files.includes("usr/share/doc/denobpf/copyright"));
});

test("the package installs, its parts work, and it leaves nothing", async () => {
  const before = await named();
  await succeed("dpkg", "--install", deb);
  try {
    assertEquals(await succeed("dpkg", "--verify", "denobpf"), "");
    await traces();
    await isExplained();
    await completes();
    await servesAsUnit();
  } finally {
    await succeed("dpkg", "--purge", "denobpf");
  }
  assertEquals(await named(), before);
  assertEquals((await filesOfPackage()).filter((path) => exists(`/${path}`)), []);
});

/** A tool of it shows its known events. */
async function traces(): Promise<void> {
  await using tool = startCommand(["/usr/bin/denobpf", "execsnoop"]);
  await tool.until("\n");
  await scenario.workload!(tool);
  const shown = () => tool.stdout.match(scenario.event(tool))?.length ?? 0;
  await tool.until(() => shown() >= scenario.count);
  const { code, stderr } = await tool.stop();
  assertEquals([shown(), code, stderr], [scenario.count, 0, ""]);
}

/** man(1) finds the pages, by the command as it is typed, and by the names of tools. */
async function isExplained(): Promise<void> {
  assertStringIncludes(await succeed("man", "denobpf"), "Linux tracing tools behind one command");
  assertMatch(await succeed("man", "denobpf", "execsnoop"), /denobpf execsnoop \[OPTIONS\]/);
  assertMatch(await succeed("man", "denobpf-ext4slower"), /^DENOBPF-FSSLOWER\(8\)/);
  for (const path of await filesOfPackage()) {
    if (!path.includes("/man8/")) continue;
    const warned = await run("man", "--warnings", "--local-file", `/${path}`);
    assertEquals([warned.code, warned.stderr], [0, ""], path);
  }
}

/** Each shell reads its completions where it looks for those of packages. */
async function completes(): Promise<void> {
  const bash = `. /usr/share/bash-completion/completions/denobpf
    COMP_WORDS=(denobpf execs) COMP_CWORD=1; _denobpf; echo "\${COMPREPLY[@]}"`;
  assertEquals(await succeed("bash", "-c", bash), "execsnoop\n");
  const fish = 'complete --do-complete "denobpf execs"';
  assertMatch(await succeed("fish", "--no-config", "--command", vendored(fish)), /^execsnoop\b/);
  await succeed(
    "zsh",
    "-fc",
    "autoload -Uz compinit; compinit -u -D; whence _denobpf; (( $+_comps[denobpf] ))",
  );
}

/** With --no-config fish reads the completions of nobody. */
function vendored(command: string): string {
  return `source /usr/share/fish/vendor_completions.d/denobpf.fish; ${command}`;
}

/** systemd takes the unit, and its capabilities are enough. */
async function servesAsUnit(): Promise<void> {
  const verified = await run("systemd-analyze", "verify", "--man=yes", "denobpf@execsnoop.service");
  assertEquals([verified.code, verified.stderr], [0, ""]);
  const unit = Deno.readTextFileSync("/usr/lib/systemd/system/denobpf@.service");
  const [, capabilities] = /^AmbientCapabilities=(.*)$/m.exec(unit)!;
  assertStringIncludes(unit, `\nCapabilityBoundingSet=${capabilities}\n`);
  const set = capabilities.toLowerCase().replaceAll("cap_", "+").split(" ");
  const limits = ["bounding-set", "inh-caps", "ambient-caps"]
    .map((name) => `--${name}=${["-all", ...set].join(",")}`);
  const [, command] = /^ExecStart=(.*)$/m.exec(unit)!;
  const words = command.replace("%i", "execsnoop").replace("$OPTIONS", "--output=json");
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"];
  const limited = ["setpriv", ...nobody, ...limits, ...words.split(" "), "--seconds", "0"];
  assertEquals(
    await succeed("sh", "-c", 'ulimit -l unlimited 2>&-; exec "$@"', "sh", ...limited),
    "",
  );
}
