/** Which libbpf.so is used, and whether it will do. */
import { getenv } from "../sys/environment.ts";
import { canOpen, findLibrary, symbolGroup } from "../sys/library.ts";
import { LibraryError } from "./error.ts";
import { OptionStruct } from "./options.ts";

let path: string | undefined;

/** The one that this program carries, for a program that does. */
let own: (() => string) | undefined;

/**
 * Makes libbpf one that the program brings along, unless `DENOBPF_LIBBPF` names another.
 * @param open gives a path under which the loader finds it; called once, when libbpf is first needed
 */
export function carryLibbpf(open: () => string): void {
  own = open;
}

/**
 * The path of libbpf: the one that `DENOBPF_LIBBPF` names, else the one that the program carries, else
 * the first that the loader finds, which is also what `DENOBPF_LIBBPF=system` stands for.
 * @throws {LibraryError} if there is none, or the one there is too old
 */
export function libbpf(): string {
  if (path === undefined) {
    path = find();
    checkVersion();
  }
  return path;
}

function find(): string {
  const chosen = getenv("DENOBPF_LIBBPF");
  if (chosen !== undefined && chosen !== "system") {
    if (canOpen(chosen)) return chosen;
    throw new LibraryError(
      `Cannot open ${chosen}, which DENOBPF_LIBBPF names`,
      `unset DENOBPF_LIBBPF to use ${own ? "the one in this binary" : "the system's libbpf"}`,
    );
  }
  if (chosen === undefined && own !== undefined) return own();
  const found = findLibrary(["libbpf.so.1", "libbpf.so"]);
  if (found !== undefined) return found;
  throw new LibraryError(
    "Cannot find libbpf.so.1",
    "install it (Debian, Ubuntu: apt-get install libbpf1; Fedora: dnf install libbpf), " +
      "or name one in DENOBPF_LIBBPF",
  );
}

/** Where libbpf is, in words. */
export function libbpfPlace(): string {
  const path = libbpf();
  return path.startsWith("/proc/self/fd/") ? "in this binary" : path;
}

const version = symbolGroup(() => path!, {
  // __u32 libbpf_major_version(void), from 0.6 on
  libbpf_major_version: { parameters: [], result: "u32", optional: true },
  // __u32 libbpf_minor_version(void)
  libbpf_minor_version: { parameters: [], result: "u32", optional: true },
});

/**
 * The version of libbpf in use, as `{ major: 1, minor: 1 }`.
 *
 * @example
 * ```ts
 * import { libbpfVersion } from "@denobpf/denobpf";
 *
 * const { major, minor } = libbpfVersion();
 * if (major < 1) throw new Error(`libbpf ${major}.${minor} is too old`);
 * ```
 */
export function libbpfVersion(): { major: number; minor: number } {
  libbpf();
  const { libbpf_major_version, libbpf_minor_version } = version();
  return { major: libbpf_major_version?.() ?? 0, minor: libbpf_minor_version?.() ?? 0 };
}

function checkVersion(): void {
  const { major, minor } = libbpfVersion();
  const found = major === 1 && minor === 0 && isFirst() ? "1.0.0" : `${major}.${minor}`;
  if (major >= 1 && found !== "1.0.0") return;
  throw new LibraryError(
    `libbpf ${found} (${path}) is too old: 1.0.1 or later is needed`,
    "install a later libbpf1, or name one in DENOBPF_LIBBPF",
  );
}

const probe = symbolGroup(() => path!, {
  // struct bpf_object *bpf_object__open_mem(const void *obj, size_t size, const struct bpf_object_open_opts *opts)
  bpf_object__open_mem: { parameters: ["buffer", "usize", "buffer"], result: "pointer" },
  // long libbpf_get_error(const void *ptr)
  libbpf_get_error: { parameters: ["pointer"], result: "i64" },
});

/**
 * Whether this is libbpf 1.0.0, which calls itself 1.0 like the others of its line but has a shorter
 * `struct bpf_object_open_opts`: it rejects a value in the last member with EINVAL, where 1.0.1 goes on
 * and complains that these bytes are no ELF file.
 */
function isFirst(): boolean {
  const EINVAL = 22;
  const options = new OptionStruct({ size: 80 }).u32(72, 1);
  const object = probe().bpf_object__open_mem(new Uint8Array(64), 64n, options.bytes);
  return object === null && Number(probe().libbpf_get_error(null)) === -EINVAL;
}
