/** The versions of what the tools stand on that tests run with besides this machine's own. */

const root = new URL("../../", import.meta.url).pathname;

/** Built by `make` from Debian's sources. */
export const LIBBPF = ["1.4.6", "1.5.0", "1.7.0"].map((version) => ({
  version,
  path: `${root}build/libbpf/${version}/libbpf.so`,
}));

/** Debian's packages clang-14, clang-16: the oldest that is known to work, and the oldest recommended. */
export const CLANG = ["14", "16"] as const;

/** The copy of this tree whose kernel halves `make` has compiled with that clang. */
export function treeOf(clang: string): string {
  return `${root}build/clang-${clang}/`;
}
