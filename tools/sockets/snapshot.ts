/** The sockets that there are at a moment, as the iterators of the kernel half come to them. */
import { event, type Sockets } from "#skel/sockets.ts";
import { type Counter, fileExists, walked } from "#lib/tool/mod.ts";
import { ContainersById, lookInto, networkNamespaces } from "#lib/tool/places.ts";
import { LISTEN } from "./kinds.ts";
import { Owners } from "./owners.ts";

/** A process that has a socket open. */
export interface Holder {
  readonly pid: number;
  readonly comm: string;
  /** Its descriptor. */
  readonly fd: number;
  /** Whether it is one of those that are asked for. */
  readonly target: boolean;
  readonly cgroup_id: bigint;
}

/** A socket, and the processes that have it open. */
export interface Entry {
  readonly socket: event;
  readonly holders: readonly Holder[];
}

/** A socket with all that is known of it. */
export interface Found extends Entry {
  /** The process that it belongs to. */
  readonly owner: Holder | undefined;
  /** How that is known. */
  readonly owner_by: "file" | "listener" | undefined;
  /** The process at the other end, if that is on this host. */
  readonly peer: Holder | undefined;
  readonly peer_inode: bigint | undefined;
  /** The id of the container that its process is in. */
  readonly container: string | undefined;
}

/** An iterator that sees the sockets of one network namespace. */
export interface Walk {
  /** The kernel's name for it. */
  readonly iterator: string;
  readonly program: "walk_tcp" | "walk_udp" | "walk_unix" | "walk_netlink";
  /** What they are called. */
  readonly what: string;
  /** The option that asks for such sockets. */
  readonly kind: "tcp" | "udp" | "unix" | "netlink";
  /** Where it is not in all kernels: since when it is. */
  readonly since?: string;
  /** Whether it is of interest to those only that ask for such sockets by name. */
  readonly rare?: boolean;
}

export const WALKS: readonly Walk[] = [
  { iterator: "tcp", program: "walk_tcp", kind: "tcp", what: "TCP" },
  { iterator: "udp", program: "walk_udp", kind: "udp", what: "UDP" },
  { iterator: "unix", program: "walk_unix", kind: "unix", what: "Unix", since: "Linux 5.15" },
  // those that no process has open are the kernel's own, several in each namespace
  { iterator: "netlink", program: "walk_netlink", kind: "netlink", what: "netlink", rare: true },
];

/** What is asked for. */
export interface Asked {
  /** The only network namespace. */
  readonly netns: number | undefined;
  readonly walks: readonly Walk[];
  isWanted(found: Found): boolean;
}

type Skeleton = ReturnType<Sockets["load"]>;

/**
 * Reads all sockets, once. Those in no file come first, then those of all processes: one that is accepted
 * between the two is found with its process.
 */
export class Snapshot implements Counter<Found> {
  readonly #skeleton: Skeleton;
  readonly #asked: Asked;
  readonly #entries = new Map<bigint, { socket: event; holders: Holder[] }>();
  /** The network namespaces that were looked into. */
  readonly #seen = new Set<number>();
  readonly unseen: string[] = [];

  /** Reads with the programs of a loaded skeleton. */
  constructor(skeleton: Skeleton, asked: Asked) {
    this.#skeleton = skeleton;
    this.#asked = asked;
  }

  detaching(): void {
    const { walk_files } = this.#skeleton.progs;
    this.#lookIntoNetworks();
    for (const record of walked(walk_files, event)) this.#hold(record);
    // one that was made meanwhile
    if (this.#closedNetworks().length > 0) this.#lookIntoNetworks();
    this.#noteUnseen();
  }

  async collect(): Promise<void> {}

  take(): Found[] {
    const owners = new Owners(this.#entries);
    const containers = new ContainersById();
    return [...this.#entries.values()].map((entry): Found => {
      const { owner, owner_by } = owners.ownerOf(entry);
      const cgroup = owner?.cgroup_id ?? entry.socket.cgroup_id;
      const peer = owners.peerOf(entry);
      return {
        ...entry,
        owner,
        owner_by,
        peer: peer && owners.ownerOf(peer).owner,
        peer_inode: peer?.socket.inode || undefined,
        container: containers.of(cgroup),
      };
    }).filter((found) => this.#asked.isWanted(found)).sort(compare);
  }

  #lookIntoNetworks(): void {
    const { netns } = this.#asked;
    for (const [inode, paths] of networkNamespaces()) {
      if (this.#seen.has(inode) || netns !== undefined && netns !== inode) continue;
      if (lookInto(paths, () => this.#lookAround())) this.#seen.add(inode);
    }
  }

  #lookAround(): true {
    const { progs } = this.#skeleton;
    for (const { program } of this.#asked.walks) {
      if (!progs[program].autoload) continue;
      for (const socket of walked(progs[program], event)) {
        if (!this.#entries.has(socket.sk)) this.#entries.set(socket.sk, { socket, holders: [] });
      }
    }
    return true;
  }

  #hold(socket: event): void {
    const { sk, inode, pid, comm, fd, target, process_cgroup_id } = socket;
    const entry = this.#entries.get(sk);
    // if the inode is another one, a new socket has got the address
    const holders = entry !== undefined && entry.socket.inode === inode ? entry.holders : [];
    this.#entries.set(sk, { socket, holders });
    // threads of a process that has ended its first one are come to one by one
    if (holders.some((holder) => holder.pid === pid && holder.fd === fd)) return;
    holders.push({ pid, comm, fd, target, cgroup_id: process_cgroup_id });
  }

  /** The namespaces of processes that are there still, and that could not be looked into. */
  #closedNetworks(): number[] {
    const found = new Set<number>();
    for (const { socket: { netns }, holders } of this.#entries.values()) {
      if (this.#seen.has(netns) || found.has(netns)) continue;
      if (holders.some(({ pid }) => fileExists(`/proc/${pid}`))) found.add(netns);
    }
    return [...found];
  }

  #noteUnseen(): void {
    const { walks } = this.#asked;
    for (const { program, iterator, what, since } of walks) {
      if (this.#skeleton.progs[program].autoload) continue;
      const until = since === undefined ? "" : `, which ${since} has`;
      this.unseen.push(
        `${what} sockets that no process has open (this kernel has no iter/${iterator}${until})`,
      );
    }
    const closed = this.#closedNetworks();
    if (closed.length === 0 || walks.length === 0) return;
    const which = closed.length > 1 ? "these network namespaces" : "this network namespace";
    this.unseen.push(
      `sockets that no process has open in ${closed.join(", ")} (cannot enter ${which})`,
    );
  }
}

/** By family and protocol, those first that listen, by port. */
function compare({ socket: a }: Found, { socket: b }: Found): number {
  return a.family - b.family || a.protocol - b.protocol ||
    Number(b.state === LISTEN) - Number(a.state === LISTEN) || a.lport - b.lport ||
    a.rport - b.rport || Number(a.inode - b.inode);
}
