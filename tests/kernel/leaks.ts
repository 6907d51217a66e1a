/** What a process holds in the kernel: its open files, and the BPF memory mapped into it. */

import { delay, patient } from "./patience.ts";

/** How often each link occurs: "anon_inode:bpf-map" names every map alike. */
type Holdings = Map<string, number>;

/** One entry for each open file (its link) and for each BPF mapping of this process. */
export function holdings(): Holdings {
  const held: Holdings = new Map();
  const add = (link: string) => held.set(link, (held.get(link) ?? 0) + 1);
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      const link = Deno.readLinkSync(`/proc/self/fd/${name}`);
      // Deno opens itself when it first makes the trace of an error.
      if (link !== Deno.execPath()) add(link);
    } catch (error) {
      // The descriptor that the listing itself used is gone by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  for (const line of Deno.readTextFileSync("/proc/self/maps").split("\n")) {
    const bpf = line.match(/anon_inode:bpf\S*/);
    if (bpf) add(`mapping of ${bpf[0]}`);
  }
  return held;
}

/** What is held now and was not before, with its count: empty when nothing leaked. */
export function leakedSince(before: Holdings): string[] {
  const leaks: string[] = [];
  for (const [link, count] of holdings()) {
    const more = count - (before.get(link) ?? 0);
    if (more > 0) leaks.push(more > 1 ? `${link} (${more} times)` : link);
  }
  return leaks;
}

/**
 * Like `leakedSince()`, but gives what closes in the background (a link that is destroyed by a
 * nonblocking call, the pipes of an ended child) up to `patienceMs` to be gone.
 */
export async function lastingLeaks(before: Holdings, patienceMs = 10_000): Promise<string[]> {
  const deadline = performance.now() + patient(patienceMs);
  for (;;) {
    const leaks = leakedSince(before);
    if (leaks.length === 0 || performance.now() > deadline) return leaks;
    await delay(10);
  }
}

/**
 * Has Deno open what it opens once and keeps: the pipes and handlers that children and signals need.
 * Whatever is new after this belongs to a test.
 */
export async function openDenosOwnFiles(): Promise<void> {
  const child = new Deno.Command("/bin/true", {
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdin.close();
  await child.output();
  const ignore = () => {};
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, ignore);
    Deno.removeSignalListener(signal, ignore);
  }
}
