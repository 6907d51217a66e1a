/** How long connections are in each state of congestion control, from what the kernel half adds up. */
import { event, type Tcpcong } from "#skel/tcpcong.ts";
import { bootTime, type Counter, walk } from "#lib/tool/mod.ts";
import { OPEN } from "./states.ts";

/** A record of the kernel half. */
type Seen = ReturnType<typeof event.view>;

/** What a row shows of a connection, copied out of its record. */
export type Latest = ReturnType<typeof latestOf>;

/** What became of a connection since the table before. */
export interface Congested {
  readonly latest: Latest;
  /** How long it was in each state, by the numbers of these. */
  readonly ns: readonly bigint[];
  /** How often it changed its state. */
  readonly changes: number;
}

/** What of a connection has been counted already. */
interface Counted {
  ns: bigint[];
  changes: number;
}

/** Reads the connections that have changed their state at each collection, and adds up what is new of them. */
export class Connections implements Counter<Congested> {
  readonly #skeleton: ReturnType<Tcpcong["load"]>;
  readonly #counted = new Map<string, Counted>();
  #rows = new Map<string, Congested>();
  /** When they were read last, in nanoseconds since boot. */
  #before = bootTime();

  /** Reads with the programs of a loaded skeleton. */
  constructor(skeleton: ReturnType<Tcpcong["load"]>) {
    this.#skeleton = skeleton;
  }

  attached(): void {
    this.#before = bootTime();
  }

  // deno-lint-ignore require-await -- what comes after it must see it done
  async collect(): Promise<void> {
    const { progs, maps } = this.#skeleton;
    const now = bootTime();
    const take = (record: Seen) => this.#take(record);
    walk(progs.walk_connections, event, take, { map: maps.connections });
    // behind the walk: a connection that it has seen may be closed by now
    maps.events.consume(take);
    this.#before = now;
  }

  /** Those that were open all the time have nothing to show. */
  take(): Congested[] {
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    return rows.filter(({ ns, changes }) =>
      changes > 0 || ns.some((time, state) => state !== OPEN && time > 0n)
    );
  }

  #take(record: Seen): void {
    const { sk, began, ns, changes, closed } = record;
    const key = `${sk} ${began}`;
    const counted = this.#counted.get(key) ?? this.#firstOf(record);
    const row = this.#rows.get(key);
    this.#rows.set(key, {
      latest: latestOf(record),
      ns: ns.map((time, state) => (row?.ns[state] ?? 0n) + more(time, counted.ns[state])),
      changes: (row?.changes ?? 0) + changes - counted.changes,
    });
    if (closed) this.#counted.delete(key);
    else {this.#counted.set(key, {
        ns: ns.map((time, state) => most(time, counted.ns[state])),
        changes,
      });}
  }

  /** What it had before its first change is of this table only as far as it was not over before that. */
  #firstOf({ first, began, ns }: Seen): Counted {
    const before = this.#before > began ? this.#before - began : 0n;
    return { ns: ns.map((_, state) => state === first ? before : 0n), changes: 0 };
  }
}

/** What is new. A record may be read while it changes: what it lacks then is in the next one. */
const more = (now: bigint, before: bigint) => now > before ? now - before : 0n;
const most = (now: bigint, before: bigint) => now > before ? now : before;

function latestOf(record: Seen) {
  const { time, since, state, closed, laddr, lport, raddr, rport, ip, netns, mptcp } = record;
  const { pid, comm, owner_by, uid, cgroup_id } = record;
  const { algorithm, cwnd, ssthresh, srtt_us, lost, retransmits } = record;
  return {
    state,
    state_ns: time - since,
    closed,
    laddr,
    lport,
    raddr,
    rport,
    ip,
    netns,
    mptcp,
    pid,
    comm,
    owner_by,
    uid,
    cgroup_id,
    algorithm,
    cwnd,
    ssthresh,
    srtt_us,
    lost,
    retransmits,
  };
}
