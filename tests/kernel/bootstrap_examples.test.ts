/** What the examples do besides showing events, of which every_tool.test.ts has a known number for each. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { helpText } from "#lib/tool/options/help.ts";
import { alone } from "./alone.ts";
import { hasFeature, kernelTest, runTool, startCommand, startTool } from "./harness.ts";
import { sendTo, startIsolated } from "./isolated.ts";
import { connect } from "./connect.ts";
import { exampleNames as names, scenariosOf } from "./scenario.ts";
import { thread } from "./trace_pipe.ts";

await alone("trace_pipe");

const root = new URL("../../", import.meta.url).pathname;

const libc = Deno.dlopen("libc.so.6", {
  // int raise(int sig)
  raise: { parameters: ["i32"], result: "i32" },
});

function parse(stdout: string): Record<string, unknown>[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("each example has its row in docs/examples.md", () => {
  const page = Deno.readTextFileSync(`${root}docs/examples.md`);
  const rows = [...page.matchAll(/^\| \[(\w+)\]\(\.\.\/tools\/examples\/\1\.ts\)/gm)];
  assertEquals(rows.map(([, name]) => name).sort(), names);
});

Deno.test("each example can be started as a file of its own, and has a help", async () => {
  for (const name of names) {
    const file = `${root}tools/examples/${name}.ts`;
    assertEquals(Deno.statSync(file).mode! & 0o111, 0o111, file);
    const [shebang] = Deno.readTextFileSync(file).split("\n");
    assertEquals(shebang, "#!/usr/bin/env -S deno run --allow-ffi --allow-read");
    const { tool } = await import(file);
    assertEquals(tool.name, name);
    const help = helpText(tool);
    assert(help.startsWith(`USAGE: ${name} `), help);
    assert(help.split("\n").every((line) => line.length <= 80), help);
  }
});

kernelTest("an example starts by its shebang", {}, async () => {
  const env = { PATH: `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}` };
  const { code } = await startCommand(["tools/examples/task_iter.ts"], { env }).finish();
  assertEquals(code, 0);
});

const printed = ["uprobe", "tracefs"] as const;
kernelTest("an example ends with 0 when its reader goes away", { needs: printed }, async () => {
  await using tool = startCommand([
    ...["bash", "-c", '"$@" | head -1; echo ${PIPESTATUS[0]}', "bash"],
    ...[Deno.execPath(), "run", "--allow-ffi", "--allow-read", `${root}tools/examples/uprobe.ts`],
  ]);
  const { stdout, stderr } = await tool.finish();
  assertEquals([stdout, stderr], ["TRACE PIPE\n0\n", ""]);
});

for (const name of ["fentry", "kprobe", "ksyscall", "lsm", "tracecon"]) {
  const { scenario } = await scenariosOf(`examples/${name}`);
  if (scenario.needs!.every(hasFeature)) continue;
  kernelTest(`${name} says what it is that this kernel lacks`, {}, async () => {
    const { code, stdout, stderr } = await runTool(`examples/${name}`);
    assert(code !== 0);
    assertEquals(stdout, "");
    assertMatch(stderr, /^\w+: Cannot (load|attach) .*: th(is host|e kernel) has no /);
  });
}

const unlinks = ["fentry", "tracefs"] as const;
kernelTest("fentry shows why a file could not be unlinked", { needs: unlinks }, async () => {
  await using tool = startTool("examples/fentry");
  await tool.until("\n");
  await new Deno.Command("unlink", { args: ["/nosuch/denobpf"], stderr: "null" }).output();
  await tool.until(/fexit: pid = \d+, filename = \/nosuch\/denobpf, ret = -2$/m);
});

const signals = ["kprobe", "tracefs"] as const;
kernelTest("ksyscall shows tgkill too, and no signal 0", { needs: signals }, async () => {
  await using tool = startTool("examples/ksyscall");
  await tool.until("\n");
  const { pid } = Deno;
  await new Deno.Command("bash", { args: ["-c", `kill -0 ${pid}`] }).output();
  libc.symbols.raise(18);
  await tool.until(`tgkill syscall called for thread id ${thread} with pid ${pid} and signal 18.`);
  assert(!tool.stdout.includes(`for PID ${pid} with signal 0.`), tool.stdout);
});

kernelTest("lsm forbids bpf(2) as long as it runs", { needs: ["lsm", "tracefs"] }, async () => {
  const env = { PATH: `${Deno.env.get("PATH")}:/usr/sbin` };
  const list = () => startCommand(["bpftool", "prog", "list"], { env }).finish();
  await using tool = startTool("examples/lsm");
  await tool.until("\n");
  const refused = await list();
  assert(refused.code !== 0);
  assertStringIncludes(refused.stderr, "Operation not permitted");
  assertEquals((await tool.stop()).code, 0);
  assertEquals((await list()).code, 0);
});

const namespaces = ["tracefs", "pid_namespace"] as const;
kernelTest("minimal_ns knows itself inside a pid namespace", { needs: namespaces }, async () => {
  await using inside = startCommand([
    ..."unshare --pid --fork --kill-child --mount-proc".split(" "),
    ...[Deno.execPath(), "run", "--allow-ffi", "--allow-read"],
    ...[`${root}tools/examples/minimal_ns.ts`, "--events", "2"],
  ]);
  const { stdout, code } = await inside.finish();
  assertEquals([stdout.match(/BPF triggered from PID 1\.$/gm)?.length, code], [2, 0]);
});

kernelTest("bootstrap_legacy -d shows the ends of long lives alone", {}, async () => {
  await using tool = startTool("examples/bootstrap_legacy", ["-d", "300"]);
  await tool.until("\n");
  const { pid } = startCommand(["sh", "-c", "sleep 0.4; exit 7"]);
  await tool.until(new RegExp(` EXIT  sh +${pid} `));
  const { stdout } = await tool.stop();
  assert(!stdout.includes("EXEC"), stdout);
  assertMatch(stdout, new RegExp(`^\\S+ EXIT  sh {15}${pid} .* \\[7\\] \\(\\d{3,}ms\\)$`, "m"));
});

kernelTest("sockfilter shows addresses and ports, and what was sent back", {}, async () => {
  await using tool = startIsolated("examples/sockfilter", ["-o", "csv"]);
  await tool.until("interface,protocol,src,dst\n");
  sendTo(tool, 1, 4729);
  await tool.until(/^lo,UDP,127\.0\.0\.1:\d+,127\.0\.0\.1:4729\nlo,ICMP,127/m);
  assertEquals((await tool.stop()).code, 0);
});

kernelTest("task_iter shows 23 processes that sleep", {}, async () => {
  const sleepers = Array.from({ length: 23 }, () => startCommand(["sleep", "300"]));
  try {
    const { stdout, code } = await runTool("examples/task_iter", ["-o", "json"]);
    const pids = sleepers.map(({ pid }) => pid);
    const seen = parse(stdout).filter(({ pid }) => pids.includes(pid as number));
    assertEquals(seen.map(({ tid }) => tid).sort(), pids.sort());
    assert(seen.some(({ state }) => state === "INTERRUPTIBLE"));
    assertEquals(code, 0);
  } finally {
    for (const sleeper of sleepers) await sleeper[Symbol.asyncDispose]();
  }
});

kernelTest("profile names the function that keeps a CPU busy", {}, async () => {
  await using busy = startCommand([`${root}build/tests/spin`]);
  const options = ["-f", "99", "-o", "json", "--filter", `pid==${busy.pid}`, "--events", "7"];
  const { stdout, code } = await runTool("examples/profile", options);
  const samples = parse(stdout);
  assertEquals([samples.length, code], [7, 0]);
  for (const { comm, user } of samples) {
    assertEquals(comm, "spin");
    assertMatch((user as string[])[0], /^\[<[0-9a-f]{16}>\] burn\+0x[0-9a-f]+ \/.*\/spin$/);
  }
});

const looked = { needs: ["uprobe"] } as const;
kernelTest("tracecon shows the address where no name was looked up", looked, async () => {
  await using tool = startTool("examples/tracecon", ["-p", String(Deno.pid)]);
  await tool.until("\n");
  connect(1, "localhost");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await tool.until("event");
  assertEquals((await tool.stop()).stdout, "CONNECTIONS\nip event: 127.0.0.1\n");
});

kernelTest("tracecon shows IPv4 through sockets of IPv6, and no IPv6", looked, async () => {
  await using tool = startTool("examples/tracecon", ["-p", String(Deno.pid)]);
  await tool.until("\n");
  using listener = Deno.listen({ hostname: "::", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  for (const hostname of ["::1", "::ffff:127.0.0.1", "::1"]) {
    using _connection = await Deno.connect({ hostname, port });
  }
  await tool.until("event");
  assertEquals((await tool.stop()).stdout, "CONNECTIONS\nip event: 127.0.0.1\n");
});
