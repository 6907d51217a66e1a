/** Objects in the kernel by their descriptors: what programs, links and maps have in common. */
import { information, pins } from "../libbpf/info_symbols.ts";
import { ENOENT } from "../sys/errno.ts";
import { cString, files } from "../sys/libc.ts";
import { explain } from "./diagnosis.ts";
import { BpfError, PermissionError, PhaseError } from "./errors.ts";

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
   * Pins it: it stays in the kernel while the file exists, whoever ends.
   * @param path on a bpf file system: `/sys/fs/bpf/name`
   * @throws {BpfError} EEXIST if there is such a file
   */
  pin(path: string): void {
    const result = pins().bpf_obj_pin(this.fd, cString(path));
    if (result < 0) throw pinError(`pin a ${this.kind} at ${path}`, -result);
  }

  /** Gives the descriptor back. What nothing else holds leaves the kernel. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    files().close(this.#fd);
    this.#fd = -1;
  }
}

/** @internal The error of an operation on the bpf file system, with what is usually the matter. */
export function pinError(operation: string, errno: number, log = ""): BpfError {
  const error = explain(operation, errno, log);
  const elsewhere = ["EINVAL", "EPERM"].includes(error.code);
  if (error instanceof PermissionError || !elsewhere) return error;
  const hint = "pins must lie on a bpf file system (as root: mount -t bpf bpf /sys/fs/bpf)";
  return new BpfError(operation, errno, hint);
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
  const fd = typeof of === "string" ? pins().bpf_obj_get(cString(of)) : byId(of);
  if (fd >= 0) return fd;
  const what = typeof of === "string" ? `pinned at ${of}` : `with the id ${of}`;
  throw explain(`open the ${kind} ${what}`, -fd);
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
 * @internal What the kernel tells of the object behind a descriptor. Members that an older kernel does
 * not know are zero.
 * @param info the struct, `size` bytes, with the buffers that it points to; filled in
 * @throws {BpfError}
 */
export function fillInfo(
  kind: string,
  { fd }: Descriptor,
  info: Uint8Array<ArrayBuffer>,
): DataView {
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
