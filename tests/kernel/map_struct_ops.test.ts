import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { MapsStructOps } from "../../build/tests/skel/maps_struct_ops.ts";
import { BpfError, PhaseError } from "#lib/mod.ts";
import { alone } from "./alone.ts";
import { kernelTest } from "./harness.ts";

await alone("struct_ops");

const AF_INET = 2, SOCK_STREAM = 1, IPPROTO_TCP = 6, TCP_CONGESTION = 13;
const SIZE = 100_003;

const needs = ["struct_ops"] as const;

/** Sends some bytes over the loopback with this congestion control; false if the kernel has none. */
function send(congestion: string): boolean {
  const libc = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    listen: { parameters: ["i32", "i32"], result: "i32" },
    accept: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
    recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { socket, setsockopt, bind, getsockname, listen, accept, connect, send, recv, close } =
    libc.symbols;
  const [server, client] = [socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET, SOCK_STREAM, 0)];
  try {
    const name = new TextEncoder().encode(congestion) as Uint8Array<ArrayBuffer>;
    if (setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, name, name.length) < 0) return false;
    const address = Uint8Array.of(AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    assertEquals(bind(server, address, 16), 0);
    getsockname(server, address, new Uint8Array(Uint32Array.of(16).buffer));
    assertEquals(listen(server, 1), 0);
    assertEquals(connect(client, address, 16), 0);
    const peer = accept(server, null, null);
    const bytes = new Uint8Array(1009);
    for (let sent = 0; sent < SIZE; sent += bytes.length) {
      send(client, bytes, BigInt(bytes.length), 0);
      for (let left = bytes.length; left > 0;) left -= Number(recv(peer, bytes, BigInt(left), 0));
    }
    close(peer);
    return true;
  } finally {
    close(server);
    close(client);
    libc.close();
  }
}

kernelTest("a congestion control is registered and asked, and taken back", { needs }, () => {
  using ops = MapsStructOps.open().load();
  assertEquals(send("denobpf_test"), false);
  const link = ops.maps.congestion.register();
  assertThrows(() => ops.maps.congestion.register(), BpfError);
  assert(send("denobpf_test"));
  assertGreater(ops.bss.asked, 0n);
  link.destroy();
  assertEquals(send("denobpf_test"), false);
});

kernelTest("a table that is registered still is taken back with its object", { needs }, () => {
  const ops = MapsStructOps.open().load();
  ops.maps.congestion.register();
  ops[Symbol.dispose]();
  assertEquals(send("denobpf_test"), false);
  assertThrows(() => ops.maps.congestion.register(), PhaseError, "is closed");
});
