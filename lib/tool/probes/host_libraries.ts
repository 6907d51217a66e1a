import { tryReadDirectory } from "../../sys/directory.ts";
import { LIBRARY_FOLDERS } from "../../sys/library.ts";
import { ProbedFile } from "./probed_file.ts";

/**
 * The libraries of this host, by all names that they have: a process may open one at any time, long after it has
 * begun.
 * @param isMeant whether a file is such a library, by its name without folders: `libssl.so.3`
 */
export function hostLibraries(isMeant: (file: string) => boolean): ProbedFile[] {
  return LIBRARY_FOLDERS.flatMap((folder) =>
    tryReadDirectory(folder).filter(({ name }) => isMeant(name)).map(({ name }) => {
      const path = `${folder}/${name}`;
      return new ProbedFile({ name: path, path });
    })
  );
}
