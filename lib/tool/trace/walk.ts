/** Iterators that write records, of which a tool reads many and keeps few. */
import { Bytes } from "../../btf/bytes.ts";
import { type Codec, type EventCodec, RecordView } from "../../btf/codec.ts";
import { attachIter, type IterOptions } from "../../objects/attach/iter.ts";
import type { Attachable } from "../../objects/program.ts";

/**
 * Runs an iterator over everything, once, and calls `handle` with a view on each record that it has written.
 * It is one object that moves on from record to record: take from it what is needed, do not keep it.
 *
 * @example
 * ```ts
 * import { event, Tcptop } from "#skel/tcptop.ts";
 * import { loadHooks, loadSkeleton, walk } from "@denobpf/denobpf/tool";
 *
 * using tcptop = loadSkeleton(Tcptop.open(), ({ progs }) => loadHooks(progs, { set_state: true }));
 * walk(tcptop.progs.walk_files, event, ({ pid, rx_bytes }) => console.log(pid, rx_bytes));
 * ```
 *
 * @throws {BpfError | SystemError} the iterator cannot be attached or read
 */
export function walk<V extends RecordView>(
  program: Attachable,
  codec: EventCodec<unknown, V>,
  handle: (record: V) => void,
  options?: IterOptions,
): void {
  using link = attachIter(program, options);
  const records = new Bytes(link.read());
  const view = codec.view();
  for (let at = 0; at + codec.size <= records.u8.length; at += codec.size) {
    RecordView.place(view, records, at, at + codec.size);
    handle(view);
  }
  RecordView.release(view);
}

/**
 * The same as objects to be kept, for a tool that keeps all of them.
 *
 * @example
 * ```ts
 * import { event, Sockets } from "#skel/sockets.ts";
 * import { walked } from "@denobpf/denobpf/tool";
 *
 * using opened = Sockets.open();
 * const { progs } = opened.load();
 * for (const { pid, inode } of walked(progs.walk_files, event)) console.log(pid, inode);
 * ```
 *
 * @throws {BpfError | SystemError} the iterator cannot be attached or read
 */
export function walked<T>(program: Attachable, codec: Codec<T>, options?: IterOptions): T[] {
  using link = attachIter(program, options);
  const records = new Bytes(link.read());
  const all: T[] = [];
  for (let at = 0; at + codec.size <= records.u8.length; at += codec.size) {
    all.push(codec.decode(records, at, at + codec.size));
  }
  return all;
}
