import { assertEquals, assertThrows } from "@std/assert";
import { AttachNetwork } from "../../build/tests/skel/attach_network.ts";
import {
  attachCgroup,
  BpfError,
  linkInfo,
  listLinks,
  listPrograms,
  openLink,
  openProgram,
  PhaseError,
  programCode,
  programInfo,
} from "#lib/mod.ts";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { call, MAPS_CALL, openMaps } from "./call.ts";
import { kernelTest } from "./harness.ts";
import { run } from "./network_namespace.ts";

const CALLS = 23;

kernelTest("a link reports what it is attached to, by kind", {}, () => {
  using skel = openMaps().load().attach();
  const link = skel.links.on_call!;
  const info = linkInfo(link);
  const program = programInfo(skel.progs.on_call);
  assertEquals(info.programId, program.id);
  assertEquals(info.type === "raw_tracepoint" && info.name, "sys_enter");
  assertEquals(listLinks().find(({ id }) => id === info.id), info);
});

kernelTest("a program reports what it is, and is found by its id", {}, () => {
  using skel = openMaps().load();
  const info = programInfo(skel.progs.on_call);
  assertEquals([info.name, info.type, info.uid], ["on_call", "tracing", 0]);
  assertEquals(info.tag.length, 16);
  assertEquals(info.mapIds.length > 0, true);
  assertEquals(programCode(skel.progs.on_call, "xlated").length, info.xlatedSize);
  assertEquals(listPrograms().some(({ id }) => id === info.id), true);
  using found = openProgram(info.id);
  assertEquals(found.info().tag, info.tag);
  found[Symbol.dispose]();
  assertThrows(() => found.info(), PhaseError, "closed");
  const error = assertThrows(() => openProgram(0x7fff_ffff), BpfError, "with the id 2147483647");
  assertEquals(error.code, "ENOENT");
});

kernelTest("a pinned link outlives its object, and is opened again", {}, () => {
  using bpffs = new BpfFileSystem();
  const path = `${bpffs.path}/link`;
  {
    using skel = openMaps().load().attach();
    skel.links.on_call!.pin(path);
    const error = assertThrows(() => skel.links.on_call!.pin(path), BpfError);
    assertEquals(error.code, "EBUSY");
  }
  using link = openLink(path);
  using program = openProgram(link.info().programId);
  assertEquals(program.info().name, "on_call");
  Deno.removeSync(path);
  assertThrows(() => openLink(path), BpfError, `pinned at ${path}`);
});

kernelTest("a link that is unpinned goes with its object", {}, () => {
  using bpffs = new BpfFileSystem();
  const path = `${bpffs.path}/link`;
  using skel = openMaps().load().attach();
  const link = skel.links.on_call!;
  link.pin(path);
  link.unpin();
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  for (let i = 0; i < CALLS; i++) call(MAPS_CALL | 1);
  assertEquals(skel.bss.calls, BigInt(CALLS));
});

kernelTest("a pinned program is opened again", {}, () => {
  using bpffs = new BpfFileSystem();
  const path = `${bpffs.path}/program`;
  using skel = openMaps().load();
  skel.progs.on_call.pin(path);
  using pinned = openProgram(path);
  assertEquals(pinned.info().id, programInfo(skel.progs.on_call).id);
  pinned.pin(`${bpffs.path}/again`);
  skel.progs.on_call.unpin(path);
  assertThrows(() => openProgram(path), BpfError);
  assertThrows(() => skel.progs.on_call.pin("/tmp/denobpf_pin"), BpfError, "/tmp/denobpf_pin");
});

kernelTest("a link of tracing cannot be detached or updated, and says so", {}, () => {
  using skel = openMaps().load().attach();
  const link = skel.links.on_call!;
  assertThrows(() => link.detach(), BpfError, "Cannot detach on_call");
  link.destroy();
  assertThrows(() => link.detach(), PhaseError, "it is destroyed");
  assertThrows(() => link.fd, PhaseError, "it is destroyed");
});

kernelTest("a link of a cgroup is detached while others hold it", {}, () => {
  const opened = AttachNetwork.open();
  for (const program of Object.values(opened.progs)) program.autoload = false;
  opened.progs.on_socket_create.autoload = true;
  using skel = opened.load();
  using link = attachCgroup(skel.progs.on_socket_create, cgroupMount()!);
  using same = openLink(linkInfo(link).id);
  link.detach();
  const info = same.info();
  assertEquals(info.type === "cgroup" && info.cgroupId, 0n);
});

kernelTest("what a program of another object attaches to can be taken over", {}, () => {
  using first = openOther();
  using second = openOther();
  using link = attachCgroup(first.progs.on_socket_create, cgroupMount()!);
  link.update(second.progs.on_socket_create);
  assertEquals(linkInfo(link).programId, programInfo(second.progs.on_socket_create).id);
});

function openOther() {
  const opened = AttachNetwork.open();
  for (const program of Object.values(opened.progs)) program.autoload = false;
  opened.progs.on_socket_create.autoload = true;
  return opened.load();
}

/** A bpf file system of the test's own. */
class BpfFileSystem implements Disposable {
  readonly path = Deno.makeTempDirSync();

  constructor() {
    run("mount", "-t", "bpf", "bpf", this.path);
  }

  [Symbol.dispose](): void {
    run("umount", this.path);
    Deno.removeSync(this.path);
  }
}
