/** A known number of events for every tool and every example. */
import { libbpfVersion } from "#lib/libbpf/library.ts";
import { NATIVE_ABI, syscallNumbers } from "#lib/sys/syscalls.ts";
import { type Feature, runExecs, type RunningTool } from "./harness.ts";
import { sendTo } from "./isolated.ts";
import { run } from "./network_namespace.ts";

const root = new URL("../../", import.meta.url).pathname;

const libc = Deno.dlopen("libc.so.6", {
  // long syscall(long number, ...): bpf(int cmd, union bpf_attr *attr, unsigned int size)
  syscall: { parameters: ["i64", "i32", "buffer", "u32"], result: "i64" },
  // pid_t gettid(void)
  gettid: { parameters: [], result: "i32" },
});

/** A tool at work, and what it must show. */
export interface Scenario {
  readonly needs?: readonly Feature[];
  readonly args?: readonly string[];
  /** Whether it runs in a network of its own. */
  readonly isolated?: boolean;
  /** Makes the events once the tool has shown its header. Without one the tool ends by itself. */
  readonly workload?: (tool: RunningTool) => unknown;
  /** How each of them is shown. */
  readonly event: (tool: RunningTool) => RegExp;
  readonly count: number;
  /** What the tool says instead, where it cannot work with the libbpf in use. */
  readonly refusal?: () => RegExp | undefined;
}

/** The rows of runExecs() in bootstrap's table. */
const processRow = (event: string) => () =>
  new RegExp(`^\\S+ (${event}) +true +\\d+ +${Deno.pid} `, "gm");

/** libbpf 1.7 changed what usdt.bpf.h is compiled to; objects of an earlier header do not work with it. */
function usdtChanged(): boolean {
  const header = Deno.readTextFileSync("/usr/include/bpf/libbpf_version.h");
  const compiled = Number(/LIBBPF_MINOR_VERSION (\d+)/.exec(header)![1]);
  return compiled < 7 && libbpfVersion().minor >= 7;
}

/** Lines that a kernel half has printed while the tool's own process was at work. */
const ofTool = (text: string) => ({ pid }: RunningTool) =>
  new RegExp(`-${pid} .*: bpf_trace_printk: ${text}$`, "gm");

/** The thread of this test, which is not the first one of its process. */
export const thread = libc.symbols.gettid();

/** The same while this thread was. */
const ofTest = (text: string) => () =>
  new RegExp(`-${thread} .*: bpf_trace_printk: ${text}$`, "gm");

/** Lines about whoever it is. */
const ofAny = (text: string) => () => new RegExp(`: bpf_trace_printk: ${text}$`, "gm");

const minimal: Scenario = {
  needs: ["tracefs", "pid_namespace"],
  args: ["--events", "3"],
  event: ({ pid }) => new RegExp(`: bpf_trace_printk: BPF triggered from PID ${pid}\\.$`, "gm"),
  count: 3,
};

export const tools: Readonly<Record<string, Scenario>> = {
  bootstrap: { workload: () => runExecs(), event: processRow("EXEC|EXIT"), count: 46 },
  execsnoop: {
    workload: () => runExecs(),
    event: () => new RegExp(`^true +\\d+ +${Deno.pid} +0 /bin/true \\d+$`, "gm"),
    count: 23,
  },
  minimal,
  syscount: {
    args: ["-o", "json", "--", `${root}build/tests/syscalls`, "count"],
    event: () => /"syscall":"getppid",.*"count":1013,/g,
    count: 1,
  },
};

/** execsnoop with the object that the plain table does not need. */
export const wholeExecsnoop: Scenario = {
  args: ["--fields", "comm,pid,ppid,ns_pid,mntns,tty,ancestors,cgroup,cwd,exe,line"],
  workload: () => runExecs(),
  event: () =>
    new RegExp(
      `^true +(\\d+) +${Deno.pid} +\\1 .* ${root.slice(0, -1)} +\\S*/bin/true +/bin/true \\d+$`,
      "gm",
    ),
  count: 23,
};

