/** Iterators that write records, of which a tool reads many and keeps few. */
import { Bytes } from "../../btf/bytes.ts";
import { type EventCodec, RecordView } from "../../btf/codec.ts";
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
