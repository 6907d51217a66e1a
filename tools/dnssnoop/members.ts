/** What dnssnoop shows of a question and of its answer. */
import { event, type event_view, record_kind } from "#skel/dnssnoop.ts";
import {
  addressText,
  type EventOf,
  type LazyOf,
  membersOf,
  OWNER_BY,
  ownerMembers,
  partsOf,
} from "#lib/tool/mod.ts";
import { type Message, readMessage } from "./message.ts";
import { opcodeText } from "./names.ts";

const parts = partsOf(event, "message");

/** Reads the message of a record once, for all members. */
export class MessageReader {
  #time = 0n;
  #skb = 0n;
  #message: Message | undefined;

  /** Undefined if it has no whole header. */
  of(record: event_view): Message | undefined {
    const { time, skb } = record;
    if (time !== this.#time || skb !== this.#skb) {
      this.#time = time;
      this.#skb = skb;
      this.#message = this.#read(record);
    }
    return this.#message;
  }

  #read(record: event_view): Message | undefined {
    const text = parts.message.text(record);
    return text && readMessage(text.bytes.subarray(text.start, text.end), record.bytes);
  }
}

/** What is kept for a trace. */
export function own() {
  return { messages: new MessageReader() };
}

const member = membersOf(event, own);
const { c } = member;

type Record = Parameters<Parameters<typeof member.integer>[1]>[0];

const of = <T>(r: Record, value: (message: Message) => T): T | undefined => {
  const message = r.$own.messages.of(r);
  return message && value(message);
};

/** A value of an answer, which a question takes over from it. */
const answered = <T>(r: Record, value: (message: Message) => T): T | undefined =>
  r.kind === record_kind.KIND_ANSWER ? of(r, value) : undefined;

/** What a single record does not have: questions.ts joins two. */
const later = (): number | undefined => undefined;

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When it was asked for the first time" },
  pid: { ...ownerMembers.pid, brief: "Process that asked" },
  comm: ownerMembers.comm,
  /** Undefined where the message ends before it. */
  name: member.text(
    { brief: "Name that is asked for; bytes that names of hosts have not are \\DDD", width: -40 },
    (r) => of(r, ({ question }) => question?.name),
  ),
  qtype: member.text(
    { brief: "Type of the records that are asked for: A, AAAA", width: -5 },
    (r) => of(r, ({ question }) => question?.type),
  ),
  result: member.text(
    { brief: "answered, timeout, or pending when the trace ended", width: -8 },
    () => undefined as string | undefined,
  ),
  rcode: member.text(
    { brief: "Code of the answer: NOERROR, NXDOMAIN", width: -8 },
    (r) => answered(r, ({ rcode }) => rcode),
  ),
  latency_ns: member.integer(
    {
      header: "MS",
      brief: "Time from the first question to the answer",
      unit: 1e6,
      decimals: 2,
      width: 8,
    },
    (): bigint | undefined => undefined,
  ),
  attempts: member.integer({ brief: "How often it was asked", width: 8 }, later),
  server: member.text(
    { brief: "Address that was asked", width: -15 },
    (r) => addressText(r.$raddr),
  ),
  addresses: member.words(
    { brief: "Addresses that were found" },
    (r) => answered(r, ({ addresses }) => addresses) ?? [],
  ),
  names: member.words(
    { brief: "Names that were found, each with the type of its record" },
    (r) => answered(r, ({ names }) => names) ?? [],
  ),
  answers: member.integer(
    { brief: "Records that were found", width: 7 },
    (r) => answered(r, ({ answers }) => answers),
  ),
  ttl: member.integer(
    { brief: "How long they may be kept, the shortest time, in seconds", width: 6 },
    (r) => answered(r, ({ ttl }) => ttl),
  ),
  flags: member.words(
    { brief: "Flags of the answer: aa tc rd ra ad cd" },
    (r) => answered(r, ({ flags }) => flags) ?? [],
  ),
  cut: member.boolean(
    { brief: "Whether not all of the answer could be read" },
    (r) => r.kind === record_kind.KIND_ANSWER && (of(r, ({ cut }) => cut) ?? true),
  ),
  qclass: member.text(
    { brief: "Class of the records that are asked for: IN", width: -5 },
    (r) => of(r, ({ question }) => question?.class),
  ),
  opcode: member.text(
    { brief: "QUERY, UPDATE", width: -6 },
    (r) => of(r, ({ opcode }) => opcodeText(opcode)),
  ),
  id: member.integer({ brief: "Number of the question", width: 5 }, (r) => of(r, ({ id }) => id)),
  transport: member.text({ brief: "udp", width: -3 }, () => "udp"),
  laddr: { ...c.laddr, brief: "Local address", width: -15 },
  lport: { ...c.lport, brief: "Local port" },
  port: member.integer({ brief: "Port of the server", width: -5 }, (r) => r.rport),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  request_bytes: member.integer({ brief: "Size of the question", width: 6 }, (r) => r.bytes),
  response_bytes: member.integer(
    { brief: "Size of the answer", width: 6 },
    (r) => r.kind === record_kind.KIND_ANSWER ? r.bytes : undefined,
  ),
  tid: { ...ownerMembers.tid, brief: "Thread that asked" },
  owner_by: member.text(
    { brief: "How the process is known: send, socket (it has made that), start (had it open)" },
    (r) => OWNER_BY[r.owner_by],
  ),
  uid: { ...c.uid, brief: "User who made the socket" },
  netns: { ...c.netns, brief: "Network namespace" },
  cgroup_id: { ...c.cgroup_id, brief: "Cgroup that the socket was made in" },
};

/** A question, and what came back. */
export type Lookup = EventOf<typeof members>;

/** Whether nothing came back, or an error. */
export function hasFailed({ result, rcode }: Pick<Lookup, "result" | "rcode">): boolean {
  return result === "timeout" || rcode !== undefined && rcode !== "NOERROR";
}

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  shown_result: table.text(
    { header: "RCODE", brief: "rcode, or result if there is none", width: -8 },
    ({ rcode, result }) => rcode ?? result?.toUpperCase(),
  ),
  found: table.text(
    { brief: "addresses and names" },
    ({ addresses, names }) => [...names, ...addresses].join(", ") || undefined,
  ),
};
