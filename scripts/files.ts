/**
 * The files below a folder, as paths from `base`, in the same order everywhere.
 * @param folder a path from `base` that ends with a slash, or nothing for `base` itself
 */
export function filesIn(base: URL, folder = ""): string[] {
  return [...Deno.readDirSync(new URL(folder, base))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(base, `${folder}${name}/`) : [folder + name]
  ).sort();
}
