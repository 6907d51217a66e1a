/** Unlinks files that are there; the folder is removed by another system call. */
export function unlinkFiles(count: number): void {
  const folder = Deno.makeTempDirSync();
  for (let i = 0; i < count; i++) {
    const file = `${folder}/denobpf-${i}`;
    Deno.writeTextFileSync(file, "");
    Deno.removeSync(file);
  }
  Deno.removeSync(folder);
}
