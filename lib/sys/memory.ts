import { SystemError } from "./errno.ts";
import { lastErrno, memory, pages } from "./libc.ts";

/** From include/uapi/asm-generic/mman-common.h and include/uapi/linux/mman.h. */
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FIXED = 0x10;
const MAP_FIXED_NOREPLACE = 0x100000;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const SC_PAGESIZE = 30;

let pageSizeKnown = 0;

/**
 * The size of a memory page in bytes: 4096, on arm64 also 16384 or 65536.
 *
 * @example
 * ```ts
 * import { pageSize } from "@denobpf/denobpf/tool";
 * import { assert } from "@std/assert";
 *
 * assert(pageSize() >= 4096);
 * ```
 */
export function pageSize(): number {
  return pageSizeKnown ||= Number(pages().sysconf(SC_PAGESIZE));
}

/**
 * Foreign memory as an ArrayBuffer. Reading such a buffer after the memory is gone would end the
 * process with SIGSEGV, so `detach` takes the memory away from it: from then on every view of it is
 * empty, and reading through one throws TypeError or gives undefined.
 */
export class ForeignMemory {
  readonly u8: Uint8Array<ArrayBuffer>;

  /** @param pointer FFI: belongs to the caller, who calls {@link detach} before it is freed */
  constructor(pointer: Deno.PointerObject, size: number) {
    this.u8 = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size));
  }

  detach(): void {
    if (!this.u8.buffer.detached) this.u8.buffer.transfer(0);
  }
}

/** Memory of a file descriptor (a map's, here), mapped until it is disposed of. */
export class Mapping extends ForeignMemory implements Disposable {
  #pointer: Deno.PointerObject | null;
  readonly #size: number;

  private constructor(pointer: Deno.PointerObject, size: number) {
    super(pointer, size);
    this.#pointer = pointer;
    this.#size = size;
  }

  /**
   * Maps `size` bytes of `fd` from `offset` on, shared.
   * @throws {SystemError}
   */
  static of(fd: number, offset: number, size: number, writable: boolean): Mapping {
    return new Mapping(map(null, fd, offset, size, writable, MAP_SHARED), size);
  }

  /**
   * Maps `size` bytes of `fd`, shared and writable, at a certain address.
   * @throws {SystemError} EEXIST if there is something mapped already
   */
  static at(address: bigint, fd: number, size: number): Mapping {
    const pointer = Deno.UnsafePointer.create(address);
    return new Mapping(map(pointer, fd, 0, size, true, MAP_SHARED | MAP_FIXED_NOREPLACE), size);
  }

  /**
   * Unmaps the memory. Where somebody has transferred the buffer, another one stands on the memory, which
   * nobody can take away: it stays mapped, as long as this process lives.
   */
  [Symbol.dispose](): void {
    if (this.#pointer === null) return;
    if (!this.u8.buffer.detached) {
      this.detach();
      memory().munmap(this.#pointer, BigInt(this.#size));
    }
    this.#pointer = null;
  }
}

/**
 * Maps `fd` over memory that is mapped already, in its place.
 * @throws {SystemError}
 */
export function mapOver(
  pointer: Deno.PointerObject,
  fd: number,
  size: number,
  writable: boolean,
): void {
  map(pointer, fd, 0, size, writable, MAP_SHARED | MAP_FIXED);
}

function map(
  at: Deno.PointerValue,
  fd: number,
  offset: number,
  size: number,
  writable: boolean,
  flags: number,
): Deno.PointerObject {
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const pointer = memory().mmap(at, BigInt(size), protection, flags, fd, BigInt(offset));
  if (Deno.UnsafePointer.value(pointer) === MAP_FAILED) throw new SystemError(lastErrno(), "mmap");
  return pointer!;
}
