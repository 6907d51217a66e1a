import { tryReadDirectory } from "../../sys/directory.ts";
import { ProbedFile } from "./probed_file.ts";

/** Where the dynamic loader looks by default: ld.so(8). Those for an architecture are Debian's. */
const FOLDERS = ["/lib", "/usr/lib", "/usr/local/lib", "/lib64", "/usr/lib64"]
  .flatMap((folder) => [folder, `${folder}/${Deno.build.arch}-linux-gnu`]);

/**
 * The libraries of this host, each once: a process may open one at any time, long after it has begun.
 * @param isMeant whether a file is such a library, by its name without folders: `libssl.so.3`
 */
export function hostLibraries(isMeant: (file: string) => boolean): ProbedFile[] {
  const known = new Map<string, ProbedFile>();
  for (const folder of FOLDERS) {
    for (const { name } of tryReadDirectory(folder).filter(({ name }) => isMeant(name))) {
      const path = `${folder}/${name}`;
      const file = new ProbedFile({ name: path, path });
      const id = file.idIfThere;
      if (id !== undefined && !known.has(id)) known.set(id, file);
    }
  }
  return [...known.values()];
}
