import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/allocs", import.meta.url).pathname;

/** What one call allocates at one place, of this process's own child: others may run the same. */
export const scenario: Scenario = {
  interrupted: true,
  args: [
    ...["-C", "--rows", "1000", "--by", "call_site"],
    ...["--comm", "allocs", "--ppid", `${Deno.pid}`],
  ],
  async workload() {
    const child = new Deno.Command(workload, { args: ["poll"], stdin: "piped", stdout: "null" })
      .spawn();
    const stdin = child.stdin.getWriter();
    await stdin.write(new TextEncoder().encode("\n"));
    await stdin.close();
    await child.status;
  },
  event: () => /^kmalloc-4k +\w*sys_poll\S* +23 +94208$/gm,
  count: 1,
};
