import type { file_id, Filetop, group, usage } from "#skel/filetop.ts";
import { type Counter, CounterSets, decodePath } from "#lib/tool/mod.ts";

/** Which file it is. */
type Id = file_id;

/** What a file is called. */
interface Name {
  readonly path: string;
  readonly fs: string;
}

/** What has been read and written, and the name of the file. */
export type Usage = group & usage & Partial<Name>;

/**
 * The counters of the kernel half, each with the name of its file. The kernel half keeps a name when it begins to
 * count, unless it has that already. Here it is taken out once a table has come without its file, and forgotten
 * a table later: by then nothing is counted that relies on it.
 */
export class NamedFiles implements Counter<Usage> {
  readonly #counts: CounterSets<group, usage>;
  readonly #names: ReturnType<Filetop["load"]>["maps"]["names"];
  /** Those of the last table, and of the one before. */
  #known = new Map<string, Name & Id>();
  #before = new Map<string, Name & Id>();

  /** Counts with a loaded skeleton. */
  constructor(skeleton: ReturnType<Filetop["load"]>) {
    this.#counts = new CounterSets(skeleton, skeleton.maps.usages);
    this.#names = skeleton.maps.names;
  }

  collect(): Promise<void> {
    return this.#counts.collect();
  }

  take(): Usage[] {
    const names = new Map<string, Name & Id>();
    const rows = this.#counts.take().map((row) => {
      const key = keyOf(row);
      const name = names.get(key) ?? this.#known.get(key) ?? this.#find(row) ??
        this.#before.get(key);
      if (name !== undefined) names.set(key, name);
      return { ...row, path: name?.path, fs: name?.fs };
    });
    this.#names.deleteBatch([...this.#known].flatMap(([key, id]) => names.has(key) ? [] : id));
    this.#before = this.#known;
    this.#known = names;
    return rows;
  }

  #find({ ino, dev, generation, has_file }: group): Name & Id | undefined {
    const id = { ino, dev, generation };
    const name = has_file ? this.#names.lookup(id) : undefined;
    return name && { ...id, path: decodePath(name.parts, 0, name.size), fs: name.fs };
  }
}

const keyOf = ({ ino, dev, generation }: Id) => `${ino} ${dev} ${generation}`;
