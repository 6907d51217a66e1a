/** What this denobpf is made of. */
import { LibraryError } from "#lib/libbpf/error.ts";
import { libbpfPlace, libbpfVersion } from "#lib/libbpf/library.ts";
import { requirePermissions } from "#lib/tool/ending/permissions.ts";
import { VERSION } from "#lib/tool/version.ts";

/** What make notes when it builds: scripts/about. */
interface Build {
  /** The commit, with `-dirty` if files differ from it. */
  readonly commit: string;
  /** The version of the clang that compiled the kernel halves. */
  readonly clang: string;
  /** The kernel whose types they were compiled against. */
  readonly btf: string;
}

/** The text of `denobpf --version`: in the first line the version, below what is inside. */
export function about(): string {
  requirePermissions();
  const { commit, clang, btf } = build();
  const deno = Deno.version.deno + (Deno.build.standalone ? ", in this binary" : "");
  const rows = { commit, deno, libbpf: libbpf(), clang, btf };
  const lines = Object.entries(rows).map(([name, value]) => `${name.padEnd(8)} ${value}`);
  return [`denobpf ${VERSION}`, ...lines].join("\n");
}

function build(): Build {
  const path = new URL("../../build/about.json", import.meta.url);
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { commit: "unknown", clang: "unknown", btf: "unknown" };
  }
}

function libbpf(): string {
  try {
    const { major, minor } = libbpfVersion();
    return `${major}.${minor}, ${libbpfPlace()}`;
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error;
    return error.message;
  }
}
