import type { event_view, Funcslower } from "#skel/funcslower.ts";
import { ExitCode, ExitError, RawText, type Structure } from "#lib/tool/mod.ts";
import {
  ARGUMENTS,
  type FunctionTypes,
  functionTypes,
  inRegister,
  numberType,
  shownNumber,
  type ValueType,
} from "#lib/tool/fetch.ts";
import { type AskedCalls, CallPlan, hasStacksAtReturn, type Hook } from "#lib/tool/probes.ts";
import { mostFrames } from "#lib/tool/stacks.ts";

type Opened = ReturnType<typeof Funcslower.open>;

/** What the user asks for. */
export interface Asked extends Omit<AskedCalls, "pattern" | "more"> {
  /** None where only this host is examined. */
  readonly function: string | undefined;
  readonly functions: readonly string[];
  readonly arguments: number;
  /** Of functions of programs: a type of C. */
  readonly return_type: string | undefined;
  readonly kernel_stack: boolean;
  readonly user_stack: boolean;
}

/** Threads that are in functions of the kernel at a time: 2 KiB each. */
const MOST_THREADS = 2048;

/** Bytes of an address. */
const WORD = 8;

/** What is traced, and what events of it have. */
export class Plan extends CallPlan {
  readonly #options: Asked;
  readonly #returnType: ValueType | undefined;
  readonly #stackBytes = mostFrames() * WORD;
  /** What the kernel's types say, by the number of the hook, once that was asked for. */
  readonly #types = new Map<number, FunctionTypes | undefined>();

  /** @throws {ExitError} if there is nothing to trace, too much, or nothing that this host can trace */
  constructor(options: Asked) {
    super({ ...options, pattern: options.function, more: options.functions });
    this.#options = options;
    const { return_type } = options;
    this.#returnType = return_type === undefined ? undefined : numberType(return_type);
    if (!options.kernel_stack) return;
    if (this.kind === "files") {
      const message = "-K: processes are not in the kernel when functions of their own return";
      throw new ExitError(ExitCode.Usage, message);
    }
    if (this.kind === "kernel" && !hasStacksAtReturn()) {
      const message =
        "-K: this kernel does not show its stack where a function returns, as Linux 5.16 and later do";
      throw new ExitError(ExitCode.Unavailable, message);
    }
  }

  /** Chooses how programs are loaded, and what of a call they keep. */
  choose(opened: Opened): void {
    const { rodata } = opened;
    const { kernel_stack, user_stack, arguments: count } = this.#options;
    this.prepareCalls(opened, MOST_THREADS);
    rodata.arg_count = count;
    rodata.arg_registers = ARGUMENTS.slice(0, rodata.arg_registers.length);
    rodata.kernel_stack_bytes = kernel_stack ? this.#stackBytes : 0;
    rodata.user_stack_bytes = user_stack ? this.#stackBytes : 0;
  }

  hookOf({ hook }: event_view): Hook {
    return this.hooks[hook];
  }

  /** Its type, and what the function returned. */
  resultOf(
    record: event_view,
  ): { readonly value: bigint; readonly type: ValueType | undefined } | undefined {
    const types = this.#typesOf(record);
    if (types !== undefined && types.returns === undefined) return undefined;
    const type = types?.returns ?? this.#returnType;
    return { value: inRegister(record.result, type), type };
  }

  /** The arguments by their names, or as `arg1` where nobody says what there are. */
  argumentsOf(record: event_view): Structure | undefined {
    const { arguments: count } = this.#options;
    if (count === 0) return undefined;
    const types = this.#typesOf(record);
    const parameters = types?.parameters ??
      Array.from({ length: count }, (_, i) => ({ name: `arg${i + 1}`, type: undefined }));
    return Object.fromEntries(
      parameters.slice(0, count).map(({ name, type }, i) => [
        name,
        shownNumber(inRegister(record.args[i], type), type),
      ]),
    );
  }

  /** Where the stacks of an event lie. */
  stacksOf(record: event_view): readonly [kernel: RawText, user: RawText] {
    const { bytes, start } = record.$stacks;
    const user = start + (this.#options.kernel_stack ? this.#stackBytes : 0);
    return [
      new RawText().place(bytes, start, start + record.kstack_size),
      new RawText().place(bytes, user, user + record.ustack_size),
    ];
  }

  #typesOf({ hook }: event_view): FunctionTypes | undefined {
    if (!this.#types.has(hook)) this.#types.set(hook, functionTypes(this.hooks[hook]));
    return this.#types.get(hook);
  }
}
