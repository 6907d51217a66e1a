import { run } from "./network_namespace.ts";

/** Connects to a port of this host, by the name of a host, which a shell looks up each time. */
export function connect(count: number, host: string): void {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const script = `for ((i = 0; i < ${count}; i++)); do : <>/dev/tcp/${host}/${port}; done`;
  run("bash", "-c", script);
}
