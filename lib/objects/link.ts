import { linkDetails, links, linksLater } from "../libbpf/symbols.ts";
import { cString } from "../sys/libc.ts";
import { withLog } from "../libbpf/log.ts";
import { explain, explainPin } from "./diagnosis.ts";
import { BpfError, PhaseError } from "./errors.ts";
import { EINVAL } from "../sys/errno.ts";

/** What keeps a program attached: a {@link Link}, or what stands for one where the kernel has none. */
export interface Attachment extends Disposable, AsyncDisposable {
  /** The name of the program. */
  readonly program: string;
  /** Detaches the program; a second call does nothing. */
  destroy(): void;
  /** The same, without holding up this thread where that takes long. */
  destroyLater(): Promise<void>;
  /** @internal While {@link destroyLater} is at work: the object must outlive that. */
  readonly ending?: Promise<unknown>;
}

/**
 * A program attached to its hook. It is detached when the link is destroyed, unless the link is pinned.
 * What the kernel knows of it: {@link linkInfo}.
 *
 * @example
 * ```ts
 * import { BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * object.load();
 * const link = object.program("handle_tp").attach();
 * link.destroy();
 * ```
 */
export class Link implements Attachment {
  /** FFI: freed by bpf_link__destroy. */
  #pointer: Deno.PointerObject | null;
  #ending: Promise<unknown> | undefined;

  /** @internal Programs make links. */
  constructor(pointer: Deno.PointerObject, readonly program: string) {
    this.#pointer = pointer;
  }

  /** The file descriptor of the link; it belongs to the link. For legacy kinds that of a perf event. */
  get fd(): number {
    return linkDetails().bpf_link__fd(this.#use("give the fd of"));
  }

  /**
   * Puts another program of the same kind in the place of this one, with no gap between.
   * @throws {BpfError} EINVAL for kinds that cannot: those of tracing
   */
  update(program: { readonly name: string } & LibbpfProgram): void {
    const pointer = this.#use("update");
    this.#call(
      `put ${program.name} into the link of ${this.program}`,
      () => linkDetails().bpf_link__update_program(pointer, program.libbpfProgram()),
    );
  }

  /**
   * Detaches the program now, even if the link is pinned or others hold it; it is still to be destroyed.
   * @throws {BpfError} EOPNOTSUPP for kinds that cannot: those of tracing
   */
  detach(): void {
    const pointer = this.#use("detach");
    this.#call(`detach ${this.program}`, () => linkDetails().bpf_link__detach(pointer));
  }

  /**
   * Pins the link: the program stays attached while the file exists, also when this process has ended.
   * {@link openLink} opens it again.
   * @param path on a bpf file system: `/sys/fs/bpf/name`
   * @throws {BpfError} EEXIST if there is such a file, EINVAL on another file system
   */
  pin(path: string): void {
    const pointer = this.#use("pin");
    this.#call(
      `pin the link of ${this.program} at ${path}`,
      () => linkDetails().bpf_link__pin(pointer, cString(path)),
      explainPin,
    );
  }

  /**
   * Removes the pin that {@link pin} has made; the program stays attached until the link is destroyed.
   * @throws {BpfError} EINVAL if it has made none, ENOENT if it is gone
   */
  unpin(): void {
    const pointer = this.#use("unpin");
    this.#call(
      `remove the pin of the link of ${this.program}`,
      () => linkDetails().bpf_link__unpin(pointer),
      (operation, errno, log) =>
        errno === EINVAL
          ? new BpfError(operation, errno, undefined, "it is not pinned")
          : explainPin(operation, errno, log),
    );
  }

  /** Detaches the program; a second call does nothing. A classic tracepoint takes some 70 ms. */
  destroy(): void {
    const pointer = this.#take();
    if (pointer !== null) links().bpf_link__destroy(pointer);
  }

  /** Detaches the program without holding up this thread, so that several go at once. */
  async destroyLater(): Promise<void> {
    const pointer = this.#take();
    if (pointer !== null) this.#ending = linksLater().bpf_link__destroy(pointer);
    await this.#ending;
    this.#ending = undefined;
  }

  /** @internal While {@link destroyLater} is at work. */
  get ending(): Promise<unknown> | undefined {
    return this.#ending;
  }

  /** Destroys the link. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /** The same, off this thread. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.destroyLater();
  }

  #call(operation: string, call: () => number, why = explain): void {
    const { result, log } = withLog(call);
    if (result < 0) throw why(operation, -result, log);
  }

  #use(action: string): Deno.PointerObject {
    if (this.#pointer !== null) return this.#pointer;
    throw new PhaseError(`Cannot ${action} the link of ${this.program}: it is destroyed`);
  }

  #take(): Deno.PointerObject | null {
    const pointer = this.#pointer;
    this.#pointer = null;
    return pointer;
  }
}

/** A program of an object, as libbpf knows it. */
export interface LibbpfProgram {
  /** @internal FFI: belongs to the object. */
  libbpfProgram(): Deno.PointerObject;
}
