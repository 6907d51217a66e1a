/** What the numbers were measured on, in one line. */
export function machine(): string {
  const cpu = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  return `${cpu ?? Deno.build.arch}, ${navigator.hardwareConcurrency} CPUs, ${memory} GiB, ` +
    `Linux ${Deno.osRelease()}, Deno ${Deno.version.deno}`;
}
