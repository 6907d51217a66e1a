/** What connections carry, from the counters that the kernel keeps with each socket. */
import { event, type Tcptop } from "#skel/tcptop.ts";
import { addressText, type Counter, OWNER_BY, walk } from "#lib/tool/mod.ts";

/** `enum seen` of bpf/tcptop.bpf.c. */
const SEEN = { open: 0, without_file: 1, closed: 2 };

/** BY_FILE of bpf/include/sock_owner.h. */
const BY_FILE = OWNER_BY.indexOf("file");

/** A record of the kernel half. */
type Seen = ReturnType<typeof event.view>;

/** What rows stand for. */
export type By = "connection" | "process" | "remote" | "local_port" | "netns" | "subnet";

/** What grows while a connection lasts. */
interface Counters {
  tx_bytes: bigint;
  tx_sent_bytes: bigint;
  rx_bytes: bigint;
  retransmits: number;
}

/** What was carried by the connections of a row since the table before. */
export interface Usage extends Counters {
  /** The connection of the row, or of several the one that was seen last. */
  readonly latest: Latest;
  /** Its processes: all that have its socket open. */
  readonly pids: readonly number[];
  /** How many connections have carried something. */
  readonly connections: number;
  /** The subnet of the remote address. */
  readonly subnet: string | undefined;
}

/** What is known of a connection besides its counters. */
export type Latest = ReturnType<typeof latestOf> & Owner;

interface Owner {
  readonly pid: number;
  readonly comm: string;
  readonly owner_by: number;
}

interface Connection {
  readonly key: string;
  /** The counters when they were read last. */
  readonly before: Counters;
  /** What has been added to them since that was counted for a row. */
  more: Counters;
  owner: Owner;
  /** The processes that have its socket open. */
  readonly pids: number[];
  latest: ReturnType<typeof latestOf> | undefined;
  /** The round in which it was seen last. */
  round: number;
}

/**
 * Reads the sockets' counters at each collection, and adds up what they have grown by. Connections that have
 * been closed since are counted as well: the kernel half sends their last counters.
 */
export class Connections implements Counter<Usage> {
  readonly #skeleton: ReturnType<Tcptop["load"]>;
  readonly #by: By;
  readonly #subnetOf: (address: Uint8Array) => string | undefined;
  readonly #known = new Map<string, Connection>();
  readonly #changed = new Set<Connection>();
  #rows = new Map<string, Usage & { readonly of: Set<string> }>();
  #round = 0;
  #lost = 0n;

  /**
   * Reads the sockets of a loaded skeleton.
   * @param subnetOf finds the subnet of a remote address
   */
  constructor(
    skeleton: ReturnType<Tcptop["load"]>,
    by: By,
    subnetOf: (address: Uint8Array) => string | undefined,
  ) {
    this.#skeleton = skeleton;
    this.#by = by;
    this.#subnetOf = subnetOf;
  }

  attached(): void {
    this.#read();
  }

  detaching(): void {
    this.#read();
  }

  // deno-lint-ignore require-await -- what comes after it must see it done
  async collect(): Promise<void> {
    this.#read();
  }

  take(): Usage[] {
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    return rows.map(({ of, ...row }) => ({ ...row, connections: of.size }));
  }

  #read(): void {
    const { progs, maps } = this.#skeleton;
    const take = (record: Seen) => this.#take(record);
    this.#round++;
    walk(progs.walk_files, event, take);
    walk(progs.walk_socks, event, take, { map: maps.socks });
    // behind the walks: a connection that one of them has seen may be closed by now
    maps.events.consume(take);
    for (const connection of this.#changed) this.#count(connection);
    this.#changed.clear();
    this.#forgetLost();
  }

