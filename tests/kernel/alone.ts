/** Parts of the host that one test at a time can use, of all that run on it. */

/**
 * `trace_pipe` has one reader, `names` are those of fixtures that commands look for among all that is loaded,
 * `struct_ops` is the one congestion control of that name.
 */
export type Part = "trace_pipe" | "names" | "struct_ops";

/** Waits until no other process uses it, and keeps it until the file is closed or this process ends. */
export async function alone(part: Part): Promise<Deno.FsFile> {
  const file = Deno.openSync(`/tmp/denobpf-tests-${part}.lock`, { create: true, write: true });
  await file.lock(true);
  return file;
}
