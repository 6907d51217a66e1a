/** What /proc/softirqs has counted since boot: by name, a number for each CPU. */
export function procSoftirqs(): Map<string, number[]> {
  const [cpus, ...lines] = Deno.readTextFileSync("/proc/softirqs").trimEnd().split("\n");
  const online = cpus.trim().split(/\s+/).map((cpu) => Number(cpu.slice("CPU".length)));
  return new Map(lines.map((line) => {
    const [name, ...counts] = line.trim().split(/[:\s]+/);
    const byCpu: number[] = [];
    for (const [at, cpu] of online.entries()) byCpu[cpu] = Number(counts[at]);
    return [name.toLowerCase(), byCpu];
  }));
}

/** From include/uapi/linux/bpf.h. */
const BPF_F_TEST_RUN_ON_CPU = 1;

/** A test run of a raw tracepoint that has the number of a soft interrupt for its argument. */
export function on(cpu: number, softirq: number) {
  const context = new Uint8Array(new BigUint64Array([BigInt(softirq)]).buffer);
  return { context, cpu, flags: BPF_F_TEST_RUN_ON_CPU };
}
