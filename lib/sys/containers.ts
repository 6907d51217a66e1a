/**
 * Containers, found without asking any daemon: the ids from the names of their cgroups, the names from
 * the files that the runtimes keep.
 */
import { cgroupMount, listCgroups } from "./cgroups.ts";
import { tryReadDirectory } from "./directory.ts";
import { tryReadTextFile } from "./file.ts";
import { tryPathStatus } from "./status.ts";

/** A container that runs. */
export interface Container {
  /** 64 hexadecimal digits for most runtimes; others choose freely, and LXC and nspawn have the name here. */
  readonly id: string;
  /** Its names, the shortest first; none where the runtime's files are closed to us. */
  readonly names: readonly string[];
  /** The path of its cgroup below the mount. */
  readonly cgroup: string;
  /** Whether root alone can have named that cgroup. */
  readonly trusted: boolean;
}

/** What a runtime calls a container. */
export interface ContainerNames {
  readonly id: string;
  readonly names: readonly string[];
}

/**
 * The id of the container that a cgroup path leads into, the innermost one of several:
 *
 * | runtime | the cgroup |
 * | --- | --- |
 * | Docker | `docker-ID.scope`, `docker/ID` |
 * | Podman | `libpod-ID.scope`, `libpod_parent/libpod-ID` |
 * | CRI-O | `crio-ID.scope`, `crio-ID` |
 * | containerd for Kubernetes | `cri-containerd-ID.scope`, `SLICE:cri-containerd:ID`, `kubepods/.../podUID/ID` |
 * | nerdctl | `nerdctl-ID.scope` |
 * | LXC | `lxc.payload.ID`, `lxc/ID` |
 * | systemd-nspawn | `systemd-nspawn@ID.service`, `machine-ID.scope` |
 * | ECS on Fargate | `ecs/TASK/TASK-NUMBER` |
 * | Garden | `garden/ID` |
 *
 * @example
 * ```ts
 * import { containerId } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const id = "0123456789abcdef".repeat(4);
 * assertEquals(containerId(`/system.slice/docker-${id}.scope`), id);
 * ```
 */
export function containerId(cgroup: string | undefined): string | undefined {
  const parts = cgroup?.split("/") ?? [];
  return parts.map((part, at) => idOf(part, parts[at - 1])).findLast((id) => id !== undefined);
}

/**
 * The id in one part of a cgroup path. The monitors of Podman and CRI-O stand beside a container.
 * @param above the part before it
 */
function idOf(part: string, above = ""): string | undefined {
  const [, prefix, id] = /^(?:(.+)[-:])?([0-9a-f]{64})(?:\.scope)?$/.exec(part) ?? [];
  if (id !== undefined) return prefix?.endsWith("conmon") ? undefined : id;
  if (above === "lxc" || above === "garden") return part || undefined;
  return OTHERS.map((form) => form.exec(part)?.[1]).find((id) => id !== undefined)
    ?.replaceAll("\\x2d", "-"); // as systemd.unit(5) escapes a dash
}

/** Names of cgroups whose containers have other ids. libvirt's machines are no containers. */
const OTHERS = [
  /^lxc\.payload\.(.+)$/,
  /^systemd-nspawn@(.+)\.service$/,
  /^machine-(?!qemu)(.+)\.scope$/,
  /^([0-9a-f]{32}-\d+)$/,
];

/** The containers that have a cgroup, and so processes. */
export function listContainers(): Container[] {
  const mount = cgroupMount();
  if (mount === undefined) return [];
  return containersIn(listCgroups(mount), knownNames(), (cgroup) => namedByRoot(mount, cgroup));
}

/** Whether root alone can make a cgroup of that name: the user who owns one may make others below it. */
function namedByRoot(mount: string, cgroup: string): boolean {
  const parts = cgroup.split("/").slice(0, -1);
  const above = parts.map((_, at) => mount + parts.slice(0, at + 1).join("/"));
  return above.every((folder) => tryPathStatus(folder)?.uid === 0);
}

/**
 * The containers among some cgroups. A user may give a cgroup of his the name of another container's: of several
 * for one id those count that root has named, and if there are more than one they are all returned.
 * @param cgroups paths, each after the one above it
 * @param trusted whether the name of a cgroup is root's
 */
