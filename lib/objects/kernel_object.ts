/** Objects in the kernel by their descriptors: what programs, links and maps have in common. */
import { information, pins } from "../libbpf/info_symbols.ts";
import { EBADF, ENOENT } from "../sys/errno.ts";
import { cString, files } from "../sys/libc.ts";
import { readLink } from "../sys/symlink.ts";
import { explain, explainPin } from "./diagnosis.ts";
import { BpfError, PhaseError } from "./errors.ts";

/** Something that has a descriptor: a program, a map, a link. */
export interface Descriptor {
  /** The file descriptor. */
  readonly fd: number;
}

/** A descriptor of something in the kernel that this process owns, until it is closed. */
export abstract class KernelObject implements Disposable {
  #fd: number;

  /**
   * Takes over a descriptor.
   * @param kind `program`, `link`: for error messages
   * @param fd closed by this
   */
  constructor(protected readonly kind: string, fd: number) {
    this.#fd = fd;
  }

  /**
   * The file descriptor.
   * @throws {PhaseError} after close
   */
  get fd(): number {
    if (this.#fd < 0) throw new PhaseError(`Cannot use a ${this.kind} that is closed`);
    return this.#fd;
  }

  /**
   * Pins it: it stays in the kernel while the file exists, also when this process has ended.
   * @param path on a bpf file system: `/sys/fs/bpf/name`
   * @throws {BpfError} EEXIST if there is such a file
   */
  pin(path: string): void {
    const result = pins().bpf_obj_pin(this.fd, cString(path));
    if (result < 0) throw explainPin(`pin a ${this.kind} at ${path}`, -result);
  }

  /** Gives the descriptor back. What nothing else holds leaves the kernel. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    files().close(this.#fd);
    this.#fd = -1;
  }
}

/**
 * @internal The descriptor of what is pinned at a path or has an id.
 * @throws {BpfError} ENOENT if there is none
 */
export function descriptorOf(
  kind: string,
  of: string | number,
  byId: (id: number) => number,
): number {
  const pinned = typeof of === "string";
  const fd = pinned ? pins().bpf_obj_get(cString(of)) : byId(of);
  if (fd >= 0) return fd;
  if (pinned) throw explainPin(`open the ${kind} pinned at ${of}`, -fd);
  throw explain(`open the ${kind} with the id ${of}`, -fd);
}

/**
 * @internal The ids of all objects of a kind, in rising order, as `next` walks them.
 * @throws {BpfError} EPERM: that needs CAP_SYS_ADMIN
 */
export function* walkIds(
  kind: string,
  next: (after: number, id: Uint8Array<ArrayBuffer>) => number,
): Generator<number, void, void> {
  const id = new Uint32Array(1);
  const bytes = new Uint8Array(id.buffer);
  for (;;) {
    const result = next(id[0], bytes);
    if (result === -ENOENT) return;
    if (result < 0) throw explain(`list the ${kind}s`, -result);
    yield id[0];
  }
}

/**
 * @internal What `read` gives for each object of a kind, in the order of their ids, without those that
 * are gone meanwhile.
 * @throws {BpfError} EPERM: that needs CAP_SYS_ADMIN
 */
export function readAll<T>(ids: Iterable<number>, read: (id: number) => T): T[] {
  return [...ids].flatMap((id) => {
    try {
      return [read(id)];
    } catch (error) {
      if (error instanceof BpfError && error.errno === ENOENT) return [];
      throw error;
    }
  });
}

/** What the kernel calls the file behind a descriptor of each kind: `anon_inode:bpf-prog`. */
const FILES: Readonly<Record<string, RegExp>> = {
  program: /bpf.prog/,
  map: /bpf.map/,
  link: /bpf.link/,
  BTF: /btf/,
};

/** The kernel fills in its own idea of a descriptor: that of a map as if it were a program. */
function checkKind(kind: string, fd: number): void {
  const file = readLink(`/proc/self/fd/${fd}`);
  if (file === undefined || file.startsWith("anon_inode:") && FILES[kind].test(file)) return;
  const reason = `the descriptor ${fd} is of another kind: ${file}`;
  throw new BpfError(`ask the kernel about a ${kind}`, EBADF, undefined, reason);
}

/**
 * @internal What the kernel reports about the object behind a descriptor. Members that an older kernel does
 * not know are zero.
 * @param info the struct, `size` bytes, with the buffers that it points to; filled in
 * @throws {BpfError}
 */
export function fillInfo(
  kind: string,
  { fd }: Descriptor,
  info: Uint8Array<ArrayBuffer>,
): DataView {
  checkKind(kind, fd);
  const length = new Uint32Array([info.length]);
  const { bpf_obj_get_info_by_fd } = information();
  const result = bpf_obj_get_info_by_fd(fd, info, new Uint8Array(length.buffer));
  if (result < 0) throw explain(`ask the kernel about a ${kind}`, -result);
  return new DataView(info.buffer);
}

/** @internal The address of a buffer, for a struct that points to it. Keep the buffer alive. */
export function addressOf(buffer: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
}

/** @internal The text at the beginning of `bytes`, up to a NUL. */
export function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
