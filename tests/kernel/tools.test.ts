import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { alone } from "./alone.ts";
import {
  delay,
  execUntilShown,
  kernelTest,
  type Output,
  runExecs,
  runTool,
  startCommand,
  startTool,
} from "./harness.ts";
import { gone, heldBy } from "./loaded.ts";

await alone("trace_pipe");

const tools = ["bootstrap", "execsnoop", "minimal", "syscount"];
const deno = Deno.execPath();
const PERMISSIONS = ["--allow-ffi", "--allow-read"];

/** Runs a shell command in the project's folder, with this Deno first in its PATH. */
function shell(command: string): Promise<Output> {
  const PATH = `${deno.replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`;
  return startCommand(["bash", "-c", command], { env: { PATH } }).finish();
}

for (const tool of tools) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    kernelTest(`${tool} ends with 0 and without a word on ${signal}`, {}, async () => {
      const { code, stderr } = await runTool(tool, [], { until: "\n", signal });
      assertEquals([code, stderr.replaceAll(".", "")], [0, ""]);
    });
  }

  kernelTest(`${tool} shows what libbpf says with -v, and not without`, {}, async () => {
    const [quiet, told] = [
      await runTool(tool, ["--seconds", "0"]),
      await runTool(tool, ["-v", "--seconds", "0"]),
    ];
    assert(!quiet.stderr.includes("libbpf"), quiet.stderr);
    assertStringIncludes(told.stderr, `libbpf: loading object '${tool}' from buffer`);
  });

  kernelTest(`${tool} prints nothing but its header when there is nothing`, {}, async () => {
    const { stdout } = await runTool(tool, ["--seconds", "0"]);
    assertMatch(stdout, /^[A-Z][^\n]*\n/);
  });
}

kernelTest("the last rows are written when a signal ends the tool", {}, async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using tool = startTool("execsnoop");
    await tool.until("PCOMM");
    await runExecs({ args: (i) => [`row${i}`] });
    const { stdout } = await tool.stop(signal);
    const rows = stdout.match(/\/bin\/true row\d+\n/g) ?? [];
    assertEquals(rows.length, 23);
    assert(stdout.endsWith("\n"));
  }
});

kernelTest("output redirected to a file is there after SIGTERM", {}, async () => {
  const file = Deno.makeTempFileSync();
  try {
    const script = `deno run ${PERMISSIONS.join(" ")} tools/execsnoop.ts >${file} & tool=$!
      until grep -q PCOMM ${file}; do sleep 0.01; done
      /bin/true into-the-file; kill -TERM $tool; wait $tool`;
    assertEquals((await shell(script)).code, 0);
    assertStringIncludes(Deno.readTextFileSync(file), "/bin/true into-the-file\n");
  } finally {
    Deno.removeSync(file);
  }
});

kernelTest("a reader that goes away ends the tool with 0, quietly", {}, async () => {
  const running = shell(
    `deno run ${PERMISSIONS.join(" ")} tools/execsnoop.ts | head -3; echo \${PIPESTATUS[@]}`,
  );
  let ended = false;
  void running.finally(() => ended = true);
  while (!ended) await runExecs({ count: 1 });
  const { stdout, stderr } = await running;
  assertEquals(stderr, "");
  const lines = stdout.trimEnd().split("\n");
  assertEquals([lines.length, lines[3]], [4, "0 0"]);
});

kernelTest("rows come into a pipe as they happen", {}, async () => {
  await using tool = startTool("execsnoop");
  await tool.until("PCOMM");
  for (let i = 0; i < 5; i++) {
    await runExecs({ count: 1, args: () => [`now${i}`] });
    await tool.until(`now${i}\n`);
  }
});

kernelTest("--events and --seconds end a tool by themselves", {}, async () => {
  await using tool = startTool("execsnoop", ["--events", "7", "-o", "json"]);
  let ended = false;
  const finished = tool.finish().finally(() => ended = true);
  while (!ended) await runExecs({ count: 1 });
  const { stdout, code } = await finished;
  assertEquals([stdout.trimEnd().split("\n").length, code], [7, 0]);
  assertEquals((await runTool("bootstrap", ["--seconds", "0.2"])).code, 0);
});

kernelTest("wrong options end with 64, one line and a suggestion", {}, async () => {
  for (
    const [args, message] of [
      [["--failz"], "execsnoop: unknown option --failz, did you mean --fails?\n"],
      [["--max-args", "0"], `execsnoop: --max-args: "0" is not a whole number from 1 to 1024\n`],
      [["-u", "no such user"], `execsnoop: --uid: no user is called "no such user"; `],
      [["-Z"], "execsnoop: unknown option -Z (execsnoop --help lists the options)\n"],
      [["-o", "xml"], `execsnoop: --output: "xml" is not one of table, json, csv\n`],
      [["stray"], `execsnoop: unexpected argument "stray"`],
    ] as const
  ) {
    const { code, stdout, stderr } = await runTool("execsnoop", args);
    assertEquals([code, stdout], [64, ""]);
    assert(stderr.startsWith(message), stderr);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  }
});

