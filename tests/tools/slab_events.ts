/** What tracefs records of the memory that the kernel allocates for a process, in an instance of its own. */
import { mountTracefs } from "#lib/sys/mounts.ts";

const EVENTS = ["kmem_cache_alloc", "kmalloc", "kmalloc_node"];

/** `allocs-181  [001] d.s1.   9.8: kmalloc: ...`: an `h` or `s` in the flags stands for an interrupt. */
const LINE = /^.*-(\d+) +\[\d+\] ..(.)\S* +[\d.]+: (kmem_cache_alloc|kmalloc\w*): (.*)$/gm;

/** Records from its making on. */
export class RecordedSlabs implements Disposable {
  readonly #folder = `${mountTracefs()}/instances/denobpf-${crypto.randomUUID()}`;
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
    Deno.mkdirSync(this.#folder);
    Deno.writeTextFileSync(`${this.#folder}/buffer_size_kb`, "8192");
    const events = `${this.#folder}/events/kmem`;
    for (const { name } of Deno.readDirSync(events)) {
      if (!EVENTS.includes(name)) continue;
      Deno.writeTextFileSync(`${events}/${name}/filter`, `common_pid == ${pid}`);
      Deno.writeTextFileSync(`${events}/${name}/enable`, "1");
    }
  }

  /** How many objects it has allocated so far, but for interrupts: by the name of the cache, or by its size. */
  allocs(): Map<string, bigint> {
    const counts = new Map<string, bigint>();
    const text = Deno.readTextFileSync(`${this.#folder}/trace`);
    for (const [, pid, context, event, fields] of text.matchAll(LINE)) {
      if (Number(pid) !== this.#pid || context !== ".") continue;
      const name = /\bname=(\S+)/.exec(fields)?.[1];
      const size = /\bbytes_alloc=(\d+)/.exec(fields)![1];
      if (event === "kmem_cache_alloc" && name === undefined) continue;
      const key = name ?? size;
      counts.set(key, (counts.get(key) ?? 0n) + 1n);
    }
    return counts;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder);
  }
}
