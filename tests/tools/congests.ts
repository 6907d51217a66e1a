/** Connections whose timer runs out: tests/workloads/congests.c. */
import { assert } from "@std/assert";

const workload = new URL("../../build/tests/congests", import.meta.url).pathname;

/** What congests.c prints of a connection. */
export interface Lossy {
  /** Its local port. */
  readonly port: number;
  /** How long it was in the state Loss, in nanoseconds. */
  readonly least: bigint;
  readonly most: bigint;
}

/** What congests.c prints. */
export interface Congests {
  readonly pid: number;
  /** Port of the server. */
  readonly port: number;
  readonly connections: readonly Lossy[];
}

function parsed(output: string): Congests {
  const [[pid, port], ...lines] = output.trim().split("\n").map((line) => line.split(" "));
  const connections = lines.map(([port, least, most]) => ({
    port: Number(port),
    least: BigInt(least),
    most: BigInt(most),
  }));
  return { pid: Number(pid), port: Number(port), connections };
}

/** Makes connections that lose a segment, in this thread's network, to their end. */
export function runCongests(count: number, address = "127.0.0.1", port = 0): Congests {
  const { success, stdout, stderr } = new Deno.Command(workload, {
    args: ["lost", `${count}`, address, `${port}`],
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return parsed(new TextDecoder().decode(stdout));
}

/** Connections that have lost a segment, until this ends. */
export class StuckConnections implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  /** Begins them in this thread's network. */
  constructor(count: number) {
    this.#child = new Deno.Command(workload, {
      args: ["stuck", `${count}`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
  }

  /** Waits until all are in the state Loss. */
  async made(count: number): Promise<Congests> {
    let output = "";
    const reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    while (output.split("\n").length < count + 2) {
      const { value, done } = await reader.read();
      assert(!done, "the workload has ended");
      output += value;
    }
    await reader.cancel();
    return parsed(output);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}
