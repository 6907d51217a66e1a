/** Which capabilities a tool runs with is said in its page, and true: with these, and with none less. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { kernelIsAtLeast } from "#lib/sys/kernel.ts";
import { alone } from "../kernel/alone.ts";
import { kernelTest, type Output, patient, startCommand } from "../kernel/harness.ts";
import { withoutLosses } from "../kernel/running_tool.ts";
import { momentOf, toolsThatRun } from "../kernel/scenario.ts";

await alone("trace_pipe");

const root = new URL("../../", import.meta.url).pathname;
const PARANOID = "/proc/sys/kernel/perf_event_paranoid";
const NOBODY = "--reuid 65534 --regid 65534 --clear-groups";

/** The capabilities that the page of a tool names, for this kernel. */
function capabilitiesOf(tool: string): string[] {
  const page = Deno.readTextFileSync(`${root}docs/${tool}.md`);
  const [, always, later = ""] = page.match(/^Runs as root, or with ([^;.]*)(?:; ([^]*?))?\.\s/m) ??
    [];
  assert(always !== undefined, `docs/${tool}.md names no capabilities`);
  const [, since] = later.match(/Linux (\d+)\.0/) ?? [];
  const text = since !== undefined && kernelIsAtLeast(Number(since), 0)
    ? `${always} ${later}`
    : always;
  return [...text.matchAll(/CAP_(\w+)/g)].map(([, name]) => name.toLowerCase());
}

/** What the tools need, where any user can read it: the checkout itself may be closed to others. */
function copyOfTools(): string {
  const folder = Deno.makeTempDirSync();
  const files = "tools build/lib build/skel node_modules deno.json deno.lock";
  const { success } = new Deno.Command("sh", {
    args: ["-c", `cp -R --parents ${files} ${folder} && chmod -R a+rwX ${folder}`],
    cwd: root,
  }).outputSync();
  assert(success);
  return folder;
}

/**
 * Runs a tool as a user who is nobody, with these capabilities alone. Deno is given as an open file, as
 * the path that leads to it may be closed to others.
 */
async function runWith(
  folder: string,
  tool: string,
  capabilities: readonly string[],
): Promise<Output> {
  const [name, ...args] = await momentOf(tool);
  const set = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  const limits = `--bounding-set=${set} --inh-caps=${set} --ambient-caps=${set}`;
  const deno = "/proc/self/fd/9 run --cached-only --allow-ffi --allow-read";
  const script = `ulimit -l unlimited 2>&-; exec 9<${Deno.execPath()}
    exec setpriv ${NOBODY} ${limits} ${deno} tools/${name}.ts "$@"`;
  const env = { DENO_DIR: `${folder}/cache`, HOME: folder };
  return startCommand(["sh", "-c", script, "sh", ...args], { cwd: folder, env }).finish(
    patient(20_000),
  );
}

/**
 * Runs `work` with a copy of the tools, and with the kernel trusting CAP_PERFMON as far with perf events
 * as `level` says.
 */
async function withTools(level: number, work: (folder: string) => Promise<void>): Promise<void> {
  const before = Deno.readTextFileSync(PARANOID);
  const folder = copyOfTools();
  Deno.writeTextFileSync(PARANOID, `${level}`);
  try {
    await work(folder);
  } finally {
    Deno.writeTextFileSync(PARANOID, before);
    Deno.removeSync(folder, { recursive: true });
  }
}

kernelTest("each tool runs with the capabilities that its page names", {}, async () => {
  await withTools(2, async (folder) => {
    for (const tool of await toolsThatRun()) {
      const { code, stderr } = await runWith(folder, tool, capabilitiesOf(tool));
      assertEquals([code, withoutLosses(stderr).replaceAll(".", "")], [0, ""], tool);
    }
  });
});

kernelTest("no tool runs with one of these capabilities less, and it says why", {}, async () => {
  await withTools(2, async (folder) => {
    for (const tool of ["execsnoop", "minimal"]) {
      const needed = capabilitiesOf(tool);
      for (const missing of needed) {
        const { code, stderr } = await runWith(folder, tool, needed.filter((it) => it !== missing));
        assertEquals(code, 77, `${tool} without ${missing}: ${stderr}`);
        assertStringIncludes(stderr, `CAP_${missing.toUpperCase()}`);
      }
    }
  });
});

kernelTest(
  "where perf events are kept for root, a tool that needs them names that",
  {},
  async () => {
    await withTools(3, async (folder) => {
      const { code, stderr } = await runWith(folder, "minimal", capabilitiesOf("minimal"));
      if (code === 0) return; // this level is an addition of Debian's and Ubuntu's kernels
      assertEquals(code, 77, stderr);
      assertStringIncludes(stderr, "kernel.perf_event_paranoid=3 keeps tp for root");
      assertStringIncludes(stderr, "sysctl kernel.perf_event_paranoid=2");
    });
  },
);
