/** Whose sockets are, by what the sockets know of one another. */
import { addressText } from "#lib/tool/mod.ts";
import { LISTEN } from "./kinds.ts";
import type { Entry, Found, Holder } from "./snapshot.ts";

/** How far it is at most from a connection by its path of MPTCP to the socket that it came to. */
const MAX_STEPS = 4;

type Ownership = Pick<Found, "owner" | "owner_by">;

/** Finds the processes of sockets that have none themselves, and the other ends of connections. */
export class Owners {
  readonly #entries: ReadonlyMap<bigint, Entry>;
  /** Those that listen, by the address that they share with what came to them. */
  readonly #listeners = new Map<string, Entry>();
  /** Those of TCP, by both of their ends. */
  readonly #connections = new Map<string, Entry>();

  /** Takes all sockets by their addresses in the kernel. */
  constructor(entries: ReadonlyMap<bigint, Entry>) {
    this.#entries = entries;
    for (const entry of entries.values()) {
      const { state, rport, lport } = entry.socket;
      if (state === LISTEN) { for (const name of namesOf(entry)) this.#listeners.set(name, entry); }
      else if (lport && rport) this.#connections.set(flowOf(entry, false), entry);
    }
  }

  /**
   * The process that has it open; or else the one that has the socket open that it belongs to as a path of MPTCP,
   * or that it came to.
   */
  ownerOf({ socket, holders }: Entry, steps = MAX_STEPS): Ownership {
    if (holders.length > 0) return { owner: firstOf(holders), owner_by: "file" };
    if (steps === 0) return { owner: undefined, owner_by: undefined };
    const of = this.#entries.get(socket.of_sk);
    if (of !== undefined) {
      const { owner, owner_by } = this.ownerOf(of, steps - 1);
      if (owner !== undefined) return { owner, owner_by: socket.mptcp ? owner_by : "listener" };
    }
    if (socket.state === LISTEN) return { owner: undefined, owner_by: undefined };
    const name = namesOf({ socket, holders }).find((name) => this.#listeners.has(name));
    const listener = name === undefined ? undefined : this.#listeners.get(name)!;
    const owner = listener && this.ownerOf(listener, steps - 1).owner;
    return { owner, owner_by: owner && "listener" };
  }

  /** The other end of a connection, if it is in the same network namespace. */
  peerOf(entry: Entry): Entry | undefined {
    const { peer_sk, lport, rport } = entry.socket;
    if (peer_sk !== 0n) return this.#entries.get(peer_sk);
    return lport && rport ? this.#connections.get(flowOf(entry, true)) : undefined;
  }
}

/** The first of the processes that are asked for. */
function firstOf(holders: readonly Holder[]): Holder {
  return holders.find(({ target }) => target) ?? holders[0];
}

/** What connections share with the socket that they came to; that may be bound to all addresses, too. */
function namesOf({ socket }: Entry): string[] {
  const { name, is_ip, netns, protocol, lport, laddr } = socket;
  if (name !== 0n) return [`${name}`];
  if (!is_ip || lport === 0) return [];
  const addresses = socket.state === LISTEN
    ? [addressText(laddr)]
    : [addressText(laddr), "0.0.0.0", "::"];
  return addresses.map((address) => `${netns} ${protocol} ${address} ${lport}`);
}

/** Both ends, or those of the other socket. */
function flowOf({ socket }: Entry, turned: boolean): string {
  const { netns, protocol, laddr, lport, raddr, rport } = socket;
  const ends = [`${addressText(laddr)} ${lport}`, `${addressText(raddr)} ${rport}`];
  return [netns, protocol, ...turned ? ends.reverse() : ends].join(" ");
}
