import type { event_view, Trace } from "#skel/trace.ts";
import { decodeText, ExitCode, ExitError, RawText } from "#lib/tool/mod.ts";
import { mostFrames } from "#lib/tool/stacks.ts";
import {
  attachProbe,
  type Facts,
  MOST_PROBES,
  MOST_VALUES,
  NOTHING,
  NOTHING_COMPARED,
  type ResolvedProbe,
  resolveProbe,
  type Value,
} from "#lib/tool/fetch.ts";

type Opened = ReturnType<typeof Trace.open>;
type Loaded = ReturnType<Opened["load"]>;

/** MAX_COMPARISONS of bpf/trace.bpf.c. */
const MOST_COMPARISONS = 8;

/** Bytes of a value. */
const WORD = 8;

/** What the user asks for. */
export interface Asked {
  /** None where only this host is examined. */
  readonly probe: string | undefined;
  readonly more: readonly string[];
  readonly pid: readonly number[];
  readonly string_size: number;
  readonly kernel_stack: boolean;
  readonly user_stack: boolean;
}

/** The probes of a trace, and what events of them have. */
export class Plan {
  readonly probes: readonly ResolvedProbe[];
  readonly #options: Asked;
  /** Of one stack. */
  readonly #stackBytes = mostFrames() * WORD;

  /** @throws {ExitError} if a probe is wrong, or nothing that this host can trace */
  constructor(options: Asked) {
    const { probe, more, pid } = options;
    this.#options = options;
    const texts = probe === undefined ? more : [probe, ...more];
    this.probes = texts.flatMap((text) => resolveProbe(text, pid));
    if (this.probes.length > MOST_PROBES) {
      const message = `There are ${this.probes.length} probes, more than ${MOST_PROBES}`;
      throw new ExitError(ExitCode.Usage, message);
    }
  }

  /** Fills the table, and chooses the programs that are loaded. */
  prepare({ rodata, progs }: Opened): void {
    const { string_size, kernel_stack, user_stack } = this.#options;
    rodata.string_size = string_size;
    rodata.kernel_stack_bytes = kernel_stack ? this.#stackBytes : 0;
    rodata.user_stack_bytes = user_stack ? this.#stackBytes : 0;
    const stacks = rodata.kernel_stack_bytes + rodata.user_stack_bytes;
    rodata.probes = Array.from({ length: MOST_PROBES }, (_, i) => {
      const compiled = this.probes[i]?.compiled;
      return {
        values: filled(compiled?.fetches.map(({ fetch }) => fetch) ?? [], MOST_VALUES, NOTHING),
        comparisons: filled(compiled?.comparisons ?? [], MOST_COMPARISONS, NOTHING_COMPARED),
      };
    });
    rodata.data_sizes = Array.from(
      { length: MOST_PROBES },
      (_, i) => this.#sizeOf(this.probes[i]) + stacks,
    );
    for (const [name, program] of Object.entries(progs)) {
      const [, kind, number] = /^(\w+)_(\d+)$/.exec(name)!;
      const probe = this.probes[Number(number)];
      // On a host that is only examined the first programs of two kinds are loaded.
      program.autoload = probe === undefined
        ? this.probes.length === 0 && number === "0" && kind !== "fexit"
        : kindOf(probe) === kind;
      if (probe?.way === "fexit" && kind === "fexit") {
        program.setAttachTarget(probe.hooks[0].names[0]);
      }
    }
  }

  /** Bytes of values and strings. */
  #sizeOf(probe: ResolvedProbe | undefined): number {
    const { string_size } = this.#options;
    const fetches = probe?.compiled.fetches ?? [];
    const strings = fetches.filter(({ type }) => type.isText).length;
    // Each number is at a multiple of 8.
    return fetches.length * WORD + Math.ceil(strings * string_size / WORD) * WORD;
  }

  /**
   * Attaches the programs, but those of fexit, which know where they belong.
   * @throws {BpfError | ExitError} if the kernel refuses a probe
   */
  attach({ progs }: Loaded): void {
    for (const [number, probe] of this.probes.entries()) {
      const program = (progs as Readonly<Record<string, Loaded["progs"]["probe_0"]>>)[
        `${kindOf(probe)}_${number}`
      ];
      attachProbe(program, probe, this.#options.pid);
    }
  }

  /** Whether a text of an event is as long as texts can be, and may have been cut. */
  isCut(record: event_view): boolean {
    const { bytes, start } = record.$data;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const most = BigInt(this.#options.string_size);
    return this.probes[record.probe].compiled.fetches.some(({ type }, i) =>
      type.isText && view.getBigUint64(start + i * WORD, true) === most
    );
  }

  /** The stacks of an event, of the kernel and of the process: where they lie. */
  stacksOf(record: event_view): readonly [kernel: RawText, user: RawText] {
    const { bytes, end } = record.$data;
    const user = end - this.#stackBytes * Number(this.#options.user_stack);
    const kernel = user - this.#stackBytes * Number(this.#options.kernel_stack);
    return [
      new RawText().place(bytes, kernel, kernel + record.kstack_size),
      new RawText().place(bytes, user, user + record.ustack_size),
    ];
  }

  /** Whether an event is wanted, as far as the kernel half could not decide that. */
  passes(record: event_view): boolean {
    const { passes } = this.probes[record.probe].compiled;
    return passes === undefined || passes(this.factsOf(record));
  }

  /** What an event says. */
  factsOf(record: event_view): Facts {
    const { pid, tid, uid, gid, cpu } = record;
    return { pid, tid, uid, gid, cpu, comm: record.comm, fetched: this.#fetched(record) };
  }

  #fetched(record: event_view): Value[] {
    const { bytes, start } = record.$data;
    const { fetches } = this.probes[record.probe].compiled;
    const { string_size } = this.#options;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    let text = start + fetches.length * WORD;
    return fetches.map(({ type: { isText, signed } }, i) => {
      const at = start + i * WORD;
      const isMissing = (record.missing & 1 << i) !== 0;
      if (!isText) {
        if (isMissing) return undefined;
        return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
      }
      const begin = text;
      text += string_size;
      const end = begin + Number(view.getBigUint64(at, true));
      return isMissing ? undefined : decodeText(bytes, begin, end);
    });
  }
}

/** Which of the three programs of its number a probe has. */
function kindOf({ way }: ResolvedProbe): "probe" | "tracepoint" | "fexit" {
  return way === "tracepoint" || way === "fexit" ? way : "probe";
}

function filled<T>(list: readonly T[], length: number, nothing: T): T[] {
  return Array.from({ length }, (_, i) => list[i] ?? nothing);
}
