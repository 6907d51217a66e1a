/** Which sockets the options of a user ask for. */
import type { Found } from "./snapshot.ts";
import { isRaw, waitsForOthers } from "./kinds.ts";

/** Those options that the kernel half knows nothing of: it sends listeners of other addresses for their owners. */
export interface Choice {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly localport: readonly number[];
  readonly remoteport: readonly number[];
  readonly listening: boolean;
}

/** Whether a socket is asked for. Both of `-4 -6` are IP of either version, and neither is all families. */
export function isChosen({ socket }: Found, choice: Choice): boolean {
  const { ipv4, ipv6, localport, remoteport, listening } = choice;
  const { ip, is_ip, lport, rport } = socket;
  const hasPorts = is_ip && !isRaw(socket);
  if ((ipv4 || ipv6) && !(ipv4 && ip === 4 || ipv6 && ip === 6)) return false;
  if (localport.length > 0 && !(hasPorts && localport.includes(lport))) return false;
  if (remoteport.length > 0 && !(hasPorts && remoteport.includes(rport))) return false;
  return !listening || waitsForOthers(socket);
}
