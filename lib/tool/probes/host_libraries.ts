import { tryReadDirectory } from "../../sys/directory.ts";
import { LIBRARY_FOLDERS } from "../../sys/library.ts";
import { ProbedFile } from "./probed_file.ts";

/**
 * The libraries of this host, each once: a process may open one at any time, long after it has begun.
 * @param isMeant whether a file is such a library, by its name without folders: `libssl.so.3`
 */
export function hostLibraries(isMeant: (file: string) => boolean): ProbedFile[] {
  const known = new Map<string, ProbedFile>();
  for (const folder of LIBRARY_FOLDERS) {
    for (const { name } of tryReadDirectory(folder).filter(({ name }) => isMeant(name))) {
      const path = `${folder}/${name}`;
      const file = new ProbedFile({ name: path, path });
      const id = file.idIfThere;
      if (id !== undefined && !known.has(id)) known.set(id, file);
    }
  }
  return [...known.values()];
}
