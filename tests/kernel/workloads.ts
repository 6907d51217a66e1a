import type { RunningTool } from "./running_tool.ts";

/**
 * Runs `count` processes that each execute `path` exactly once, one after the other, and returns
 * their pids in order. Nothing else is executed: an absolute path needs no search, and no shell is
 * in between. 23 is the number of bcc's checklist: a prime, so that no factor hides in a count.
 *
 * @param args the arguments of each, by its index; the index itself when absent
 */
export async function runExecs(
  { count = 23, path = "/bin/true", args = (index: number): string[] => [String(index)] } = {},
): Promise<number[]> {
  const pids: number[] = [];
  for (let index = 0; index < count; index++) {
    const child = new Deno.Command(path, { args: args(index), stdout: "null", stderr: "null" })
      .spawn();
    pids.push(child.pid);
    await child.status;
  }
  return pids;
}

/**
 * Executes `path` again and again until the tool has shown `mark`, so that it is known to run: JSON
 * has no header to wait for. Throws with the tool's output when it ends before or takes too long.
 */
export async function execUntilShown(
  tool: RunningTool,
  path: string,
  mark: string,
): Promise<void> {
  const shown = tool.until(mark);
  let waiting = true;
  void shown.catch(() => {}).finally(() => waiting = false);
  while (waiting) await runExecs({ count: 1, path, args: () => [] });
  await shown;
}
