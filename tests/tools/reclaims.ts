/** What tracefs records of memory that is reclaimed for cgroups, in an instance of its own. */
import { mountTracefs } from "#lib/sys/mounts.ts";

/** Of a thread, in order. */
export interface RecordedReclaim {
  readonly order: number;
  /** As the kernel writes them: `GFP_KERNEL|__GFP_NOWARN`. */
  readonly gfp: string;
  readonly reclaimed: bigint;
}

/** Records from its making on. */
export class RecordedReclaims implements Disposable {
  readonly #folder = `${mountTracefs()}/instances/denobpf-${crypto.randomUUID()}`;

  constructor() {
    Deno.mkdirSync(this.#folder);
    Deno.writeTextFileSync(`${this.#folder}/buffer_size_kb`, "4096");
    for (const end of ["begin", "end"]) {
      const event = `${this.#folder}/events/vmscan/mm_vmscan_memcg_reclaim_${end}`;
      Deno.writeTextFileSync(`${event}/enable`, "1");
    }
  }

  /** What a thread has reclaimed so far. */
  of(tid: number): RecordedReclaim[] {
    const text = Deno.readTextFileSync(`${this.#folder}/trace`);
    const own = new RegExp(`-${tid} .*mm_vmscan_memcg_reclaim_(begin|end): (.*)$`, "gm");
    const found: RecordedReclaim[] = [];
    let begun: Omit<RecordedReclaim, "reclaimed"> | undefined;
    for (const [, what, fields] of text.matchAll(own)) {
      // the order of the fields differs by kernel
      const field = (name: string) => new RegExp(`\\b${name}=(\\S+)`).exec(fields)![1];
      if (what === "begin") begun = { order: Number(field("order")), gfp: field("gfp_flags") };
      else if (begun) found.push({ ...begun, reclaimed: BigInt(field("nr_reclaimed")) });
    }
    return found;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder);
  }
}
