import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { UnsupportedError } from "#lib/objects/errors.ts";
import { mapKinds, programKinds } from "#lib/objects/features.ts";
import { flag, type Tool, Trace } from "#lib/tool/mod.ts";
import { examineTool } from "../../tools/denobpf/doctor/tools.ts";
import { findTool, toolNames } from "../../tools/denobpf/registry.ts";
import { alone } from "./alone.ts";
import { kernelTest, type Output, runTool, startCommand } from "./harness.ts";
import { scenariosOf, toolsThatRun } from "./scenario.ts";

// It starts minimal as well.
await alone("trace_pipe");

interface Row {
  subject: string;
  state: string;
  detail: string;
  hint: string | null;
}

const DOCTOR = `${Deno.execPath()} run --cached-only --allow-ffi --allow-read tools/denobpf.ts ` +
  "doctor";

function shell(command: string): Promise<Output> {
  return startCommand(["bash", "-c", command]).finish(30_000);
}

/** What doctor says of each thing. */
function findings({ stdout }: Output): Record<string, Row> {
  const rows: Row[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  return Object.fromEntries(rows.map((row) => [row.subject, row]));
}

const HOST = [
  ...["kernel", "BTF", "libbpf", "tracefs", "capabilities", "seccomp", "lockdown"],
  ...["unprivileged BPF", "JIT", "memlock", "program types", "map types", "attach kinds"],
];

/** What doctor says of a tool. */
async function expected(name: string, running: readonly string[]): Promise<string> {
  if (!running.includes(name)) return "cannot";
  return (await scenariosOf(name)).scenario.lacks?.() ? "less" : "runs";
}

/** It loads every tool: less is for a host that does nothing else. */
const ALL_TOOLS_MS = 300_000;

kernelTest("doctor looks at the host and at every tool", { needs: ["btf"] }, async () => {
  const args = ["doctor", "-o", "json"];
  const output = await runTool("denobpf", args, { timeoutMs: ALL_TOOLS_MS });
  const found = findings(output);
  assertEquals(Object.keys(found), [...HOST, ...toolNames]);
  const running = await toolsThatRun();
  assertEquals([output.code, output.stderr], [0, ""]);
  assertStringIncludes(found.kernel.detail, Deno.osRelease());
  assertMatch(found.libbpf.detail, /^1\.\d+, \/.*libbpf\.so/);
  assertStringIncludes(found.capabilities.detail, "CAP_BPF");
  for (const name of ["kernel", "BTF", "libbpf", "capabilities"]) {
    assertEquals(found[name].state, "ok");
  }
  for (const name of toolNames) {
    assertEquals(found[name].state, await expected(name, running), found[name].detail);
  }
});

kernelTest(
  "doctor's table has a line for each, and names only the tools asked for",
  {},
  async () => {
    const { stdout, code } = await runTool("denobpf", ["doctor", "minimal", "--no-header"]);
    const lines = stdout.trimEnd().split("\n");
    assertEquals(lines.map((line) => line.slice(0, 17).trimEnd()), [...HOST, "minimal"]);
    assertEquals([lines.at(-1), code], ["minimal           runs    all of it", 0]);
  },
);

kernelTest("doctor shows a user without privileges what is missing, with 69", {}, async () => {
  const output = await shell(
    `setpriv --bounding-set=-all --inh-caps=-all ${DOCTOR} execsnoop -o json`,
  );
  const found = findings(output);
  assertEquals(found.capabilities.state, "no");
  assertEquals(found["program types"].state, "unknown");
  assertEquals(found.execsnoop.state, "cannot");
  assertStringIncludes(found.execsnoop.detail, "Operation not permitted (EPERM)");
  for (const { hint } of [found.capabilities, found.execsnoop]) {
    assertStringIncludes(hint!, "CAP_BPF and CAP_PERFMON");
  }
  assertEquals([output.code, output.stderr], [69, "doctor: execsnoop cannot run on this host\n"]);
});

kernelTest("doctor probes nothing where all is forbidden, and says why", {}, async () => {
  const bpf = Deno.build.arch === "aarch64" ? 280 : 321;
  const hosts: [host: string, subject: string, detail: string, hint: string][] = [
    ["unshare --user --map-root-user", "capabilities", "of a user namespace: CAP_", "of the host"],
    [`build/tests/forbid 1 ${bpf}`, "seccomp", "a filter, which forbids bpf(2)", "profile"],
  ];
  for (const [host, subject, detail, hint] of hosts) {
    const found = findings(await shell(`${host} ${DOCTOR} -o json`));
    assertEquals(found[subject].state, "no", host);
    assertStringIncludes(found[subject].detail, detail);
    assertStringIncludes(found[subject].hint!, hint);
    for (const kinds of ["program types", "map types", "attach kinds"]) {
      assertEquals(found[kinds].state, "unknown", `${host}: ${kinds}`);
    }
  }
});

kernelTest("doctor lets a seccomp filter that lets bpf(2) through alone", {}, async () => {
  const found = findings(await shell(`build/tests/forbid 1 9999 ${DOCTOR} minimal -o json`));
  assertEquals([found.seccomp.state, found.minimal.state], ["ok", "runs"]);
});

kernelTest("a seccomp filter that forbids perf_event_open(2) alone is suspected", {}, async () => {
  const number = Deno.build.arch === "aarch64" ? 241 : 298;
  const { minimal } = findings(
    await shell(`build/tests/forbid 1 ${number} ${DOCTOR} minimal -o json`),
  );
  assertEquals(minimal.state, "cannot");
  assertStringIncludes(minimal.detail, "a seccomp filter of this process may forbid it (EPERM)");
});

kernelTest("doctor of no tool in particular ends with 0 also where none runs", {}, async () => {
  const output = await shell(`DENOBPF_LIBBPF=/none.so ${DOCTOR} -o json`);
  const found = findings(output);
  assertEquals([output.code, output.stderr, found.libbpf.state], [0, "", "no"]);
  for (const name of toolNames) {
    assertEquals(found[name].state, "cannot");
    assertStringIncludes(found[name].detail, "/none.so, which DENOBPF_LIBBPF names");
  }
});

kernelTest("doctor names a kernel without BTF", { needs: ["btf"] }, async () => {
  const { stdout, code } = await shell(
    `unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && ${DOCTOR} execsnoop'`,
  );
  assertMatch(stdout, /^BTF +no +\/sys\/kernel\/btf\/vmlinux is missing; .*CONFIG_DEBUG_INFO_BTF/m);
  assertMatch(stdout, /^execsnoop +cannot +Cannot load execsnoop: this host has no BTF/m);
  assertEquals(code, 69);
});

Deno.test("doctor says which options a tool has to do without, and why", () => {
  interface Options {
    readonly deep_look: boolean;
    readonly wide: boolean;
  }
  const sample: Tool<Options, never> = {
    name: "sample",
    brief: "Fail as asked",
    options: { deep_look: flag("", "Look deep"), wide: flag("", "Look wide") },
    demanding: [{ wide: true }, { deep_look: true }],
    examples: [],
    fields: {},
    columns: () => [],
    trace({ deep_look }) {
      if (deep_look) throw new UnsupportedError("load sample", 22, "depth", "9.9", "dig");
      return new Trace({ async *batches() {}, [Symbol.dispose]() {} });
    },
  };
  const detail = "without --deep-look: Cannot load sample: this host has no depth, " +
    "which Linux 9.9 and later have";
  assertEquals(examineTool(sample), { subject: "sample", state: "less", detail, hint: "dig" });
  assertEquals(examineTool({ ...sample, demanding: [] }).state, "runs");
});

kernelTest("a tool that was examined holds nothing any more", {}, async () => {
  // The harness compares what this process holds before and after, as it does in loads.test.ts of each tool.
  for (const name of ["bootstrap", "syscount", "profile"] as const) {
    assertEquals(examineTool(await findTool(name)).state, "runs", name);
  }
});

kernelTest("program and map types are what bpftool finds", {}, async () => {
  const { stdout } = await shell("PATH=$PATH:/usr/sbin bpftool -j feature probe kernel");
  const { program_types, map_types } = JSON.parse(stdout);
  for (
    const [kinds, suffix, theirs] of [
      [programKinds(), "_prog_type", program_types],
      [mapKinds(), "_map_type", map_types],
    ] as const
  ) {
    const compared = kinds.filter(({ name }) => `have_${name}${suffix}` in theirs);
    assert(compared.length > 25);
    for (const { name, supported } of compared) {
      assertEquals(supported, theirs[`have_${name}${suffix}`], name);
    }
  }
});
