/** What kind of socket a record is of. */
import type { event } from "#skel/sockets.ts";

/** include/net/tcp_states.h */
export const LISTEN = 10;
export const CLOSE = 7;
export const NEW_SYN_RECV = 12;

const TYPE_DGRAM = 2;
const TYPE_RAW = 3;
const PROTOCOL_TCP = 6;

export function isTcp({ is_ip, type, protocol }: event): boolean {
  return is_ip && type !== TYPE_RAW && protocol === PROTOCOL_TCP;
}

/** Whether it is a raw one of IP, whose port is its protocol. */
export function isRaw({ is_ip, type }: event): boolean {
  return is_ip && type === TYPE_RAW;
}

/** Whether a socket of IP has an other end. */
export function isConnected({ is_ip, rport, raddr }: event): boolean {
  return is_ip &&
    (rport !== 0 || raddr.subarray(0, 10).some(Boolean) || raddr.subarray(12).some(Boolean));
}

/** Whether others may begin something there: it listens, or has an address and takes datagrams of anybody. */
export function waitsForOthers(socket: event): boolean {
  const { state, type, is_ip, lport, address_size } = socket;
  if (state === LISTEN) return true;
  const bound = is_ip ? lport !== 0 : address_size > 2;
  return state === CLOSE && (type === TYPE_DGRAM || type === TYPE_RAW) && bound;
}
