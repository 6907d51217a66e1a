import { EINVAL, EOPNOTSUPP } from "../sys/errno.ts";
import {
  programDetails,
  programPins,
  programs,
  programSettings,
  typeNames,
} from "../libbpf/symbols.ts";
import { withLog } from "../libbpf/log.ts";
import { tryReadTextFile } from "../sys/file.ts";
import { mountTracefs, tracefs } from "../sys/mounts.ts";
import { cString, textAt } from "../sys/libc.ts";
import { explain, explainAttach, explainPin, wrongType } from "./diagnosis.ts";
import { BpfError, lastError } from "./errors.ts";
import type { Lifetime } from "./lifetime.ts";
import { type Attachment, Link } from "./link.ts";
import type { AttachType, ProgramType } from "./program_types.ts";

/** `enum bpf_prog_type` of include/uapi/linux/bpf.h. */
const BPF_PROG_TYPE_TRACEPOINT = 5;

/** What the functions that attach by hand need of a program. */
export type Attachable =
  & Pick<Program, "name" | "section" | "fd" | "attachTo" | "own">
  & Readonly<Pick<Program, "type">>;

/** A way to attach programs, for {@link Program.attachTo}. */
interface Way<L extends Link> {
  /** The types of programs that can be attached so. */
  readonly takes: readonly ProgramType[];
  /** What it means that it failed, where that is known better than the errno says. */
  readonly fault?: (operation: string, errno: number, log: string) => BpfError | undefined;
  /** The class of the link. */
  readonly Kind?: new (pointer: Deno.PointerObject, program: string) => L;
}

/** The types of programs that the verifier checks against what they attach to. */
const TARGETED: readonly string[] = ["tracing", "lsm", "ext"];

/**
 * One program of an object.
 *
 * @example
 * ```ts
 * import { BpfObject } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * const program = object.program("handle_tp");
 * assertEquals(program.section, "tp/syscalls/sys_enter_write");
 * object.load();
 * program.attach();
 * ```
 */
export class Program {
  /** FFI: belongs to the object. */
  readonly #pointer: Deno.PointerObject;
  readonly #lifetime: Lifetime;
  readonly #own: (attachment: Attachment) => void;

  /** @internal Objects make their programs; `own` keeps a link to be destroyed with the object. */
  constructor(
    readonly name: string,
    pointer: Deno.PointerObject,
    lifetime: Lifetime,
    own: (attachment: Attachment) => void,
  ) {
    this.#pointer = pointer;
    this.#lifetime = lifetime;
    this.#own = own;
  }

