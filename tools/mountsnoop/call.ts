import { type event_view, fsconfig_cmd, mount_op } from "#skel/mountsnoop.ts";
import { errnoName, plainWords, type Text, type Words } from "#lib/tool/mod.ts";
import { commandName } from "./flags.ts";

const AT_FDCWD = -100;

/** Members that a call is written with. */
interface Parts {
  readonly op: Text;
  readonly fs?: Text;
  readonly source?: Text;
  readonly target?: Text;
  readonly data?: Text;
  readonly key?: Text;
  readonly value?: Text;
  readonly flags: Words;
  readonly attr_flags?: Words;
  readonly attr_clear?: Words;
  readonly propagation?: Words;
}

/** The call as strace(1) writes it: names as they were passed. */
export function callText(e: Parts, r: event_view): string {
  return `${e.op}(${argumentsOf(e, r).join(", ")}) = ${
    r.ret < 0 ? `-${errnoName(-r.ret)}` : r.ret
  }`;
}

function argumentsOf(e: Parts, r: event_view): (string | number)[] {
  const flags = bits(e.flags);
  switch (r.op) {
    case mount_op.CALL_MOUNT:
      return [string(e.source), string(e.target), string(e.fs), flags, string(e.data)];
    case mount_op.CALL_UMOUNT:
      return [string(e.target), flags];
    case mount_op.CALL_UMOUNT_PLAIN:
      return [string(e.target)];
    case mount_op.CALL_FSOPEN:
      return [string(e.fs), flags];
    case mount_op.CALL_FSCONFIG:
      return [r.fd, commandName(r.cmd), string(e.key), valueOf(e, r), aux(r)];
    case mount_op.CALL_FSMOUNT:
      return [r.fd, flags, bits(e.attr_flags!)];
    case mount_op.CALL_MOVE_MOUNT:
      return [fd(r.source_fd), string(e.source), fd(r.target_fd), string(e.target), flags];
    case mount_op.CALL_OPEN_TREE:
      return [fd(r.source_fd), string(e.source), flags];
    case mount_op.CALL_OPEN_TREE_ATTR:
      return [fd(r.source_fd), string(e.source), flags, attributes(e, r), r.aux];
    case mount_op.CALL_FSPICK:
      return [fd(r.target_fd), string(e.target), flags];
    case mount_op.CALL_MOUNT_SETATTR:
      return [fd(r.target_fd), string(e.target), flags, attributes(e, r), r.aux];
    default:
      return [string(e.source), string(e.target)];
  }
}

function string(value: Text | undefined): string {
  return value === undefined ? "NULL" : `"${String(value).replaceAll('"', '\\"')}"`;
}

function fd(number: number): string | number {
  return number === AT_FDCWD ? "AT_FDCWD" : number;
}

function bits(names: Words): string {
  return plainWords(names).join("|") || "0";
}

/** What a descriptor stands for is a value, but nothing that the call is passed. Bytes are not read. */
function valueOf(e: Parts, r: event_view): string {
  if (r.cmd === fsconfig_cmd.FSC_SET_BINARY) return "...";
  return r.cmd === fsconfig_cmd.FSC_SET_FD ? "NULL" : string(e.value);
}

function aux(r: event_view): string | number {
  const isPath = r.cmd === fsconfig_cmd.FSC_SET_PATH || r.cmd === fsconfig_cmd.FSC_SET_PATH_EMPTY;
  return isPath ? fd(r.aux) : r.aux;
}

function attributes(e: Parts, r: event_view): string {
  const set = bits(e.attr_flags ?? []), clear = bits(e.attr_clear ?? []);
  return `{attr_set=${set}, attr_clr=${clear}, propagation=${bits(e.propagation ?? [])}, ` +
    `userns_fd=${r.userns_fd}}`;
}