export const examples: Readonly<Record<string, Scenario>> = {
  bootstrap_legacy: { workload: () => runExecs(), event: processRow("EXEC|EXIT"), count: 46 },
  fentry: {
    needs: ["fentry", "tracefs"],
    workload: () => unlinkFiles(23),
    event: ofTest(`fe(ntry|xit): pid = \\d+, filename = \\S+/denobpf-\\d+(, ret = 0)?`),
    count: 46,
  },
  kprobe: {
    needs: ["kprobe", "tracefs"],
    workload: () => unlinkFiles(23),
    event: ofTest(
      `KPROBE E(NTRY pid = \\d+, filename = \\S+/denobpf-\\d+|XIT: pid = \\d+, ret = 0)`,
    ),
    count: 46,
  },
  ksyscall: {
    needs: ["kprobe", "tracefs"],
    workload: () => repeat(23, () => Deno.kill(Deno.pid, "SIGCONT")),
    event: ofTest(`KILL syscall called by PID (\\d+) for PID \\1 with signal 18\\.`),
    count: 23,
  },
  lsm: {
    needs: ["lsm", "tracefs"],
    workload: () => repeat(23, callBpf),
    event: ofTest(`LSM: block bpf\\(\\) worked`),
    count: 23,
  },
  minimal_legacy: minimal,
  minimal_ns: minimal,
  profile: {
    args: ["-f", "11", "--events", "23"],
    event: () => /^COMM: .* \(pid=\d+\) @ CPU \d+\n(Kernel:\n {2}0 .*|No Kernel Stack)$/gm,
    count: 23,
  },
  sockfilter: {
    isolated: true,
    workload: (tool) => sendTo(tool, 23, 9),
    event: () =>
      /^interface: lo {2}protocol: UDP {2}127\.0\.0\.1:\d+\(src\) -> 127\.0\.0\.1:9\(dst\)$/gm,
    count: 23,
  },
  task_iter: { event: () => /^Task Info\. Pid: 2\. Process Name: kthreadd\. .*/gm, count: 1 },
  tc: {
    needs: ["tracefs"],
    isolated: true,
    workload: (tool) => sendTo(tool, 23, 9),
    event: ofAny(`Got IP packet: tot_len: 29, ttl: 64`),
    count: 23,
  },
  tracecon: {
    needs: ["uprobe"],
    workload: () => connect(23, "127.0.0.1"),
    event: () => /^host event: 127\.0\.0\.1$/gm,
    count: 23,
  },
  uprobe: {
    needs: ["uprobe", "tracefs"],
    workload: () => {},
    event: ofTool(
      `(div ENTRY: a = 7, b = 2|div EXIT: quot = 3|abs ENTRY: a = -1|abs EXIT: return = 1)`,
    ),
    count: 4,
  },
  usdt: {
    needs: ["uprobe", "attach_cookie", "tracefs"],
    args: ["--events", "2"],
    event: ofTool(`USDT (auto|manual) attach to libstdcxx:catch: arg1 = 0, arg2 = [0-9a-f]{6,}`),
    count: 2,
    refusal: () =>
      usdtChanged() ? /compiled with a usdt\.bpf\.h that libbpf .* does not/ : undefined,
  },
  xdp: {
    needs: ["tracefs"],
    isolated: true,
    workload: (tool) => sendTo(tool, 23, 9),
    event: ofAny(`packet size: 43`),
    count: 23,
  },
};

function repeat(times: number, action: () => void): void {
  for (let i = 0; i < times; i++) action();
}

/** Unlinks files that are there; the folder is removed by another system call. */
function unlinkFiles(count: number): void {
  const folder = Deno.makeTempDirSync();
  for (let i = 0; i < count; i++) {
    const file = `${folder}/denobpf-${i}`;
    Deno.writeTextFileSync(file, "");
    Deno.removeSync(file);
  }
  Deno.removeSync(folder);
}

/** BPF_PROG_GET_NEXT_ID of include/uapi/linux/bpf.h: asks for something, and changes nothing. */
const BPF_PROG_GET_NEXT_ID = 11;

function callBpf(): void {
  const [number] = syscallNumbers(NATIVE_ABI, "bpf");
  const attr = new Uint8Array(128);
  libc.symbols.syscall(BigInt(number), BPF_PROG_GET_NEXT_ID, attr, attr.length);
}

/** Connects to a port of this host, by the name of a host, which a shell looks up each time. */
export function connect(count: number, host: string): void {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const script = `for ((i = 0; i < ${count}; i++)); do : <>/dev/tcp/${host}/${port}; done`;
  run("bash", "-c", script);
}
