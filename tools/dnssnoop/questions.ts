/** Questions that wait for their answers. */
import { type event_view, record_kind } from "#skel/dnssnoop.ts";
import type { Join } from "#lib/tool/mod.ts";
import { hasFailed, type Lookup } from "./members.ts";

/** How many questions wait at most: beyond it the oldest are shown as they are. */
const MOST = 16_384;

/** A packet that is seen again this soon has gone through one device to another. */
const SAME_PACKET_NS = 10_000_000n;

interface Asked {
  readonly lookup: Lookup;
  /** When it was asked for the first time, and for the last, in nanoseconds since boot. */
  readonly first: bigint;
  readonly last: bigint;
  readonly skb: bigint;
}

/** How answers are joined. */
export interface Joining {
  /** How long an answer is waited for, in nanoseconds. */
  readonly timeout_ns: bigint;
  /** Whether those only are shown that failed. */
  readonly failed: boolean;
}

/** Joins questions and answers: an event is a question, when it is answered or no longer waited for. */
export class Questions implements Join<Lookup, event_view> {
  readonly #joining: Joining;
  /** By socket and number, the oldest first. */
  readonly #asked = new Map<string, Asked>();

  /** Begins without any question. */
  constructor(joining: Joining) {
    this.#joining = joining;
  }

  take(lookup: Lookup, record: event_view, _: boolean, show: (lookup: Lookup) => void): void {
    const { failed } = this.#joining;
    const showWanted = (lookup: Lookup) => {
      if (!failed || hasFailed(lookup)) show(lookup);
    };
    const { kind, time } = record;
    if (kind === record_kind.KIND_ANSWER) this.#answer(lookup, time, showWanted);
    else if (kind === record_kind.KIND_QUESTION) this.#ask(lookup, record, showWanted);
    this.#expire(time, showWanted);
  }

  rest(): Lookup[] {
    const left = [...this.#asked.values()].map(({ lookup }) => ({ ...lookup, result: "pending" }));
    this.#asked.clear();
    return this.#joining.failed ? [] : left;
  }

  #ask(lookup: Lookup, { time, skb }: event_view, show: (lookup: Lookup) => void): void {
    const key = keyOf(lookup);
    const before = this.#asked.get(key);
    // behind the others: it is waited for from now on
    this.#asked.delete(key);
    if (before === undefined || !asksForSame(before.lookup, lookup)) {
      if (before !== undefined) show({ ...before.lookup, result: "timeout" });
      this.#asked.set(key, { lookup: { ...lookup, attempts: 1 }, first: time, last: time, skb });
    } else if (before.skb === skb && time - before.last < SAME_PACKET_NS) {
      this.#asked.set(key, before);
    } else {
      const attempts = before.lookup.attempts! + 1;
      this.#asked.set(key, { ...before, lookup: { ...before.lookup, attempts }, last: time, skb });
    }
  }

  #answer(answer: Lookup, time: bigint, show: (lookup: Lookup) => void): void {
    const key = answer.id === undefined ? this.#anyOf(answer) : keyOf(answer);
    const asked = key === undefined ? undefined : this.#asked.get(key);
    if (asked === undefined || !asksForSame(asked.lookup, answer)) return;
    this.#asked.delete(key!);
    const { rcode, addresses, names, answers, ttl, flags, cut, response_bytes } = answer;
    show({
      ...asked.lookup,
      result: "answered",
      latency_ns: time - asked.first,
      rcode,
      addresses,
      names,
      answers,
      ttl,
      flags,
      cut,
      response_bytes,
    });
  }

  /** The question that an answer is for of which nothing but the ports could be read: the oldest of this socket. */
  #anyOf({ netns, lport }: Lookup): string | undefined {
    for (const [key, { lookup }] of this.#asked) {
      if (lookup.netns === netns && lookup.lport === lport) return key;
    }
    return undefined;
  }

  #expire(now: bigint, show: (lookup: Lookup) => void): void {
    for (const [key, { lookup, last }] of this.#asked) {
      if (now - last < this.#joining.timeout_ns && this.#asked.size <= MOST) return;
      this.#asked.delete(key);
      show({ ...lookup, result: "timeout" });
    }
  }
}

const keyOf = ({ netns, lport, id }: Lookup) => `${netns} ${lport} ${id}`;

/** Servers repeat the question, in whatever case. Of one that is cut off nothing is known. */
function asksForSame(question: Lookup, answer: Lookup): boolean {
  const { name, qtype } = answer;
  if (name === undefined || question.name === undefined) return true;
  return qtype === question.qtype && name.toLowerCase() === question.name.toLowerCase();
}
