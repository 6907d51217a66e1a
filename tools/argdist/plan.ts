import type { Argdist } from "#skel/argdist.ts";
import { ExitCode, ExitError, possibleCpus } from "#lib/tool/mod.ts";
import {
  attachProbe,
  CODE_FETCHES,
  CODE_STEPS,
  type CountedValue,
  MOST_KEPT,
  MOST_KEYS,
  MOST_PROBES,
  NO_STEP,
  NOTHING,
  type ResolvedDistribution,
  resolveDistribution,
  type Way,
} from "#lib/tool/fetch.ts";

type Opened = ReturnType<typeof Argdist.open>;
type Loaded = ReturnType<Opened["load"]>;

/** `enum distribution` and `enum value_kind` of bpf/argdist.bpf.c. */
const DISTRIBUTIONS = { count: 0, powers: 1, ranges: 2 };
const VALUES = { nothing: 0, number: 1, text: 2, comm: 3 };

/** Different texts in a second, or different tuples with texts: an entry has a third of a KiB, and is of a CPU. */
const MOST_TEXTS = 8192;

/** Threads in the middle of a program at a time. */
const MOST_AT_WORK = 256;

/** Threads that are in functions at a time: those in functions of the kernel take memory in advance. */
const MOST_THREADS = { files: 16_384, kernel: 2048 };

/** Ranges of one width, of a histogram. */
export interface Ranges {
  readonly first: bigint;
  readonly size: bigint;
  readonly count: number;
}

/** What the user asks for. */
export interface Asked {
  readonly counts: readonly string[];
  readonly hist: readonly string[];
  readonly linear: Ranges | undefined;
  readonly pid: readonly number[];
  readonly string_size: number;
}

/** One of the things that are asked for. */
export interface Spec {
  /** As it was given, or what stands behind `#` in it. */
  readonly title: string;
  readonly isHistogram: boolean;
  readonly values: readonly CountedValue[];
}

/** A probe, for the programs of one number. */
export interface SpecProbe extends ResolvedDistribution {
  readonly spec: Spec;
}

/** All that is asked for, and the programs that count it. */
export class Plan {
  readonly specs: readonly Spec[];
  readonly probes: readonly SpecProbe[];
  readonly linear: Ranges | undefined;
  readonly #asked: Asked;

  /** @throws {ExitError} if a specification is wrong, or nothing that this host can trace */
  constructor(asked: Asked) {
    this.#asked = asked;
    this.linear = asked.linear;
    const probes = [
      ...asked.counts.flatMap((text) => this.#resolved("-C", text, false)),
      ...asked.hist.flatMap((text) => this.#resolved("-H", text, true)),
    ];
    this.probes = probes;
    this.specs = [...new Set(probes.map(({ spec }) => spec))];
    if (probes.length > MOST_PROBES) {
      const message = `There are ${probes.length} probes, more than ${MOST_PROBES}`;
      throw new ExitError(ExitCode.Usage, message);
    }
    if (this.#has("kcall") && this.#has("ucall")) {
      throw new ExitError(
        ExitCode.Usage,
        "$latency, $entry() and arguments at the end cannot be had of functions of the kernel " +
          "and of programs together",
        { hint: "run argdist once for each" },
      );
    }
  }

  #resolved(option: string, text: string, isHistogram: boolean): SpecProbe[] {
    const { asked, probes } = resolveDistribution(option, text, isHistogram, this.#asked.pid);
    const { values } = probes[0].compiled;
    const spec = { title: asked.label ?? text, isHistogram, values };
    return probes.map((probe) => ({ ...probe, spec }));
  }

  #has(way: Way): boolean {
    return this.probes.some((probe) => probe.way === way);
  }

  get #hasTexts(): boolean {
    return this.specs.some(hasTexts);
  }