for (const tool of tools) {
  kernelTest(`${tool} says how to run it when the user may not use BPF`, {}, async () => {
    const run = `deno run --cached-only ${PERMISSIONS.join(" ")} tools/${tool}.ts`;
    const plain = await shell(`setpriv --bounding-set=-all --inh-caps=-all ${run}`);
    assertEquals([plain.code, plain.stdout], [77, ""]);
    assertStringIncludes(plain.stderr, `Cannot load ${tool}: Operation not permitted (EPERM)`);
    assertStringIncludes(plain.stderr, "CAP_BPF and CAP_PERFMON");
  });
}

kernelTest("a kernel without BTF is named, with 69", { needs: ["btf"] }, async () => {
  const { code, stderr } = await shell(
    `unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && ` +
      `deno run ${PERMISSIONS.join(" ")} tools/execsnoop.ts'`,
  );
  assertEquals(code, 69);
  assertMatch(stderr, /Cannot load execsnoop: this host has no BTF .*\n.*CONFIG_DEBUG_INFO_BTF/);
});

kernelTest("a missing libbpf is named, with 69 and what to install", {}, async () => {
  const { code, stderr } = await runTool("execsnoop", [], { env: { DENOBPF_LIBBPF: "/none.so" } });
  assertEquals(code, 69);
  assertMatch(stderr, /Cannot open \/none\.so, which DENOBPF_LIBBPF names\n.*unset DENOBPF_LIBBPF/);
});

kernelTest(
  "tracefs is mounted where it is missing and needed",
  { needs: ["tracefs"] },
  async () => {
    const { code, stdout } = await shell(
      `unshare -m sh -c 'umount -l /sys/kernel/tracing; umount -l /sys/kernel/debug; ` +
        `deno run ${PERMISSIONS.join(" ")} tools/minimal.ts --seconds 1.5; ` +
        `ls /sys/kernel/tracing/trace_pipe'`,
    );
    assertStringIncludes(stdout, "BPF triggered from PID");
    assertStringIncludes(stdout, "/sys/kernel/tracing/trace_pipe");
    assertEquals(code, 0);
  },
);

kernelTest("a tool starts as a file of its own, by its shebang", {}, async () => {
  assertEquals((await shell("tools/execsnoop.ts --seconds 0.1")).code, 0);
});

kernelTest("a tool starts with the permissions of deno.json, from Deno 2.5 on", {}, async () => {
  const [major, minor] = Deno.version.deno.split(".").map(Number);
  const { code, stderr } = await shell("deno run -P tools/execsnoop.ts --seconds 0.1");
  if (major === 2 && minor < 5) assert(code !== 0);
  else assertEquals([code, stderr.includes("error")], [0, false]);
});

kernelTest("without flags and without a terminal one line names the flags", {}, async () => {
  for (const tool of tools) {
    const { code, stdout, stderr } = await shell(`deno run tools/${tool}.ts`);
    assertEquals([code, stdout], [77, ""]);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
    assertStringIncludes(stderr, "--allow-ffi --allow-read");
  }
});

kernelTest("without flags on a terminal Deno asks, and the tool runs", {}, async () => {
  const name = `denobpf-${Deno.pid}`;
  const tmux = (args: string) => shell(`tmux -L ${name} ${args}`);
  const screen = async () => (await tmux("capture-pane -p")).stdout;
  /** Deno drops what was typed before it was ready to read, so an answer is given again and again. */
  const until = async (text: string, answer: string) => {
    for (let tries = 0; tries < 50; tries++) {
      if ((await screen()).includes(text)) return;
      await tmux(`send-keys ${answer}`);
      await delay(200);
    }
    throw new Error(`The screen never showed "${text}":\n${await screen()}`);
  };
  await tmux(`new-session -d -x 100 -y 24 'deno run tools/execsnoop.ts -n nobody-is-called-so'`);
  try {
    await until("Granted all ffi access", "A Enter");
    await until("PCOMM            PID    PPID   RET ARGS", "A Enter");
  } finally {
    await tmux("kill-server");
  }
});

kernelTest("JSON is one object a line, as jq reads it", {}, async () => {
  await using tool = startTool("execsnoop", ["-o", "json"]);
  await execUntilShown(tool, "/bin/true", "/bin/true");
  const { stdout } = await tool.stop();
  const child = new Deno.Command("jq", {
    args: ["-r", ".args | length"],
    stdin: "piped",
    stdout: "piped",
  })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdout));
  await writer.close();
  const counts = new TextDecoder().decode((await child.output()).stdout).trimEnd().split("\n");
  assertEquals(counts.length, stdout.trimEnd().split("\n").length);
  assert(counts.every((count) => Number(count) >= 1));
});

kernelTest("nothing stays loaded after a tool, however it ends", {}, async () => {
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    await using tool = startTool("execsnoop", ["-x"]);
    await tool.until("PCOMM");
    const own = heldBy(tool.pid);
    assert(own.prog.length > 1 && own.map.length > 1 && own.link.length > 1);
    await tool.stop(signal);
    await gone(own);
  }
});