  #take(record: Seen): void {
    const connection = this.#find(record);
    this.#keepOwner(connection, record);
    connection.round = this.#round;
    if (grow(connection, record)) {
      connection.latest = latestOf(record);
      this.#changed.add(connection);
    }
    if (record.seen === SEEN.closed) this.#known.delete(connection.key);
  }

  #find(record: Seen): Connection {
    // the address of a socket may be that of another one later, at another time
    const key = `${record.sk} ${record.started}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const connection: Connection = {
      key,
      // what a connection has carried before the trace is not counted
      before: record.started === 0n ? countersOf(record) : nothing(),
      more: nothing(),
      owner: { pid: 0, comm: "", owner_by: 0 },
      pids: [],
      latest: undefined,
      round: 0,
    };
    this.#known.set(key, connection);
    return connection;
  }

  /** Of several processes that have a socket open, the one that it is known to belong to, or else the first. */
  #keepOwner(connection: Connection, record: Seen): void {
    const { pid, owner_by, seen } = record;
    const { pids, round } = connection;
    const isFirst = round !== this.#round;
    if (seen !== SEEN.open) {
      if (pids.length > 0) return; // the process that had it open
    } else {
      if (isFirst) pids.length = 0;
      if (pids.at(-1) !== pid) pids.push(pid);
      if (!isFirst && owner_by === BY_FILE) return;
    }
    connection.owner = { pid, comm: record.comm, owner_by };
  }

  #count(connection: Connection): void {
    const { key, more, owner, pids } = connection;
    const latest = { ...connection.latest!, ...owner };
    const subnet = this.#by === "subnet" ? this.#subnetOf(latest.raddr) : undefined;
    const name = this.#nameOf(key, latest, subnet);
    const row = this.#rows.get(name);
    this.#rows.set(name, {
      latest,
      subnet,
      pids: [...pids],
      connections: 0,
      of: (row?.of ?? new Set()).add(key),
      tx_bytes: (row?.tx_bytes ?? 0n) + more.tx_bytes,
      tx_sent_bytes: (row?.tx_sent_bytes ?? 0n) + more.tx_sent_bytes,
      rx_bytes: (row?.rx_bytes ?? 0n) + more.rx_bytes,
      retransmits: (row?.retransmits ?? 0) + more.retransmits,
    });
    connection.more = nothing();
  }

  #nameOf(key: string, latest: Latest, subnet: string | undefined): string {
    switch (this.#by) {
      case "connection":
        return key;
      case "process":
        return `${latest.owner_by === 0 ? "" : latest.pid}`;
      case "remote":
        return addressText(latest.raddr);
      case "local_port":
        return `${latest.lport}`;
      case "netns":
        return `${latest.netns}`;
      case "subnet":
        return subnet ?? "";
    }
  }

  /** Once the ends of connections have been lost, those that are no longer there are not waited for. */
  #forgetLost(): void {
    const { lost } = this.#skeleton.bss;
    if (lost === this.#lost) return;
    this.#lost = lost;
    for (const { key, round } of this.#known.values()) {
      if (round !== this.#round) this.#known.delete(key);
    }
  }
}

/** Adds what the counters have grown by. @returns whether they have */
function grow({ before, more }: Connection, record: Seen): boolean {
  const now = countersOf(record);
  let grown = false;
  // Another CPU may have changed one while it was read: then it is too small, and right the next time.
  for (const name of ["tx_bytes", "tx_sent_bytes", "rx_bytes"] as const) {
    if (now[name] <= before[name]) continue;
    more[name] += now[name] - before[name];
    before[name] = now[name];
    grown = true;
  }
  if (now.retransmits > before.retransmits) {
    more.retransmits += now.retransmits - before.retransmits;
    before.retransmits = now.retransmits;
    grown = true;
  }
  return grown;
}

function nothing(): Counters {
  return { tx_bytes: 0n, tx_sent_bytes: 0n, rx_bytes: 0n, retransmits: 0 };
}

function countersOf({ tx_bytes, tx_sent_bytes, rx_bytes, retransmits }: Seen): Counters {
  return { tx_bytes, tx_sent_bytes, rx_bytes, retransmits };
}

/** What a row shows of a connection, copied out of its record. */
function latestOf(record: Seen) {
  const { laddr, lport, raddr, rport, ip, uid, netns, cgroup_id, mptcp } = record;
  const { state, srtt_us, send_queue_bytes, recv_queue_bytes } = record;
  return {
    laddr,
    lport,
    raddr,
    rport,
    ip,
    uid,
    netns,
    cgroup_id,
    mptcp,
    state,
    srtt_us,
    send_queue_bytes,
    recv_queue_bytes,
  };
}
