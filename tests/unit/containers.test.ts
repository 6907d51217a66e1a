import { assertEquals } from "@std/assert";
import { mountPoints } from "#lib/sys/cgroups.ts";
import {
  containerdNames,
  containerId,
  containersIn,
  dockerNames,
  matchContainers,
  podmanNames,
} from "#lib/sys/containers.ts";

const [A, B, C] = ["a1", "a2", "b3"].map((start) => start.padEnd(64, "0123456789abcdef"));

const byRoot = () => true;

Deno.test("containerId() finds the id in the cgroup path of every runtime", () => {
  const pod = "kubepods-burstable-pod6a2b_8c.slice";
  for (
    const path of [
      `/system.slice/docker-${A}.scope`,
      `/docker/${A}`,
      `/machine.slice/libpod-${A}.scope`,
      `/machine.slice/libpod-${A}.scope/container/system.slice`,
      `/libpod_parent/libpod-${A}`,
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${A}.scope`,
      `/kubepods.slice/kubepods-burstable.slice/${pod}/cri-containerd-${A}.scope`,
      `/kubepods.slice/kubepods-burstable.slice/${pod}/crio-${A}.scope`,
      `/system.slice/containerd.service/${pod}:cri-containerd:${A}`,
      `/kubepods/burstable/pod6a2b8c/${A}`,
      `/kubepods/besteffort/pod6a2b8c/crio-${A}`,
      `/ecs/0a1b2c/${A}`,
      `/system.slice/nerdctl-${A}.scope`,
      `/docker/${B}/kubelet/kubepods/pod6a2b8c/${A}`,
    ]
  ) assertEquals(containerId(path), A, path);
});

Deno.test("containerId() knows runtimes whose ids are names, or of their own form", () => {
  const task = A.slice(0, 32);
  for (
    const [path, id] of [
      ["/lxc.payload.web", "web"],
      ["/lxc/web/system.slice/ssh.service", "web"],
      ["/machine.slice/machine-deb\\x2d12.scope/init.scope", "deb-12"],
      ["/machine.slice/systemd-nspawn@deb.service/payload", "deb"],
      [`/ecs/${task}/${task}-2495160603`, `${task}-2495160603`],
      ["/system.slice/garden.service/garden/1b2c3d4e-5f60-4a4b", "1b2c3d4e-5f60-4a4b"],
      [`/lxc/host/docker/${A}`, A],
    ]
  ) assertEquals(containerId(path), id, path);
  assertEquals(containersIn(["/lxc", "/lxc/web", "/lxc/web/system.slice"], [], byRoot), [
    { id: "web", names: [], cgroup: "/lxc/web", trusted: true },
  ]);
});

Deno.test("containerId() takes neither monitors nor what is no id for a container", () => {
  for (
    const path of [
      "",
      "/",
      "/system.slice/ssh.service",
      `/machine.slice/libpod-conmon-${A}.scope`,
      `/machine.slice/crio-conmon-${A}.scope`,
      `/docker/${A.slice(1)}`,
      `/docker/${A}0`,
      `/docker/${A.toUpperCase()}`,
      `/system.slice/docker-${A}.service`,
      "/lxc.monitor.web",
      "/lxc",
      "/machine.slice/machine-qemu\\x2d1\\x2ddeb.scope",
      `/system.slice/run-r${A.slice(0, 32)}.scope`,
    ]
  ) assertEquals(containerId(path), undefined, path);
});

Deno.test("containersIn() gives each container once, with the cgroup that holds all of it", () => {
  const cgroups = ["", "/docker", `/docker/${A}`, `/docker/${B}`, `/docker/${A}/${A}`, "/redis"];
  const known = [{ id: A, names: ["web"] }, { id: C, names: ["old"] }, { id: "redis", names: [] }];
  assertEquals(containersIn(cgroups, known, byRoot), [
    { id: A, names: ["web"], cgroup: `/docker/${A}`, trusted: true },
    { id: B, names: [], cgroup: `/docker/${B}`, trusted: true },
    { id: "redis", names: [], cgroup: "/redis", trusted: true },
  ]);
});

Deno.test("of several cgroups for one container those count that root has named", () => {
  const [own, claimed] = [`/a.slice/b.slice/docker-${A}.scope`, `/user.slice/docker-${A}.scope`];
  const cgroups = (trusted: string[]) =>
    containersIn([claimed, own, `${own}/init`], [], (cgroup) => trusted.includes(cgroup))
      .map(({ id, cgroup }) => [id, cgroup]);
  assertEquals(cgroups([own]), [[A, own]]);
  assertEquals(cgroups([own, claimed]), [[A, claimed], [A, own]], "both are shown");
  assertEquals(cgroups([]), [[A, claimed], [A, own]], "none is better than the other");
  assertEquals(matchContainers(A, containersIn([claimed, own], [], byRoot)).length, 2);
});

Deno.test("matchContainers() prefers the id, then the name, then the beginning of an id", () => {
  const containers = containersIn([`/${A}`, `/${B}`, `/${C}`], [
    { id: A, names: ["web"] },
    { id: B, names: ["web", "b3"] },
    { id: C, names: [A] },
  ], byRoot);
  const ids = (text: string) => matchContainers(text, containers).map((found) => found.id);
  assertEquals(ids(A), [A]);
  assertEquals(ids("web"), [A, B]);
  assertEquals(ids("b3"), [B], "a name, though an id begins so");
  assertEquals(ids("a"), [A, B]);
  assertEquals(ids("a2"), [B]);
  assertEquals(ids("c"), []);
  assertEquals(ids(""), []);
});

Deno.test("a cgroup that a user named hides no container of root's", () => {
  const own = `/system.slice/docker-${A}.scope`;
  const user = "/user.slice/user-1000.slice";
  for (const text of ["web", A.slice(0, 12)]) {
    const claimed = [`${user}/lxc.payload.${text}`, `${user}/machine-${text}.scope`];
    const found = (cgroups: string[]) =>
      matchContainers(
        text,
        containersIn(cgroups, [{ id: A, names: ["web"] }], (cgroup) => cgroup === own),
      ).map(({ cgroup }) => cgroup);
    for (const claim of claimed) {
      assertEquals(found([own, claim]).toSorted(), [own, claim], text);
      assertEquals(found([claim]), [claim], "a container of the user's own can be named");
    }
    assertEquals(found([own]), [own]);
  }
});

Deno.test("names come out of the runtimes' files as these write them", () => {
  assertEquals(dockerNames(A, '{"ID":"x","Name":"/web"}'), { id: A, names: ["web"] });
  assertEquals(
    podmanNames(`[{"id":"${A}","names":["db","alias"],"image":"x"},{"id":"${B}"}]`),
    [{ id: A, names: ["db", "alias"] }, { id: B, names: [] }],
  );
  const config = JSON.stringify({
    annotations: {
      "io.kubernetes.cri.container-name": "nginx",
      "io.kubernetes.cri.sandbox-name": "web-7d4b",
      "io.kubernetes.cri.sandbox-namespace": "shop",
    },
  });
  const names = ["nginx", "web-7d4b/nginx", "shop/web-7d4b/nginx"];
  assertEquals(containerdNames(A, config), { id: A, names });
  assertEquals(containerdNames(A, '{"annotations":{"nerdctl/name":"n"}}').names, ["n"]);
});

Deno.test("the sandbox of a pod has the pod's name", () => {
  const config = JSON.stringify({
    annotations: {
      "io.kubernetes.cri.container-type": "sandbox",
      "io.kubernetes.cri.sandbox-name": "web-7d4b",
      "io.kubernetes.cri.sandbox-namespace": "shop",
    },
  });
  assertEquals(containerdNames(A, config).names, ["web-7d4b", "shop/web-7d4b"]);
});

Deno.test("a file that is missing, half written or of another shape gives no names", () => {
  for (
    const text of [undefined, "", '{"Name":', "null", "7", '{"Name":7}', '{"names":[1]}', "[]"]
  ) {
    assertEquals(dockerNames(A, text), { id: A, names: [] });
    assertEquals(podmanNames(text), []);
    assertEquals(containerdNames(A, text), { id: A, names: [] });
  }
  assertEquals(podmanNames('[7, {"id":7}, null, {"id":"x","names":[7,"n"]}]'), [
    { id: "x", names: ["n"] },
  ]);
});

Deno.test("mountPoints() reads mountinfo, with optional fields and spaces in paths", () => {
  const mountinfo = [
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 master:2 - cgroup cgroup rw,cpu",
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:10 - cgroup2 cgroup2 rw",
    "42 31 0:38 / /mnt/with\\040space rw - cgroup2 cgroup2 rw",
    "",
  ].join("\n");
  assertEquals(mountPoints(mountinfo, "cgroup2"), [
    "/sys/fs/cgroup/unified",
    "/mnt/with space",
  ]);
  assertEquals(mountPoints("", "cgroup2"), []);
});
