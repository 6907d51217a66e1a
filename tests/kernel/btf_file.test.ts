/** Kernels without BTF, for which a file has the types: the kernel's own is hidden here. */
import { assertEquals, assertMatch } from "@std/assert";
import { kernelTest, runExecs, runTool, startCommand } from "./harness.ts";

const BTF = "/sys/kernel/btf/vmlinux";
const root = new URL("../../", import.meta.url).pathname;

/** Runs `command` in a shell where the kernel shows no types; `$btf` is a copy of them. */
function withoutBtf(command: string, btf: string) {
  const deno = `${Deno.execPath()} run --allow-ffi --allow-read tools`;
  const script = `btf=${btf} deno="${deno}"; mount -t tmpfs none ${BTF.replace(/\/[^/]*$/, "")}`;
  return startCommand(["unshare", "-m", "sh", "-c", `${script} && exec ${command}`], { cwd: root });
}

async function withCopy(use: (btf: string) => Promise<void>): Promise<void> {
  const copy = await Deno.makeTempFile();
  try {
    await Deno.writeFile(copy, await Deno.readFile(BTF));
    await use(copy);
  } finally {
    await Deno.remove(copy);
  }
}

kernelTest("without BTF a tool names --btf and DENOBPF_BTF", { needs: ["btf"] }, async () => {
  const { code, stderr } = await withoutBtf("$deno/bootstrap.ts", "none").finish(30_000);
  assertEquals(code, 69);
  assertMatch(stderr, /this host has no BTF .*missing\)\n.*with --btf or DENOBPF_BTF: BTFHub/);
});

for (
  const [name, command] of [
    ["--btf", "$deno/execsnoop.ts --btf $btf --comm true"],
    ["DENOBPF_BTF", "env DENOBPF_BTF=$btf $deno/execsnoop.ts --comm true"],
  ]
) {
  kernelTest(`with ${name} execsnoop shows 23 execs there`, { needs: ["btf"] }, async () => {
    await withCopy(async (btf) => {
      await using tool = withoutBtf(command, btf);
      await tool.until("PCOMM", 30_000);
      const pids = await runExecs();
      await tool.until(` ${pids[22]} `);
      const { stdout, stderr, code } = await tool.stop();
      assertEquals([stderr, code], ["", 0]);
      const seen = [...stdout.matchAll(/^true +(\d+) +\d+ +0 \/bin\/true \d+$/gm)]
        .map(([, pid]) => Number(pid));
      assertEquals(seen.filter((pid) => pids.includes(pid)), pids);
    });
  });
}

kernelTest("with --btf syscount and bootstrap run there as well", { needs: ["btf"] }, async () => {
  await withCopy(async (btf) => {
    const workload = `${root}build/tests/syscalls count`;
    const command = `$deno/syscount.ts --btf $btf -o json -- ${workload}`;
    const { stdout, stderr, code } = await withoutBtf(command, btf).finish(30_000);
    assertEquals([stderr, code], ["", 0]);
    const rows = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(rows.find(({ syscall }) => syscall === "getppid").count, 1013);
    const once = await withoutBtf("$deno/bootstrap.ts --btf $btf --seconds 0.1", btf).finish(
      30_000,
    );
    assertEquals([once.stderr, once.code], ["", 0]);
  });
});

kernelTest("a file that is no BTF is refused by name, with 64", {}, async () => {
  for (
    const [file, reason] of [
      ["/none.btf", "No such file or directory"],
      [`${root}LICENSE`, "it is neither BTF nor an ELF file; archives must be unpacked first"],
    ]
  ) {
    const message = `bootstrap: "${file}" is no file of types: ${reason}\n`;
    const option = await runTool("bootstrap", ["--btf", file]);
    assertEquals([option.code, option.stderr], [64, message]);
    const variable = await runTool("bootstrap", [], { env: { DENOBPF_BTF: file } });
    assertEquals([variable.code, variable.stderr], [64, message]);
  }
});