export function containersIn(
  cgroups: readonly string[],
  known: readonly ContainerNames[],
  trusted: (cgroup: string) => boolean,
): Container[] {
  const names = new Map(known.map((container) => [container.id, container.names]));
  const found = new Map<string, string[]>();
  for (const cgroup of cgroups) {
    const [last, above] = cgroup.split("/").reverse();
    const id = idOf(last, above) ?? (names.has(last) ? last : undefined);
    if (id === undefined) continue;
    const claims = found.get(id) ?? [];
    // A container may have cgroups of its own below its first one.
    if (claims.some((first) => cgroup.startsWith(`${first}/`))) continue;
    found.set(id, [...claims, cgroup]);
  }
  return [...found].flatMap(([id, claims]) => {
    const all = claims.map((cgroup) => ({
      id,
      names: names.get(id) ?? [],
      cgroup,
      trusted: trusted(cgroup),
    }));
    const roots = all.filter((container) => container.trusted);
    return roots.length > 0 ? roots : all;
  });
}

/**
 * The containers that `text` may mean, in Docker's order: the one with this id, else those of this
 * name, else those whose id begins so. A user may give a cgroup of his the name, or the beginning of the
 * id, of a container of root's: that container is returned as well then, so that neither is taken for the other.
 */
export function matchContainers(text: string, containers: readonly Container[]): Container[] {
  const meanings = [
    (container: Container) => container.id === text,
    (container: Container) => container.names.includes(text),
    (container: Container) => text !== "" && container.id.startsWith(text),
  ];
  const meantOf = (some: readonly Container[]) =>
    meanings.map((means) => some.filter(means)).find((found) => found.length > 0) ?? [];
  const found = meantOf(containers);
  if (found.some((container) => container.trusted)) return found;
  return [...found, ...meantOf(containers.filter((container) => container.trusted))];
}

const DOCKER = "/var/lib/docker/containers";
const PODMAN = "/var/lib/containers/storage/overlay-containers/containers.json";
const CONTAINERD = "/run/containerd/io.containerd.runtime.v2.task";

/** What the runtimes' own files say, those of stopped containers too. */
export function knownNames(): ContainerNames[] {
  const docker = tryReadDirectory(DOCKER)
    .map(({ name }) => dockerNames(name, tryReadTextFile(`${DOCKER}/${name}/config.v2.json`)));
  const containerd = tryReadDirectory(CONTAINERD).flatMap(({ name: namespace }) =>
    tryReadDirectory(`${CONTAINERD}/${namespace}`).map(({ name }) =>
      containerdNames(name, tryReadTextFile(`${CONTAINERD}/${namespace}/${name}/config.json`))
    )
  );
  return [...docker, ...podmanNames(tryReadTextFile(PODMAN)), ...containerd];
}

/** @param config the text of Docker's config.v2.json: `{"Name": "/web"}` */
export function dockerNames(id: string, config: string | undefined): ContainerNames {
  const name = member(parse(config), "Name");
  return { id, names: typeof name === "string" ? [name.replace(/^\//, "")] : [] };
}

/** @param containers the text of Podman's containers.json: `[{"id": "...", "names": ["web"]}]` */
export function podmanNames(containers: string | undefined): ContainerNames[] {
  const list = parse(containers);
  if (!Array.isArray(list)) return [];
  return list.flatMap((container) => {
    const id = member(container, "id");
    const names = member(container, "names");
    if (typeof id !== "string") return [];
    return [{ id, names: Array.isArray(names) ? names.filter(isString) : [] }];
  });
}

/**
 * The name of a Kubernetes container is known only within its pod, so it has three: `nginx`,
 * `web-7d4b/nginx`, `shop/web-7d4b/nginx`. The sandbox, which holds the pod's namespaces, has the pod's.
 * @param config the text of the runtime bundle's config.json; containerd and nerdctl annotate it
 */
export function containerdNames(id: string, config: string | undefined): ContainerNames {
  const annotations = member(parse(config), "annotations");
  const path = ["container-name", "sandbox-name", "sandbox-namespace"]
    .map((name) => member(annotations, `io.kubernetes.cri.${name}`))
    .filter(isString);
  const names = path.map((_, at) => path.slice(0, at + 1).reverse().join("/"));
  return { id, names: [...names, member(annotations, "nerdctl/name")].filter(isString) };
}

/** A runtime may be writing its file at this very moment: half a file is none. */
function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

function member(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}
