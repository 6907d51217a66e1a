/** Sockets that are there for a while, in a network of their own: tests/workloads/sockets.c. */
import { assert } from "@std/assert";
import { NetworkNamespace } from "../kernel/network_namespace.ts";

const workload = new URL("../../build/tests/sockets", import.meta.url).pathname;

/** A process that holds sockets until this ends. */
export class HeldSockets implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  /** The port that a socket of TCP listens at. */
  readonly port: number;
  /** Its child, or another port. */
  readonly other: number;

  private constructor(
    child: Deno.ChildProcess,
    output: ReadableStreamDefaultReader<Uint8Array>,
    numbers: readonly number[],
  ) {
    this.#child = child;
    this.#output = output;
    [, this.port, this.other] = numbers;
  }

  /** Makes sockets of a kind. */
  static async make(
    kind: "plain" | "shared" | "ended" | "passed" | "full" | "vsock" | "mptcp" | "child",
  ): Promise<HeldSockets> {
    const child = (() => {
      using _ = new NetworkNamespace();
      return new Deno.Command(workload, { args: [kind], stdin: "piped", stdout: "piped" }).spawn();
    })();
    const output = child.stdout.getReader();
    const { value } = await output.read();
    assert(value !== undefined, "the workload has failed");
    return new HeldSockets(child, output, new TextDecoder().decode(value).split(" ").map(Number));
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The inode of its network. */
  get netns(): number {
    return Number(/\d+/.exec(Deno.readLinkSync(`/proc/${this.pid}/ns/net`))![0]);
  }

  /** The inodes of its sockets by their descriptors, as /proc shows them. */
  inodes(): Map<number, bigint> {
    const folder = `/proc/${this.pid}/fd`;
    return new Map([...Deno.readDirSync(folder)].flatMap(({ name }) => {
      const inode = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`${folder}/${name}`))?.[1];
      return inode === undefined ? [] : [[Number(name), BigInt(inode)]];
    }));
  }

  /** A file of /proc/net in its network: the words of each line, the first one with the names left out. */
  proc(name: string): string[][] {
    const lines = Deno.readTextFileSync(`/proc/${this.pid}/net/${name}`).trim().split("\n");
    return lines.slice(1).map((line) => line.trim().split(/\s+/));
  }

  /** What ss(8) prints in its network. */
  ss(...args: string[]): string[] {
    const { stdout } = new Deno.Command("nsenter", {
      args: [`--net=/proc/${this.pid}/ns/net`, "ss", ...args],
    }).outputSync();
    return new TextDecoder().decode(stdout).trimEnd().split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
    await this.#output.cancel();
  }
}
