/** Connections that carry a known number of bytes: tests/workloads/carries.c. */
import { assert } from "@std/assert";
import type { RunningTool } from "../kernel/running_tool.ts";
import { runBeside } from "./tcp_workload.ts";

const carries = new URL("../../build/tests/carries", import.meta.url).pathname;

/** What carries.c prints: its processes (0 for none), the port of the server, and what the client has sent. */
export interface Carried {
  readonly client: number;
  /** The child of the client that has the socket open, too. */
  readonly other: number;
  /** The child of the server that has accepted the connection. */
  readonly worker: number;
  readonly port: number;
  readonly bytes: bigint;
}

/** The same by its names. */
export function named([client, other, worker, port, bytes]: readonly number[]): Carried {
  return { client, other, worker, port, bytes: BigInt(bytes) };
}

/** Runs carries.c in the tool's network to its end. */
export function runCarries(tool: RunningTool, kind: string, bytes: number): Carried {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  return named(runBeside(tool, carries, kind, String(bytes)).trim().split(" ").map(Number));
}

/** A connection of carries.c, which ends with this. */
export class Holding implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  /** Begins one of this kind, in this thread's network. */
  constructor(kind: string, bytes: number) {
    this.#child = new Deno.Command(carries, {
      args: [kind, String(bytes)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = this.#child.stdin.getWriter();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until it has sent. */
  async made(): Promise<Carried> {
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await this.#lines.read();
      assert(!done, "the workload has ended");
      line += value;
    }
    return named(line.trim().split(" ").map(Number));
  }

  /** Has it send once more. */
  sendMore(): Promise<Carried> {
    void this.#input.write(Uint8Array.of(1));
    return this.made();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#child.status;
    await this.#lines.cancel();
  }
}
