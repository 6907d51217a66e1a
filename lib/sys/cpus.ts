import { readTextFile } from "./file.ts";

/** The numbers of the CPUs that are online. */
export function onlineCpus(): number[] {
  return parseCpuList(readTextFile("/sys/devices/system/cpu/online"));
}

/** The numbers in a list as the kernel writes it, `0-3,8`: cpuset(7), "List format". */
export function parseCpuList(list: string): number[] {
  return list.trim().split(",").filter((part) => part !== "").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}
