/**
 * Counters of files, with the names of these: the user half of bpf/include/file_names.h. It stands apart from mod.ts,
 * as few tools need it.
 *
 * @module
 */
import type { Counter } from "./trace/counter_sets.ts";

/** A map of names: `names` of a skeleton. */
interface Names<Id, Name> {
  lookup(id: Id): Name | undefined;
  deleteBatch(ids: Id[]): unknown;
}

/** The counters and the names of a kernel half. */
export interface NamedCounters<Row, Id, Name, Named> {
  readonly counts: Counter<Row>;
  readonly names: Names<Id, Name>;
  /** Which file a row is about; undefined if that is not known. */
  idOf(row: Row): Id | undefined;
  /** What rows show of a name. */
  nameOf(name: Name, id: Id): Named;
}

/** What was known of a file. */
interface Known<Id, Named> {
  readonly id: Id;
  readonly name: Named;
}

/**
 * The counters of the kernel half, each with the name of its file. The kernel half keeps a name when it begins to
 * count, unless it has that already. Here it is taken out once a table has come without its file, and forgotten
 * a table later: by then nothing is counted that relies on it.
 */
export class NamedFiles<Row, Id extends object, Name, Named>
  implements Counter<Row & Partial<Named>> {
  readonly #counters: NamedCounters<Row, Id, Name, Named>;
  /** Those of the last table, and of the one before. */
  #known = new Map<string, Known<Id, Named>>();
  #before = new Map<string, Known<Id, Named>>();

  /** Names what is counted. */
  constructor(counters: NamedCounters<Row, Id, Name, Named>) {
    this.#counters = counters;
  }

  /** Waits until nothing is counted any more that belongs to the last table. */
  collect(): Promise<void> {
    return this.#counters.counts.collect();
  }

  /** The rows of the last table. */
  take(): (Row & Partial<Named>)[] {
    const used = new Map<string, Known<Id, Named>>();
    const rows = this.#counters.counts.take().map((row): Row & Partial<Named> => {
      const id = this.#counters.idOf(row);
      if (id === undefined) return row as Row & Partial<Named>;
      const key = Object.values(id).join(" ");
      const known = used.get(key) ?? this.#known.get(key) ?? this.#find(id) ??
        this.#before.get(key);
      if (known !== undefined) used.set(key, known);
      return { ...row, ...known?.name };
    });
    const unused = [...this.#known].flatMap(([key, { id }]) => used.has(key) ? [] : id);
    this.#counters.names.deleteBatch(unused);
    this.#before = this.#known;
    this.#known = used;
    return rows;
  }

  #find(id: Id): Known<Id, Named> | undefined {
    const name = this.#counters.names.lookup(id);
    return name && { id, name: this.#counters.nameOf(name, id) };
  }
}
