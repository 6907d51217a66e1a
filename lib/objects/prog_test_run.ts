import { type Codec, decodeAll, encodeAll } from "../btf/codec.ts";
import { testRuns } from "../libbpf/attach_symbols.ts";
import { withLog } from "../libbpf/log.ts";
import { OptionStruct } from "../libbpf/options.ts";
import { ENOTSUPP } from "../sys/errno.ts";
import { explain } from "./diagnosis.ts";
import { BpfError } from "./errors.ts";
import type { Descriptor } from "./kernel_object.ts";
import { programInfo } from "./program_info.ts";

/** What a program is run on. */
export interface TestRunOptions<C = Uint8Array<ArrayBuffer>> {
  /** The packet, from its Ethernet header on: for types that see packets. */
  data?: Uint8Array<ArrayBuffer>;
  /** Room for what the program makes of it, in bytes: the length of `data` and 256 more by default. */
  dataOutSize?: number;
  /** The context: a struct of which the kernel takes some members, or the arguments of a raw tracepoint. */
  context?: C;
  /** The type of the context; without one it is given as its bytes. */
  contextType?: Codec<C>;
  /** How often it is run; once by default. */
  repeat?: number;
  /** BPF_F_TEST_* of include/uapi/linux/bpf.h. */
  flags?: number;
  /** The CPU to run on, for raw tracepoints with BPF_F_TEST_RUN_ON_CPU. */
  cpu?: number;
  /** Packets in a batch, for xdp with BPF_F_TEST_XDP_LIVE_FRAMES. */
  batchSize?: number;
}

/** What came of it. */
export interface TestRunResult<C = Uint8Array<ArrayBuffer>> {
  /** What the program returned. */
  readonly retval: number;
  /** Nanoseconds that one run took, on average. */
  readonly duration: number;
  /** The packet after the last run; none for types that see none. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The context after it, if one was given and the kernel gives it back. */
  readonly context: C | undefined;
}

/** `struct bpf_test_run_opts` of bpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = {
  size: 80,
  data_in: 8,
  data_out: 16,
  data_size_in: 24,
  data_size_out: 28,
  ctx_in: 32,
  ctx_out: 40,
  ctx_size_in: 48,
  ctx_size_out: 52,
  retval: 56,
  repeat: 60,
  duration: 64,
  flags: 68,
  cpu: 72,
  batch_size: 76,
};

/** XDP_PACKET_HEADROOM of include/uapi/linux/bpf.h: a program may put so much before a packet. */
const HEADROOM = 256;

/**
 * Runs a loaded program once or many times on made-up data, attached or not: BPF_PROG_TEST_RUN of bpf(2).
 * Packet types (`socket`, `tc`, `xdp`, `cgroup_skb`, ...) take data of at least 14 bytes, `raw_tp` and
 * `syscall` a context alone; kprobes and tracepoints cannot be run so.
 *
 * @example
 * ```ts
 * import { BpfObject, testRun } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using object = BpfObject.open("build/examples/xdp.bpf.o");
 * object.load();
 * const data = new Uint8Array(64);
 * const { retval } = testRun(object.program("xdp_pass"), { data, repeat: 1000 });
 * assertEquals(retval, 2); // XDP_PASS
 * ```
 *
 * @param options with `contextType` the context is typed, in and out
 * @throws {BpfError} ENOTSUPP or EINVAL for types or data that cannot be run; ENOSPC if `dataOutSize` is
 *   too small
 */
export function testRun<C = Uint8Array<ArrayBuffer>>(
  program: Descriptor & { readonly name?: string },
  options: TestRunOptions<C> = {},
): TestRunResult<C> {
  const { data, context, contextType } = options;
  const dataOut = data && new Uint8Array(options.dataOutSize ?? data.length + HEADROOM);
  const contextIn = context === undefined ? undefined : bytesOf(context, contextType);
  const { type } = programInfo(program);
  const { contextOut, given } = contextsOf(type, contextIn);
  const struct = new OptionStruct(OPTIONS)
    .pointer(OPTIONS.data_in, data)
    .u32(OPTIONS.data_size_in, data?.length ?? 0)
    .pointer(OPTIONS.data_out, dataOut)
    .u32(OPTIONS.data_size_out, dataOut?.length ?? 0)
    .pointer(OPTIONS.ctx_in, contextIn)
    .u32(OPTIONS.ctx_size_in, contextIn?.length ?? 0)
    .pointer(OPTIONS.ctx_out, contextOut)
    .u32(OPTIONS.ctx_size_out, contextOut?.length ?? 0)
    .u32(OPTIONS.repeat, options.repeat ?? 0)
    .u32(OPTIONS.flags, options.flags ?? 0)
    .u32(OPTIONS.cpu, options.cpu ?? 0)
    .u32(OPTIONS.batch_size, options.batchSize ?? 0);
  const { result, log } = withLog(() =>
    testRuns().bpf_prog_test_run_opts(program.fd, struct.bytes)
  );
  if (result < 0) {
    const operation = `run ${program.name ?? "a program"} for a test`;
    if (result !== -ENOTSUPP) throw explain(operation, -result, log);
    throw new BpfError(operation, ENOTSUPP, undefined, `programs of type ${type} cannot be run so`);
  }
  return {
    retval: struct.getU32(OPTIONS.retval),
    duration: struct.getU32(OPTIONS.duration),
    data: dataOut?.slice(0, struct.getU32(OPTIONS.data_size_out)) ?? new Uint8Array(),
    context: given && valueOf(given, contextType),
  };
}

/**
 * Where the context comes back: into the bytes that it came from for `syscall`, nowhere for
 * `raw_tracepoint`, into bytes of its own for the rest. The kernel refuses the wrong one:
 * net/bpf/test_run.c.
 */
function contextsOf(
  type: string,
  contextIn: Uint8Array<ArrayBuffer> | undefined,
): { contextOut?: Uint8Array<ArrayBuffer>; given?: Uint8Array<ArrayBuffer> } {
  if (contextIn === undefined || type === "raw_tracepoint") return {};
  if (type === "syscall") return { given: contextIn };
  const contextOut = new Uint8Array(contextIn.length);
  return { contextOut, given: contextOut };
}

function bytesOf<C>(context: C, type: Codec<C> | undefined): Uint8Array<ArrayBuffer> {
  return type === undefined
    ? (context as Uint8Array<ArrayBuffer>).slice()
    : encodeAll(type, context);
}

function valueOf<C>(bytes: Uint8Array<ArrayBuffer>, type: Codec<C> | undefined): C {
  return type === undefined ? bytes as C : decodeAll(type, bytes);
}