  /** The ELF section, which says what the program is for: `tp_btf/sched_process_exec`. */
  get section(): string {
    this.#lifetime.mustBeOpen(`read the section of ${this.name}`);
    return textAt(programDetails().bpf_program__section_name(this.#pointer))!;
  }

  /** What it is, as libbpf and bpftool call it; the section decides, unless it is set before load. */
  get type(): ProgramType {
    this.#lifetime.mustBeOpen(`read the type of ${this.name}`);
    const type = programs().bpf_program__type(this.#pointer);
    const name = textAt(typeNames().libbpf_bpf_prog_type_str(type));
    return (name ?? `type ${type}`) as ProgramType;
  }
  set type(value: ProgramType) {
    this.#lifetime.mustBeOpened(`set the type of ${this.name}`);
    const type = numberOf(value, typeNames().libbpf_bpf_prog_type_str);
    this.#check(programSettings().bpf_program__set_type(this.#pointer, type), "set the type");
  }

  /**
   * Where it is to be attached, as libbpf calls it; `load` passes it to the kernel. Kinds of programs that have
   * no attach types give the first of the enum, `cgroup_inet_ingress`. Set before load.
   */
  get attachType(): AttachType {
    this.#lifetime.mustBeOpen(`read the attach type of ${this.name}`);
    const type = programSettings().bpf_program__expected_attach_type(this.#pointer);
    const name = textAt(typeNames().libbpf_bpf_attach_type_str(type));
    return (name ?? `type ${type}`) as AttachType;
  }
  set attachType(value: AttachType) {
    this.#lifetime.mustBeOpened(`set the attach type of ${this.name}`);
    const type = numberOf(value, typeNames().libbpf_bpf_attach_type_str);
    const { bpf_program__set_expected_attach_type } = programSettings();
    this.#check(bpf_program__set_expected_attach_type(this.#pointer, type), "set the attach type");
  }

  /**
   * Names the function that a program of fentry, fexit, fmod_ret, lsm or tp_btf attaches to, or that an
   * extension (freplace) replaces, instead of the section. Before load: the verifier has to know it.
   * @param target the function: `do_unlinkat`
   * @param program the program that the function is in, if it is none of the kernel's
   * @throws {BpfError} with the nearest name if there is no such function; EINVAL for programs of another
   *   type
   */
  setAttachTarget(target: string, program?: { readonly fd: number }): void {
    this.#lifetime.mustBeOpened(`set the target of ${this.name}`);
    if (!TARGETED.includes(this.type)) {
      const why = `programs of type ${this.type} are given none before load`;
      throw new BpfError(`set the target of ${this.name}`, EINVAL, undefined, why);
    }
    const { bpf_program__set_attach_target } = programSettings();
    const { result, log } = withLog(() =>
      bpf_program__set_attach_target(this.#pointer, program?.fd ?? 0, cString(target))
    );
    if (result >= 0) return;
    const isFunction = ["trace_fentry", "trace_fexit", "modify_return"].includes(this.attachType);
    const hook = isFunction && program === undefined ? `fentry/${target}` : target;
    throw explainAttach(`attach ${this.name} to ${target}`, -result, log, hook);
  }

  /** `BPF_F_SLEEPABLE` and others of include/uapi/linux/bpf.h, given to the kernel. Set before load. */
  get flags(): number {
    this.#lifetime.mustBeOpen(`read the flags of ${this.name}`);
    return programSettings().bpf_program__flags(this.#pointer);
  }
  set flags(value: number) {
    this.#lifetime.mustBeOpened(`set the flags of ${this.name}`);
    this.#check(programSettings().bpf_program__set_flags(this.#pointer, value), "set the flags");
  }

  /**
   * How much the verifier says, of an accepted program too: 1 instructions, 2 also the paths given up,
   * 4 statistics, or their sum. {@link onLog} hears it. Set before load.
   */
  get logLevel(): number {
    this.#lifetime.mustBeOpen(`read the log level of ${this.name}`);
    return programSettings().bpf_program__log_level(this.#pointer);
  }
  set logLevel(value: number) {
    this.#lifetime.mustBeOpened(`set the log level of ${this.name}`);
    const { bpf_program__set_log_level } = programSettings();
    this.#check(bpf_program__set_log_level(this.#pointer, value), "set the log level");
  }

  /** How many instructions it has; after load also those of the functions that it calls. */
  get instructions(): number {
    this.#lifetime.mustBeOpen(`count the instructions of ${this.name}`);
    return Number(programSettings().bpf_program__insn_cnt(this.#pointer));
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
   * Pins the program: it stays in the kernel while the file exists. {@link openProgram} opens it again.
   * @param path on a bpf file system: `/sys/fs/bpf/name`
   * @throws {BpfError} EEXIST if there is such a file; EINVAL on another file system, with a hint
   */
  pin(path: string): void {
    this.#lifetime.mustBeLoaded(`pin ${this.name}`);
    const operation = `pin ${this.name} at ${path}`;
    this.#pins(operation, () => programPins().bpf_program__pin(this.#pointer, cString(path)));
  }

  /**
   * Removes a pin of this program.
   * @throws {BpfError} ENOENT if there is none
   */
  unpin(path: string): void {
    this.#lifetime.mustBeLoaded(`unpin ${this.name}`);
    const operation = `remove the pin ${path} of ${this.name}`;
    this.#pins(operation, () => programPins().bpf_program__unpin(this.#pointer, cString(path)));
  }

  /**
   * How often the kernel left the program out because it was running on that CPU already: interrupted
   * by an event of its own, or, from Linux 7.0 on, preempted within a tracepoint by a task that came to
   * the same one. Each is an event that the program never saw. 0 before Linux 5.12, which does not say.
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
    this.#lifetime.mustBeAttachable(`attach ${this.name}`);
    let { result, log } = this.#attach();
    if (typeof result === "number" && this.#needsTracefs() && tracefs() === undefined) {
      mountTracefs();
      ({ result, log } = this.#attach());
    }
    // The same errno from the kernel comes with a warning of libbpf's.
    if (result === EOPNOTSUPP && log === "") return undefined;
    if (typeof result === "number") {
      throw explainAttach(`attach ${this.name} (${this.section})`, result, log, this.section);
    }
    return this.own(new Link(result, this.name));
  }

  /**
   * @internal What the functions of attach/ stand on: makes a link, which is destroyed with the object.
   * @param hook what it is attached to, as a section would name it: `kprobe/do_unlinkat`
   * @param make calls libbpf
   */
  attachTo<L extends Link = Link>(
    hook: string,
    make: (program: Deno.PointerObject) => Deno.PointerValue,
    { takes, fault, Kind = Link as never }: Way<L>,
  ): L {
    this.#lifetime.mustBeAttachable(`attach ${this.name}`);
    const { result, log } = withLog(() => make(this.#pointer) ?? lastError());
    if (typeof result === "number") {
      const operation = `attach ${this.name} to ${hook}`;
      throw wrongType(operation, result, this, takes) ?? fault?.(operation, result, log) ??
        explainAttach(operation, result, log, hook);
    }
    return this.own(new Kind(result, this.name));
  }

  /**
   * @internal Keeps what attaches this program, to be destroyed with the object.
   * @throws {PhaseError} if that is being closed: then it is destroyed at once
   */
  own<A extends Attachment>(attachment: A): A {
    try {
      this.#lifetime.mustBeAttachable(`attach ${this.name}`);
    } catch (error) {
      attachment.destroy();
      throw error;
    }
    this.#own(attachment);
    return attachment;
  }

  /** @internal FFI: belongs to the object. */
  libbpfProgram(): Deno.PointerObject {
    this.#lifetime.mustBeLoaded(`use ${this.name}`);
    return this.#pointer;
  }

  #attach(): { result: Deno.PointerObject | number; log: string } {
    return withLog(() => programs().bpf_program__attach(this.#pointer) ?? lastError());
  }

  #needsTracefs(): boolean {
    return programs().bpf_program__type(this.#pointer) === BPF_PROG_TYPE_TRACEPOINT;
  }

  #check(result: number, action: string): void {
    if (result < 0) throw explain(`${action} of ${this.name}`, -result);
  }

  #pins(operation: string, call: () => number): void {
    const { result, log } = withLog(call);
    if (result < 0) throw explainPin(operation, -result, log);
  }
}

/** The number of a name: these enums have no gaps. */
function numberOf(wanted: string, nameOf: (number: number) => Deno.PointerValue): number {
  for (let number = 0;; number++) {
    const name = textAt(nameOf(number));
    if (name === undefined) throw new RangeError(`This libbpf knows no type ${wanted}`);
    if (name === wanted) return number;
  }
}
