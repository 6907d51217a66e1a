/** Runs a program under a name that no other process of the host has, as tests that run beside this one have theirs. */
export const RENAMED = `test-${Deno.pid}`;

/** Runs a program under that name, and waits for its end. */
export async function runRenamed(path: string, args: readonly string[]): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink(path, `${folder}/${RENAMED}`);
    await new Deno.Command(`${folder}/${RENAMED}`, { args: [...args] }).output();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
