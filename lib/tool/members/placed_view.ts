import type { EventCodec, RecordView } from "../../btf/codec.ts";
import type { EventOf, InPlace, Member, Members, RecordOf } from "./member.ts";

/** A view on a record of a trace: what members are read from. */
export type Placed<M> = RecordOf<M> & RecordView & {
  /** The event's members by their names, read where they lie. */
  readonly $event: InPlace<M>;
};

/**
 * Makes the view through which a trace reads its records: the generated one, which also has what
 * members need besides the record.
 * @param wall gives wall time for nanoseconds since boot
 * @param own what readers find as `$own`
 */
export function placedView<M extends Members>(
  codec: EventCodec<unknown, RecordView>,
  members: M,
  wall: (boot: bigint) => bigint,
  own: unknown,
): Placed<M> {
  const Generated = codec.view().constructor as new () => RecordView;
  class TracedView extends Generated {
    $wall = wall;
    $own = own;
    $event = lazyEvent(members, this);
  }
  return new TracedView() as unknown as Placed<M>;
}

/** Members as getters. */
function lazyEvent<R>(members: Members<R>, record: R): object {
  const getters = Object.entries(members).map(([name, member]) =>
    [name, { get: () => member.value(record), enumerable: true }] as const
  );
  return Object.create(null, { ...Object.fromEntries(getters), $record: { value: record } });
}

/**
 * What copies an event out of its record. The function is made as one object literal: a loop that sets
 * members by name takes twice as long for the thirty of an exec.
 * @throws {TypeError} for a member that has no plain name
 */
export function copierOf<R, M extends Members<R>>(members: M): (record: R) => EventOf<M> {
  const names = Object.keys(members);
  const wrong = names.find((name) => !/^[a-z]\w*$/.test(name));
  if (wrong !== undefined) throw new TypeError(`"${wrong}" is no name for a member`);
  const body = names.map((name) => `${name}: $${name}(record)`).join(", ");
  return new Function(...names.map((name) => `$${name}`), `return (record) => ({ ${body} });`)(
    ...Object.values(members).map(keptValue),
  );
}

/** Reads a member as it is kept. */
function keptValue<R>({ kind: { keep }, value }: Member<R>): (record: R) => unknown {
  if (keep === undefined) return value;
  return (record) => {
    const found = value(record);
    return found === undefined ? undefined : keep(found);
  };
}
