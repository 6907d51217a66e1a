import { btfIds } from "../libbpf/info_symbols.ts";
import { kernelIsAtLeast } from "../sys/kernel.ts";
import {
  addressOf,
  descriptorOf,
  fillInfo,
  KernelObject,
  readAll,
  textIn,
  walkIds,
} from "./kernel_object.ts";

/** What the kernel reports about a BTF that it holds: its own, those of its modules and of loaded objects. */
export interface BtfInfo {
  /** Its id. */
  readonly id: number;
  /** `vmlinux`, a module's name; empty for the BTF of a loaded object, and before Linux 5.11. */
  readonly name: string;
  /** Whether it is the kernel's or a module's. */
  readonly kernel: boolean;
  /** Size in bytes. */
  readonly size: number;
}

/** `struct bpf_btf_info` of include/uapi/linux/bpf.h: size and offsets in bytes. */
const INFO = { size: 32, btf: 0, btf_size: 8, id: 12, name: 16, name_len: 24, kernel_btf: 28 };

/** MODULE_NAME_LEN of include/linux/module.h, with room to spare. */
const NAME_SIZE = 128;

/** A BTF in the kernel, until this is closed. */
class KernelBtf extends KernelObject {
  constructor(id: number) {
    super("BTF", descriptorOf("BTF", id, btfIds().bpf_btf_get_fd_by_id));
  }

  info(): BtfInfo {
    const name = new Uint8Array(NAME_SIZE);
    const info = new Uint8Array(INFO.size);
    const asked = new DataView(info.buffer);
    if (kernelIsAtLeast(5, 11)) { // E2BIG before: that kernel gives no names
      asked.setBigUint64(INFO.name, addressOf(name), true);
      asked.setUint32(INFO.name_len, NAME_SIZE, true);
    }
    const view = fillInfo("BTF", this, info);
    return {
      id: view.getUint32(INFO.id, true),
      name: textIn(name),
      kernel: view.getUint32(INFO.kernel_btf, true) !== 0,
      size: view.getUint32(INFO.btf_size, true),
    };
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.info().size);
    const info = new Uint8Array(INFO.size);
    const asked = new DataView(info.buffer);
    asked.setBigUint64(INFO.btf, addressOf(bytes), true);
    asked.setUint32(INFO.btf_size, bytes.length, true);
    fillInfo("BTF", this, info);
    return bytes;
  }
}

/**
 * What the kernel reports about all BTF that it holds, in the order of their ids.
 * @throws {BpfError} PermissionError without CAP_SYS_ADMIN
 *
 * @example
 * ```ts
 * import { listBtf } from "@denobpf/denobpf";
 *
 * for (const { id, name, size } of listBtf()) console.log(id, name, size);
 * ```
 */
export function listBtf(): BtfInfo[] {
  return readAll(walkIds("BTF", btfIds().bpf_btf_get_next_id), (id) => {
    using btf = new KernelBtf(id);
    return btf.info();
  });
}

/**
 * The bytes of the BTF with this id, as {@link MapInfo.btfId} and {@link ProgramInfo.btfId} name it.
 * That of a module stands on the kernel's and cannot be read without it.
 * @throws {BpfError} ENOENT if there is none; PermissionError without CAP_SYS_ADMIN
 *
 * @example
 * ```ts
 * import { BpfObject, Btf, btfBytes, programInfo } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * object.load();
 * const { btfId } = programInfo(object.program("handle_tp"));
 * console.log(new Btf(btfBytes(btfId)).length); // how many types it has
 * ```
 */
export function btfBytes(id: number): Uint8Array<ArrayBuffer> {
  using btf = new KernelBtf(id);
  return btf.bytes();
}
