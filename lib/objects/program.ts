import { EOPNOTSUPP } from "../sys/errno.ts";
import { programDetails, programs } from "../libbpf/symbols.ts";
import { withLog } from "../libbpf/log.ts";
import { tryReadTextFile } from "../sys/file.ts";
import { mountTracefs, tracefs } from "../sys/mounts.ts";
import { explain } from "./diagnosis.ts";
import { BpfError, lastError } from "./errors.ts";
import type { Lifetime } from "./lifetime.ts";
import { Link } from "./link.ts";

/** `enum bpf_prog_type` of include/uapi/linux/bpf.h. */
const BPF_PROG_TYPE_TRACEPOINT = 5;

/** One program of an object. */
export class Program {
  /** FFI: belongs to the object. */
  readonly #pointer: Deno.PointerObject;
  readonly #lifetime: Lifetime;
  readonly #own: (link: Link) => void;

  /** @internal Objects make their programs; `own` keeps a link to be destroyed with the object. */
  constructor(
    readonly name: string,
    pointer: Deno.PointerObject,
    lifetime: Lifetime,
    own: (link: Link) => void,
  ) {
    this.#pointer = pointer;
    this.#lifetime = lifetime;
    this.#own = own;
  }

  /** The ELF section, which says what the program is for: `tp_btf/sched_process_exec`. */
  get section(): string {
    this.#lifetime.mustBeOpen(`read the section of ${this.name}`);
    const name = programDetails().bpf_program__section_name(this.#pointer);
    return Deno.UnsafePointerView.getCString(name!);
  }

  /** Whether `load` loads this program. Set before load. */
  get autoload(): boolean {
    this.#lifetime.mustBeOpen(`read autoload of ${this.name}`);
    return programs().bpf_program__autoload(this.#pointer);
  }
  set autoload(value: boolean) {
    this.#lifetime.mustBeOpened(`set autoload of ${this.name}`);
    programDetails().bpf_program__set_autoload(this.#pointer, value);
  }

  /** Whether `attach` of the object attaches this program. */
  get autoattach(): boolean {
    this.#lifetime.mustBeOpen(`read autoattach of ${this.name}`);
    return programDetails().bpf_program__autoattach(this.#pointer);
  }
  set autoattach(value: boolean) {
    this.#lifetime.mustBeOpen(`set autoattach of ${this.name}`);
    programDetails().bpf_program__set_autoattach(this.#pointer, value);
  }

  /** The file descriptor of the loaded program; it belongs to the object. */
  get fd(): number {
    this.#lifetime.mustBeLoaded(`give the fd of ${this.name}`);
    return programDetails().bpf_program__fd(this.#pointer);
  }

  /**
   * How often the kernel left the program out because it was running on that CPU already: interrupted
   * by an event of its own, or, from Linux 7.0 on, preempted within a tracepoint by a task that came to
   * the same one. Each is an event that the program never saw. 0 before Linux 5.12, which does not tell.
   *
   * `recursion_misses` of the program's fdinfo: bpf_prog_show_fdinfo() of kernel/bpf/syscall.c.
   */
  get misses(): bigint {
    const info = tryReadTextFile(`/proc/self/fdinfo/${this.fd}`) ?? "";
    return BigInt(/^recursion_misses:\s*(\d+)/m.exec(info)?.[1] ?? 0);
  }

  /**
   * Attaches the program to the hook that its section names. The link is destroyed with the object, if
   * not before. Where tracefs is missing and a tracepoint needs it, it is mounted.
   * @throws {BpfError}
   */
  attach(): Link {
    const link = this.tryAttach();
    if (link !== undefined) return link;
    throw new BpfError(
      `attach ${this.name}`,
      EOPNOTSUPP,
      undefined,
      `its section ${this.section} names no hook`,
    );
  }

  /** @internal {@link attach}, or undefined if the section names no hook (a plain `SEC("xdp")`). */
  tryAttach(): Link | undefined {
    this.#lifetime.mustBeLoaded(`attach ${this.name}`);
    let { result, log } = this.#attach();
    if (typeof result === "number" && this.#needsTracefs() && tracefs() === undefined) {
      mountTracefs();
      ({ result, log } = this.#attach());
    }
    if (result === EOPNOTSUPP) return undefined;
    if (typeof result === "number") {
      throw explain(`attach ${this.name} (${this.section})`, result, log);
    }
    const link = new Link(result, this.name);
    this.#own(link);
    return link;
  }

  #attach(): { result: Deno.PointerObject | number; log: string } {
    return withLog(() => programs().bpf_program__attach(this.#pointer) ?? lastError());
  }

  #needsTracefs(): boolean {
    return programs().bpf_program__type(this.#pointer) === BPF_PROG_TYPE_TRACEPOINT;
  }
}
