/** What sslsniff shows of a call of a TLS library. */
import { event, tls_call } from "#skel/sslsniff.ts";
import {
  containerId,
  decodeStrings,
  type EventOf,
  type LazyOf,
  membersOf,
  partsOf,
  type RawText,
} from "#lib/tool/mod.ts";
import { hexLines } from "./hex_lines.ts";

/** What members are read by, besides the record. */
export function own(): { first?: bigint } {
  return {};
}

const { c, ...member } = membersOf(event, own);
const parts = partsOf(event, "data", "cgroup");

/** `SSL_read`, as the library has it. */
function functionOf(name: string): string {
  return name.startsWith("SSL_") ? `SSL_${name.slice(4).toLowerCase()}` : name.toLowerCase();
}

/** `read`, `write` or `handshake`. */
function kindOf(name: string): string {
  if (name.endsWith("HANDSHAKE")) return "handshake";
  return /READ|RECV/.test(name) ? "read" : "write";
}

/** The calls, by number. */
const CALLS = new Map<number, { readonly name: string; readonly kind: string }>(
  Object.entries(tls_call).map(([name, number]) => [
    number,
    { name: functionOf(name), kind: kindOf(name) },
  ]),
);

const bytesOf = ({ bytes, start, end }: RawText) => bytes.subarray(start, end);

/** All of it: a NUL ends a text otherwise. */
function textOf({ bytes, start, end }: RawText): string {
  return decodeStrings(bytes, start, end).join("\0") + (bytes[end - 1] === 0 ? "\0" : "");
}

/** Base64 of RFC 4648, 4. */
function base64Of(data: RawText): string {
  return btoa(Array.from(bytesOf(data), (byte) => String.fromCharCode(byte)).join(""));
}

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When the call returned" },
  since_first: member.decimal(
    {
      header: "TIME(s)",
      brief: "Seconds since the first one",
      only: "table",
      width: -18,
      decimals: 9,
    },
    (r) => {
      const time = r.$wall(r.time);
      return Number(time - (r.$own.first ??= time)) / 1e9;
    },
  ),
  kind: member.text(
    { brief: "read, write or handshake", width: -9 },
    (r) => CALLS.get(r.call)!.kind,
  ),
  call: member.text(
    { brief: "Function of the library", width: -22 },
    (r) => CALLS.get(r.call)!.name,
  ),
  comm: c.comm,
  pid: { ...c.pid, width: -7 },
  tid: { ...c.tid, header: "TID", width: -7 },
  uid: { ...c.uid, width: -7 },
  /** Undefined for a handshake. */
  bytes: member.integer(
    { header: "LEN", brief: "Bytes that were read or written", width: -7 },
    (r) => CALLS.get(r.call)!.kind === "handshake" ? undefined : r.bytes,
  ),
  lost_bytes: member.integer(
    { brief: "How many of them are not in data", width: -7 },
    (r) => r.bytes - BigInt(r.data_size),
  ),
  latency_ns: member.integer(
    { header: "LAT(ms)", brief: "How long the call took", unit: 1e6, decimals: 3, width: -7 },
    (r) => r.latency_ns,
  ),
  /** Bytes that are not UTF-8 are as elsewhere: `\x80`. */
  data: member.text(
    { brief: "What was read or written, as text" },
    (r) => r.data_size === 0 ? undefined : textOf(parts.data.text(r)!),
  ),
  base64: member.text(
    { brief: "The same bytes, in base64" },
    (r) => r.data_size === 0 ? undefined : base64Of(parts.data.text(r)!),
  ),
  cgroup_id: c.cgroup_id,
  /** Undefined for the root. */
  cgroup: member.text({ brief: "Path of the cgroup (v2)", width: -24 }, parts.cgroup.path),
  container: member.text(
    { brief: "Id of the container", width: -12 },
    (r) => containerId(parts.cgroup.path(r)),
  ),
};

/** A call of a TLS library. */
export type TlsCall = EventOf<typeof members>;

type Call = LazyOf<typeof members>;

const table = membersOf<Call>();

/** What the Python tool calls them. */
const FUNC: Readonly<Record<string, string>> = {
  read: "READ/RECV",
  write: "WRITE/SEND",
  handshake: "HANDSHAKE",
};

/** What was read or written, between lines that say where it begins and ends. */
function framed({ lost_bytes }: Call, lines: readonly string[]): string[] {
  const end = lost_bytes > 0n
    ? `----- END DATA (TRUNCATED, ${lost_bytes} bytes lost) -----`
    : "----- END DATA -----";
  return ["", "----- DATA -----", ...lines, end, ""];
}

/** What tables alone show. */
export const derived = {
  func: table.text(
    { header: "FUNC", brief: "kind, as the Python tool has it", width: -12 },
    ({ kind }) => FUNC[String(kind)],
  ),
  text: table.words(
    { header: " ", brief: "data, in lines of its own", as: "lines" },
    (call) =>
      call.bytes === undefined
        ? []
        : framed(call, String(call.data ?? "").replace(/\r?\n$/, "").split(/\r?\n/)),
  ),
  hex: table.words(
    { header: " ", brief: "data, in hexadecimal and as text", as: "lines" },
    (call) => call.bytes === undefined ? [] : framed(call, hexLines(String(call.base64 ?? ""))),
  ),
};