  /** Fills the table, and chooses the programs that are loaded. */
  prepare({ rodata, maps, progs }: Opened): void {
    rodata.string_size = this.#asked.string_size;
    rodata.probes = Array.from({ length: MOST_PROBES }, (_, i) => this.#planOf(this.probes[i]));
    if (this.linear !== undefined) {
      rodata.first_value = this.linear.first;
      rodata.range_size = this.linear.size;
      rodata.range_count = BigInt(this.linear.count);
    }
    if (this.#hasTexts) {
      maps.text_counts.maxEntries = MOST_TEXTS;
      maps.works.maxEntries = Math.max(MOST_AT_WORK, possibleCpus());
    }
    rodata.in_user = this.#has("ucall");
    if (this.#has("ucall")) maps.user_calls.maxEntries = MOST_THREADS.files;
    if (this.#has("kcall")) maps.kernel_calls.maxEntries = MOST_THREADS.kernel;
    for (const [name, program] of Object.entries(progs)) {
      const [, kind, number] = /^([a-z]+)_(\d+)$/.exec(name) ?? [];
      if (number === undefined) {
        program.autoload = this.#has("kcall") || this.#has("ucall");
        continue;
      }
      const probe = this.probes[Number(number)];
      // On a host that is only examined the first programs of two kinds are loaded.
      program.autoload = probe === undefined
        ? this.probes.length === 0 && number === "0" && ["probe", "tracepoint"].includes(kind)
        : kindsOf(probe).includes(kind);
      if (probe?.way === "fexit" && kind === "fexit") {
        program.setAttachTarget(probe.hooks[0].names[0]);
      }
    }
  }

  #planOf(probe: SpecProbe | undefined): Opened["rodata"]["probes"][number] {
    const { fetches = [], kept = [], steps = [], condition, values = [] } = probe?.compiled ?? {};
    const { isHistogram = false } = probe?.spec ?? {};
    const drawn = this.linear === undefined ? "powers" : "ranges";
    return {
      distribution: DISTRIBUTIONS[isHistogram ? drawn : "count"],
      is_signed: Number(values[0]?.signed ?? false),
      has_texts: Number(probe !== undefined && hasTexts(probe.spec)),
      has_condition: Number(condition !== undefined),
      condition: condition ?? 0,
      kept_count: kept.length,
      unused: 0,
      values: Array.from({ length: MOST_KEYS }, (_, i) => {
        const { kind = "nothing", at = 0, text = 0 } = values[i] ?? {};
        return { kind: VALUES[kind], at, text, unused: 0 };
      }),
      kept: filled(kept, MOST_KEPT, NOTHING),
      code: {
        fetches: filled(fetches, CODE_FETCHES, NOTHING),
        steps: filled(steps, CODE_STEPS, NO_STEP),
      },
    };
  }

  /**
   * Attaches the programs, but those of fexit, which know where they belong.
   * @throws {BpfError | ExitError} if the kernel refuses a probe
   */
  attach({ progs }: Loaded): void {
    const { pid: pids } = this.#asked;
    for (const [number, { way, hooks }] of this.probes.entries()) {
      const attach = (kind: string, way: Way) => {
        const name = `${kind}_${number}` as "probe_0";
        attachProbe(progs[name], { way, hooks }, pids);
      };
      // A return whose call was not seen is nothing, a call whose return is not seen counts as lost.
      if (way === "kcall" || way === "ucall") {
        attach("leave", way === "kcall" ? "kretprobe" : "uretprobe");
        attach("enter", way === "kcall" ? "kprobe" : "uprobe");
      } else attach(kindsOf({ way })[0], way);
    }
  }
}

function hasTexts({ values }: Spec): boolean {
  return values.some(({ kind }) => kind !== "number");
}

/** Which of the programs of its number a probe has. */
function kindsOf({ way }: { readonly way: Way }): readonly string[] {
  switch (way) {
    case "tracepoint":
    case "fexit":
      return [way];
    case "kcall":
    case "ucall":
      return ["enter", "leave"];
    default:
      return ["probe"];
  }
}

function filled<T>(list: readonly T[], length: number, nothing: T): T[] {
  return Array.from({ length }, (_, i) => list[i] ?? nothing);
}
