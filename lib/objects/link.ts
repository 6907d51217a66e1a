import { links, linksLater } from "../libbpf/symbols.ts";

/** A program attached to its hook. It is detached when the link is destroyed. */
export class Link implements Disposable, AsyncDisposable {
  /** FFI: freed by bpf_link__destroy. */
  #pointer: Deno.PointerObject | null;

  /** @internal Programs make links. */
  constructor(pointer: Deno.PointerObject, readonly program: string) {
    this.#pointer = pointer;
  }

  /** Detaches the program; a second call does nothing. A classic tracepoint takes some 70 ms. */
  destroy(): void {
    const pointer = this.#take();
    if (pointer !== null) links().bpf_link__destroy(pointer);
  }

  /** Detaches the program without holding up this thread, so that several go at once. */
  async destroyLater(): Promise<void> {
    const pointer = this.#take();
    if (pointer !== null) await linksLater().bpf_link__destroy(pointer);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroyLater();
  }

  #take(): Deno.PointerObject | null {
    const pointer = this.#pointer;
    this.#pointer = null;
    return pointer;
  }
}
