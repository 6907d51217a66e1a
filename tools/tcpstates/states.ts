/** The states that tcpstates shows, and how long sockets are in them. */
import {
  type Parser,
  quoted,
  type Spread,
  spreadWith,
  Tally,
  TCP_STATES,
  ValueError,
} from "#lib/tool/mod.ts";
import type { StateChange } from "./members.ts";

/** What a socket is not in: requests and the rest of a connection are kept as something less. */
const OTHERS = ["", "TIME_WAIT", "NEW_SYN_RECV"];

const names = TCP_STATES.filter((name) => !OTHERS.includes(name));

/** A state by its name, in any case: its number. */
export const state: Parser<number> = (text): number => {
  const name = text.toUpperCase().replaceAll("-", "_");
  if (names.includes(name)) return TCP_STATES.indexOf(name);
  throw new ValueError(`${quoted(text)} is no state of a socket, which are: ${names.join(", ")}`);
};

/** A bit for each state. */
export function stateSet(states: readonly number[]): number {
  return states.reduce((set, state) => set | 1 << state, 0);
}

/** Adds up how long sockets were in each state: changes that have a `state_ns`. */
export function histograms(): Tally<StateChange> {
  const spreads = new Map<string, Spread>();
  return new Tally<StateChange>({
    key: ({ old_state }) => old_state,
    add(change) {
      const spread = spreadWith(spreads.get(change.old_state), BigInt(change.state_ns!));
      spreads.set(change.old_state, spread);
      return { ...change, ...spread };
    },
    order: (a, b) => TCP_STATES.indexOf(a.old_state) - TCP_STATES.indexOf(b.old_state),
  });
}
