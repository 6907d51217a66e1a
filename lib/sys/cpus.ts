import { readTextFile, tryReadTextFile } from "./file.ts";

/** The numbers of the CPUs that are online. */
export function onlineCpus(): number[] {
  return parseCpuList(readTextFile("/sys/devices/system/cpu/online"));
}

const NODES = "/sys/devices/system/node/";

/** The NUMA node of each CPU: none where the kernel knows of no nodes. */
export function cpuNodes(): Map<number, number> {
  const nodes = parseCpuList(tryReadTextFile(`${NODES}online`) ?? "");
  return new Map(
    nodes.flatMap((node) =>
      parseCpuList(readTextFile(`${NODES}node${node}/cpulist`)).map((cpu) => [cpu, node] as const)
    ),
  );
}

/** The numbers in a list as the kernel writes it, `0-3,8`: cpuset(7), "List format". */
export function parseCpuList(list: string): number[] {
  return list.trim().split(",").filter((part) => part !== "").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}
