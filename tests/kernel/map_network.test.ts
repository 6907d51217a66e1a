import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { MapsNetwork } from "../../build/tests/skel/maps_network.ts";
import { attachCgroup, BpfError } from "#lib/mod.ts";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { kernelTest } from "./harness.ts";

const COUNTED_SIZE = 1037;
const AF_INET = 2, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOL_SOCKET = 1, SO_REUSEPORT = 15;

/** Sockets of the kernel's own: Deno does not give the descriptors of its. */
class Sockets implements Disposable {
  readonly #libc = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    sendto: {
      parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
      result: "isize",
    },
    close: { parameters: ["i32"], result: "i32" },
  });
  readonly #open: number[] = [];

  make(kind: number): number {
    const socket = this.#libc.symbols.socket(AF_INET, kind, 0);
    this.#open.push(socket);
    return socket;
  }

  /** A UDP socket on a free port, which others may share. */
  bound(): number {
    const socket = this.make(SOCK_DGRAM);
    const one = new Uint8Array(Int32Array.of(1).buffer);
    this.#libc.symbols.setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, one, 4);
    const address = new Uint8Array(16);
    new DataView(address.buffer).setUint16(0, AF_INET, true);
    address.set([127, 0, 0, 1], 4);
    assertEquals(this.#libc.symbols.bind(socket, address, 16), 0);
    return socket;
  }

  /** Sends this many bytes to the discard port of the loopback. */
  send(bytes: number): void {
    const address = Uint8Array.of(AF_INET, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const data = new Uint8Array(bytes);
    const [socket] = this.#open;
    this.#libc.symbols.sendto(socket, data, BigInt(bytes), 0, address, 16);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open) this.#libc.symbols.close(socket);
    this.#libc.close();
  }
}

kernelTest("sockets are put into maps and known by their cookies", {}, () => {
  using network = MapsNetwork.open().load();
  using sockets = new Sockets();
  const { sockets: array, socket_hash } = network.maps;
  const [first, second] = [sockets.bound(), sockets.bound()];
  array.set(0, first);
  array.set(3, { fd: second });
  socket_hash.set(77n, first);
  const cookies = [array.cookie(0)!, array.cookie(3)!];
  assertNotEquals(cookies[0], cookies[1]);
  assert(cookies.every((cookie) => cookie > 0n));
  assertEquals(array.cookie(1), undefined);
  assertThrows(() => socket_hash.cookie(77n), BpfError, "a cookie has 8");
  assertEquals([array.delete(0), socket_hash.delete(77n)], [true, true]);
  assertEquals(array.cookie(0), undefined);
  assertThrows(() => array.set(1, sockets.make(SOCK_STREAM)), BpfError, "EOPNOTSUPP");
  assertThrows(() => array.set(4, first), BpfError, "E2BIG");
});

kernelTest("listeners that share a port are put into a map", {}, () => {
  using network = MapsNetwork.open().load();
  using sockets = new Sockets();
  const { listeners } = network.maps;
  listeners.set(2, sockets.bound());
  assert(listeners.cookie(2)! > 0n);
  assertEquals([listeners.delete(2), listeners.cookie(2)], [true, undefined]);
});

kernelTest("network devices, CPUs and queues are what programs redirect to", {}, () => {
  using network = MapsNetwork.open().load();
  const { devices, device_hash, cpus, queues } = network.maps;
  const loopback = Number(Deno.readTextFileSync("/sys/class/net/lo/ifindex"));
  assert(devices.update(2, loopback));
  assertEquals([devices.lookup(2), devices.lookup(1)], [loopback, undefined]);
  assert(device_hash.update(1000, loopback));
  assertEquals([...device_hash], [[1000, loopback]]);
  assertEquals([devices.delete(2), device_hash.delete(1000)], [true, true]);
  assertThrows(() => devices.update(0, 0x7fff_ffff), BpfError, "EINVAL");
  assert(cpus.update(0, 64));
  assertEquals(cpus.lookup(0), 64);
  assertEquals(cpus.delete(0), true);
  using sockets = new Sockets();
  assertThrows(() => queues.set(0, sockets.make(SOCK_STREAM)), BpfError, "EOPNOTSUPP");
});

kernelTest("a cgroup's own values are found by its inode", {}, () => {
  using network = MapsNetwork.open().load();
  const root = cgroupMount()!;
  using _ = attachCgroup(network.progs.on_packet, root);
  using sockets = new Sockets();
  sockets.make(SOCK_DGRAM);
  for (let i = 0; i < 23; i++) sockets.send(COUNTED_SIZE - 28); // without the headers of IP and UDP
  const { by_cgroup, by_cgroup_and_cpu } = network.maps;
  const [[key, count]] = [...by_cgroup];
  assertEquals([key.cgroup_inode_id, count], [BigInt(Deno.statSync(root).ino!), 23n]);
  assertEquals(by_cgroup.lookup(key), 23n);
  const [[, counts]] = [...by_cgroup_and_cpu];
  assertEquals(counts.reduce((sum, value) => sum + value), 23n);
});
