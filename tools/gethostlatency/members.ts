/** What gethostlatency shows of a lookup. */
import { event, type event_view, lookup_function } from "#skel/gethostlatency.ts";
import {
  addressText,
  containerId,
  errnoName,
  type EventOf,
  histogramLines,
  type LazyOf,
  membersOf,
  partsOf,
  spreadMembers,
} from "#lib/tool/mod.ts";

const { GETADDRINFO, GETNAMEINFO } = lookup_function;

/** What getaddrinfo() and getnameinfo() return: netdb.h of glibc, whose numbers musl has as well. */
const EAI: Readonly<Record<number, string>> = {
  [-1]: "EAI_BADFLAGS",
  [-2]: "EAI_NONAME",
  [-3]: "EAI_AGAIN",
  [-4]: "EAI_FAIL",
  [-5]: "EAI_NODATA",
  [-6]: "EAI_FAMILY",
  [-7]: "EAI_SOCKTYPE",
  [-8]: "EAI_SERVICE",
  [-9]: "EAI_ADDRFAMILY",
  [-10]: "EAI_MEMORY",
  [-11]: "EAI_SYSTEM",
  [-12]: "EAI_OVERFLOW",
};

/** What the others leave in h_errno: netdb.h. */
const H_ERRNO: Readonly<Record<number, string>> = {
  1: "HOST_NOT_FOUND",
  2: "TRY_AGAIN",
  3: "NO_RECOVERY",
  4: "NO_DATA",
};

/** What the functions that end in _r return where the caller's memory is too small; h_errno says nothing then. */
const ERANGE = 34;

const NETDB_INTERNAL = -1;

const NAMES = new Map<number, string>(
  Object.entries(lookup_function).map(([name, number]) => [number, name.toLowerCase()]),
);

function errorOf({ failed, function: number, result, h_errnum }: event_view): string | undefined {
  if (failed === 0) return undefined;
  if (number === GETADDRINFO || number === GETNAMEINFO) return EAI[result] ?? String(result);
  if (result === ERANGE || h_errnum === NETDB_INTERNAL && result > 0) return errnoName(result);
  return H_ERRNO[h_errnum] ?? "NO_RESULT";
}

/** How many bytes an address has. */
const ADDRESS = 16;

function addressesOf({ found, addresses }: event_view): string[] {
  return Array.from(
    { length: found },
    (_, at) => addressText(addresses.subarray(at * ADDRESS, (at + 1) * ADDRESS)),
  );
}

const member = membersOf(event);
const { c } = member;
const parts = partsOf(event, "host", "service", "name", "cgroup");

/** What a single lookup does not have: histograms() of tools/gethostlatency/histograms.ts adds it up. */
const later = (): number | undefined => undefined;

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When the call returned" },
  pid: c.pid,
  tid: c.tid,
  comm: c.comm,
  uid: c.uid,
  call: member.text(
    { brief: "Function that was called: getaddrinfo", width: -16 },
    (r) => NAMES.get(r.function) ?? String(r.function),
  ),
  latency_ns: {
    ...c.latency_ns,
    header: "LATms",
    brief: "How long it took, in nanoseconds; tables show milliseconds",
    unit: 1e6,
    decimals: 3,
    width: -10,
  },
  /** Undefined where a service alone was asked for. */
  host: member.text(
    { brief: "What was looked up: a name or an address", width: -32 },
    (r) => r.by_address !== 0 ? addressText(r.$address) : parts.host.text(r),
  ),
  host_truncated: member.boolean(
    { brief: "Whether it is longer, or could not be read", width: -14 },
    (r) => r.host_cut !== 0,
  ),
  service: member.text(
    { brief: "Service that getaddrinfo() was asked for", width: -8 },
    parts.service.text,
  ),
  error: member.text(
    {
      brief: "Why it failed: EAI_... of getaddrinfo() and getnameinfo(), or of h_errno",
      width: -14,
    },
    (r) => errorOf(r),
  ),
  addresses: member.words({ brief: "What was found: up to 8 addresses" }, (r) => addressesOf(r)),
  /** Of getaddrinfo() only if AI_CANONNAME asked for it. */
  name: member.text({ brief: "Name that was found", width: -32 }, parts.name.text),
  cgroup_id: c.cgroup_id,
  /** Undefined for the root. */
  cgroup: member.text({ brief: "Path of the cgroup (v2)", width: -24 }, parts.cgroup.path),
  container: member.text(
    { brief: "Id of the container", width: -12 },
    (r) => containerId(parts.cgroup.path(r)),
  ),
  lookups: member.integer({ brief: "--hist: lookups", width: 8 }, later),
  failures: member.integer({ brief: "--hist: those of them that failed", width: 8 }, later),
  ...spreadMembers,
};

/** A lookup, or with `hist` all that are alike. */
export type HostLookup = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  drawn: table.words(
    { header: " ", brief: "histogram, drawn", as: "lines" },
    ({ histogram }) => histogramLines(histogram, { unit: "usecs" }),
  ),
};
