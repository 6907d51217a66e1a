import { tls_call } from "#skel/sslsniff.ts";
import { ExitCode, ExitError, type Parser, quoted, ValueError } from "#lib/tool/mod.ts";
import {
  attachCalls,
  attachesManyInFiles,
  FollowedFiles,
  type Following,
  hostLibraries,
  type LoadedProgram,
  type OpenedProgram,
  ProbedFile,
} from "#lib/tool/probes.ts";

/** What each library reads and writes with, and makes connections. The name of each is that of its program. */
const FUNCTIONS = {
  openssl: [
    "SSL_read",
    "SSL_read_ex",
    "SSL_read_early_data",
    "SSL_write",
    "SSL_write_ex",
    "SSL_write_ex2",
    "SSL_write_early_data",
    "SSL_do_handshake",
  ],
  gnutls: [
    "gnutls_record_recv",
    "gnutls_record_recv_seq",
    "gnutls_record_send",
    "gnutls_record_send2",
    "gnutls_handshake",
  ],
} as const;

/** A library of TLS. */
export type Library = keyof typeof FUNCTIONS;

/** Their files, and node, which has OpenSSL in itself. */
const FILES: Readonly<Record<Library, RegExp>> = {
  openssl: /^libssl\b.*\.so\b|^node$/,
  gnutls: /^libgnutls\.so\b/,
};

type Name = typeof FUNCTIONS[Library][number];

/** Programs of the kernel half, before and after load. */
type Programs<Program> = { readonly [P in `${Name}_enter` | "any_enter" | "call_return"]: Program };

/** Chooses what is loaded: one program for the beginnings of all functions, or one for each. */
export function chooseCallPrograms(progs: Programs<OpenedProgram>): void {
  if (!attachesManyInFiles()) return;
  for (const name of Object.values(FUNCTIONS).flat()) progs[`${name}_enter`].autoload = false;
  progs.any_enter.autoload = true;
  for (const program of [progs.any_enter, progs.call_return]) {
    program.attachType = "trace_uprobe_multi";
  }
}

/** A file, and what library it is or has in itself. */
export interface LibraryFile {
  readonly library: Library;
  readonly path: string;
}

/** `openssl:/opt/lib/libssl.so.3`: a file, and what library it is or has in itself. */
export const libraryFile: Parser<LibraryFile> = (text): LibraryFile => {
  const [library, path] = [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)];
  if (Object.hasOwn(FUNCTIONS, library) && path !== "" && !path.includes("\0")) {
    return { library: library as Library, path };
  }
  throw new ValueError(`${quoted(text)} is no TYPE:PATH; TYPE is openssl or gnutls`);
};

/** What is traced. */
export interface Traced {
  readonly libraries: readonly Library[];
  /** Files besides those of such a name. */
  readonly extra: readonly LibraryFile[];
  /** The processes; all if there is none. */
  readonly pids: readonly number[];
  readonly handshakes: boolean;
}

/**
 * Attaches programs to the TLS libraries of this host, to those that processes have of their own, and where one
 * comes into use.
 * @returns what looks for files no more
 * @throws {ExitError} (64) if one of the files that were named has none of the functions, or nothing is traced
 */
export function attachToLibraries(
  progs: Programs<LoadedProgram>,
  execs: Following["execs"],
  { libraries, extra, pids, handshakes }: Traced,
): Disposable {
  if (libraries.length === 0 && extra.length === 0) {
    const reason = "--no-openssl and --no-gnutls leave nothing to trace";
    throw new ExitError(ExitCode.Usage, reason, { hint: "name a file: --extra-lib TYPE:PATH" });
  }
  const many = attachesManyInFiles();
  const tracing = {
    returning: progs.call_return,
    many,
    pid: pids.length === 1 ? pids[0] : undefined,
  };
  const known = new Set<string>();
  const attachAs = (library: Library, file: ProbedFile) => {
    const id = file.idIfThere;
    if (id === undefined) return false;
    if (known.has(`${library} ${id}`)) return true;
    const calls = FUNCTIONS[library]
      .filter((name) => handshakes || !name.endsWith("handshake"))
      .map((name) => ({
        name,
        enter: many ? progs.any_enter : progs[`${name}_enter`],
        cookie: BigInt(tls_call[name.toUpperCase() as Uppercase<typeof name>]),
      }));
    if (!attachCalls(file, calls, tracing)) return false;
    known.add(`${library} ${id}`);
    return true;
  };
  const isMeant = (file: string) => libraries.some((library) => FILES[library].test(file));
  const attach = (file: ProbedFile) => {
    const name = file.name.replace(/ \(deleted\)$/, "").replace(/.*\//, "");
    const named = libraries.filter((library) => FILES[library].test(name));
    // The program of a process that is asked for may have one in itself.
    const own = named.length > 0 ? named : libraries;
    return own.map((library) => attachAs(library, file)).includes(true);
  };
  for (const { library, path } of extra) {
    if (attachAs(library, new ProbedFile({ name: path, path }))) continue;
    throw new ExitError(ExitCode.Usage, `${quoted(path)} has no function of ${library}`, {
      hint: "nm -D FILE lists what it has; a program without symbols cannot be traced",
    });
  }
  for (const file of hostLibraries(isMeant)) attach(file);
  return new FollowedFiles({ pids, execs, isMeant, attach, opensLater: true });
}
