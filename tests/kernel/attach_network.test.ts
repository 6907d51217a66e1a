import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AttachNetwork } from "../../build/tests/skel/attach_network.ts";
import {
  attachCgroup,
  attachNetns,
  attachSocket,
  attachSockmap,
  attachTc,
  attachXdp,
  BpfError,
  linkInfo,
  PacketSocket,
} from "#lib/mod.ts";
import { SystemError } from "#lib/sys/errno.ts";
import { Cgroup } from "./cgroup.ts";
import { kernelTest } from "./harness.ts";
import { NetworkNamespace, run, sendDatagrams } from "./network_namespace.ts";
import { TcpPair } from "./tcp_pair.ts";

const PACKETS = 23;
const PORT = 40009;
const LO = 1;

type Programs = keyof ReturnType<typeof AttachNetwork.open>["progs"];

function load(...names: Programs[]) {
  const opened = AttachNetwork.open();
  opened.rodata.port = PORT;
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = names.includes(name as Programs);
  }
  return opened.load();
}

kernelTest("xdp sees the packets that an interface receives", {}, () => {
  using _ = new NetworkNamespace();
  using skel = load("on_xdp");
  using link = attachXdp(skel.progs.on_xdp, "lo", { mode: "generic" });
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.xdp_packets, BigInt(PACKETS));
  assertEquals(linkInfo(link), {
    id: link.info().id,
    programId: link.info().programId,
    type: "xdp",
    ifindex: LO,
  });
  link.destroy();
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.xdp_packets, BigInt(PACKETS));
});

kernelTest("the program of an xdp link is replaced, and detached", {}, () => {
  using _ = new NetworkNamespace();
  using skel = load("on_xdp", "drop_xdp", "on_tc");
  using link = attachXdp(skel.progs.drop_xdp, "lo");
  const taken = assertThrows(() => attachXdp(skel.progs.on_xdp, LO), BpfError);
  assertEquals(taken.code, "EBUSY");
  using filter = attachTc(skel.progs.on_tc, "lo", "ingress");
  sendDatagrams(PACKETS, PORT);
  assertEquals([skel.bss.xdp_packets, skel.bss.tc_packets], [0n, 0n]);
  link.update(skel.progs.on_xdp);
  sendDatagrams(PACKETS, PORT);
  assertEquals([skel.bss.xdp_packets, skel.bss.tc_packets], [23n, 23n]);
  link.detach();
  sendDatagrams(PACKETS, PORT);
  assertEquals([skel.bss.xdp_packets, skel.bss.tc_packets], [23n, 46n]);
  filter.destroy();
});

kernelTest("an interface that does not exist is told, with those that do", {}, () => {
  using _ = new NetworkNamespace();
  using skel = load("on_xdp");
  assertThrows(
    () => attachXdp(skel.progs.on_xdp, "eth7"),
    SystemError,
    "interface eth7 (there are",
  );
});

kernelTest("tc filters see both directions, in the order of their priorities", {}, () => {
  using _ = new NetworkNamespace();
  using skel = load("on_tc");
  const ingress = attachTc(skel.progs.on_tc, "lo", "ingress");
  using egress = attachTc(skel.progs.on_tc, "lo", "egress", { handle: 7, priority: 3 });
  assertEquals([egress.handle, egress.priority], [7, 3]);
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.tc_packets, BigInt(2 * PACKETS));
  const again = { handle: 7, priority: 3 };
  const taken = assertThrows(() => attachTc(skel.progs.on_tc, "lo", "egress", again), BpfError);
  assertEquals(taken.code, "EEXIST");
  using _replaced = attachTc(skel.progs.on_tc, "lo", "egress", { ...again, replace: true });
  egress.destroy();
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.tc_packets, BigInt(3 * PACKETS));
  // It had made the hook, which goes with it.
  ingress.destroy();
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.tc_packets, BigInt(3 * PACKETS));
});

kernelTest("a socket filter sees the packets of its socket", {}, () => {
  using _ = new NetworkNamespace();
  using skel = load("on_socket");
  using socket = new PacketSocket("lo");
  const filter = attachSocket(skel.progs.on_socket, socket);
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.socket_packets, BigInt(PACKETS));
  filter.destroy();
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.socket_packets, BigInt(PACKETS));
});

kernelTest("a program of a map of sockets sees what they send", {}, () => {
  using _ = new NetworkNamespace();
  using skel = load("on_message");
  using pair = new TcpPair();
  const attachment = attachSockmap(skel.progs.on_message, skel.maps.socket_map, "sk_msg_verdict");
  skel.maps.socket_map.set(0, { fd: pair.sender });
  for (let i = 0; i < PACKETS; i++) pair.send();
  assertEquals(skel.bss.messages, BigInt(PACKETS));
  attachment.destroy();
  attachment.destroy();
});

kernelTest("a program of a cgroup sees its processes alone, and is replaced", {}, async () => {
  await using group = new Cgroup();
  using skel = load("on_socket_create", "on_other_socket_create");
  using link = attachCgroup(skel.progs.on_socket_create, group.path);
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.sockets, 0n);
  sendDatagramsIn(group, PACKETS);
  assertEquals(skel.bss.sockets, BigInt(PACKETS));
  const info = linkInfo(link);
  assertEquals(info.type === "cgroup" && info.attachType, "cgroup_inet_sock_create");
  assertEquals(info.type === "cgroup" && Number(info.cgroupId), Deno.statSync(group.path).ino);
  link.update(skel.progs.on_other_socket_create);
  sendDatagramsIn(group, PACKETS);
  assertEquals([skel.bss.sockets, skel.bss.other_sockets], [23n, 23n]);
  assertThrows(() => attachCgroup(skel.progs.on_socket_create, "/sys/no"), SystemError, "/sys/no");
  const error = assertThrows(() => attachCgroup(skel.progs.on_socket_create, "/tmp"), BpfError);
  assertEquals(error.code, "EBADF");
  assertStringIncludes(error.message, "/tmp is no cgroup of version 2");
});

kernelTest("a program of a network namespace steers its lookups", {}, () => {
  using _ = new NetworkNamespace();
  using skel = load("on_lookup");
  using link = attachNetns(skel.progs.on_lookup, "/proc/thread-self/ns/net");
  sendDatagrams(PACKETS, PORT);
  assertEquals(skel.bss.lookups, BigInt(PACKETS));
  assertEquals(linkInfo(link).type, "netns");
});

/** {@link sendDatagrams} by a process in the cgroup. */
function sendDatagramsIn(cgroup: Cgroup, count: number): void {
  const send = `for ((i = 0; i < ${count}; i++)); do echo > /dev/udp/127.0.0.1/${PORT}; done`;
  const [command, ...args] = cgroup.command("bash", "-c", send);
  run(command, ...args);
}
