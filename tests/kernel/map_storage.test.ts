import { assert, assertEquals, assertThrows } from "@std/assert";
import { MapsStorage } from "../../build/tests/skel/maps_storage.ts";
import { PhaseError } from "#lib/mod.ts";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { call, callElsewhere, STORAGE_CALL } from "./call.ts";
import { hasFeature, kernelTest } from "./harness.ts";

function loadedStorage() {
  const opened = MapsStorage.open();
  opened.rodata.owner = Deno.pid;
  opened.maps.by_task.autocreate = hasFeature("task_storage");
  opened.progs.on_call.autoload = hasFeature("task_storage");
  opened.maps.by_file.autocreate = hasFeature("inode_storage");
  opened.maps.by_cgroup.autocreate = hasFeature("cgrp_storage");
  return opened.load().attach();
}

kernelTest("the values of tasks are found by pid", { needs: ["task_storage"] }, async () => {
  using storage = loadedStorage();
  const { by_task } = storage.maps;
  assertEquals(by_task.lookup(Deno.pid), undefined);
  for (let i = 0; i < 23; i++) call(STORAGE_CALL | 3);
  assertEquals(by_task.lookup(Deno.pid), { count: 69n, name: "" });
  assert(by_task.update(Deno.pid, { count: 100n, name: "mine" }, "exist"));
  call(STORAGE_CALL | 1);
  assertEquals(by_task.lookup(Deno.pid), { count: 101n, name: "mine" });
  const child = callElsewhere(STORAGE_CALL | 1);
  const { pid } = child;
  assert((await child.status).success);
  assertThrows(() => by_task.lookup(pid), Error, `open process ${pid}`);
  assertEquals(by_task.delete(Deno.pid), true);
  assertEquals(by_task.delete(Deno.pid), false);
  assertEquals(by_task.lookup(Deno.pid), undefined);
});

kernelTest("the values of sockets are found by descriptor", {}, () => {
  using storage = loadedStorage();
  const { by_socket } = storage.maps;
  const libc = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const AF_INET = 2, SOCK_STREAM = 1;
  const socket = libc.symbols.socket(AF_INET, SOCK_STREAM, 0);
  try {
    assertEquals(by_socket.lookup(socket), undefined);
    assertEquals(by_socket.update(socket, { count: 1n, name: "a" }, "exist"), false);
    assert(by_socket.update(socket, { count: 7n, name: "a" }, "noexist"));
    assertEquals(by_socket.lookup({ fd: socket }), { count: 7n, name: "a" });
    assertEquals([by_socket.delete(socket), by_socket.delete(socket)], [true, false]);
  } finally {
    libc.symbols.close(socket);
    libc.close();
  }
});

kernelTest("the values of files are found by path", { needs: ["inode_storage"] }, () => {
  using storage = loadedStorage();
  const { by_file } = storage.maps;
  const path = Deno.makeTempFileSync();
  try {
    assertEquals(by_file.lookup(path), undefined);
    assert(by_file.update(path, { count: 11n, name: "file" }));
    assertEquals(by_file.lookup(path), { count: 11n, name: "file" });
    assertEquals(by_file.delete(path), true);
    assertThrows(() => by_file.lookup(`${path}.none`), Error, "No such file");
  } finally {
    Deno.removeSync(path);
  }
});

kernelTest("the values of cgroups are found by path", { needs: ["cgrp_storage"] }, () => {
  using storage = loadedStorage();
  const { by_cgroup } = storage.maps;
  const root = cgroupMount()!;
  assertEquals(by_cgroup.lookup(root), undefined);
  assert(by_cgroup.update(root, { count: 13n, name: "root" }));
  assertEquals(by_cgroup.lookup(root), { count: 13n, name: "root" });
  assertEquals(by_cgroup.delete(root), true);
  storage[Symbol.dispose]();
  assertThrows(() => by_cgroup.lookup(root), PhaseError, "is closed");
});
