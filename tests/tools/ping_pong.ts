/** Sends a byte to and fro by the loopback device, this many times: the soft interrupt net_rx has to run for that. */
export async function pingPong(count: number): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  using server = await listener.accept();
  const byte = new Uint8Array(1);
  for (let sent = 0; sent < count; sent++) {
    await client.write(byte);
    await server.read(byte);
    await server.write(byte);
    await client.read(byte);
  }
}
