/** What is shown of the process that a socket belongs to: the user half of bpf/include/sock_owner.h. */
import type { RawText } from "../sys/raw_text.ts";
import { membersOf } from "./members/members_of.ts";
import { OWNER_BY, OWNER_BY_BRIEF } from "./tcp.ts";

/** What the kernel half sends of an owner. */
export interface Owned {
  /** The process. */
  readonly pid: number;
  /** Its name. */
  readonly $comm: RawText;
  /** How it is known: 0 if it is not. */
  readonly owner_by: number;
}

const member = membersOf<Owned>();
const thread = membersOf<Owned & { readonly tid: number }>();

/**
 * The members of an owner, each undefined where it is not known.
 *
 * @example
 * ```ts
 * import { ownerMembers } from "@denobpf/denobpf/tool";
 *
 * const members = { pid: ownerMembers.pid, comm: { ...ownerMembers.comm, width: -10 } };
 * console.log(members.pid.brief);
 * ```
 */
export const ownerMembers = {
  pid: member.integer(
    { brief: "Process that owns the socket", width: -7 },
    (r) => r.owner_by === 0 ? undefined : r.pid,
  ),
  comm: member.text(
    { brief: "Its name", width: -16 },
    (r) => r.owner_by === 0 ? undefined : r.$comm,
  ),
  owner_by: member.text({ brief: OWNER_BY_BRIEF }, (r) => OWNER_BY[r.owner_by]),
  /** Where the kernel half sends it, too. */
  tid: thread.integer(
    { brief: "Thread that connected, listened or closed", width: -7 },
    (r) => r.owner_by === 0 ? undefined : r.tid,
  ),
};
