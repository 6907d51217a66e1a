import { lastErrno, libc } from "../../sys/libc.ts";
import { symbolGroup } from "../../sys/library.ts";
import { explain, wrongType } from "../diagnosis.ts";
import type { Descriptor } from "../kernel_object.ts";
import type { Attachable } from "../program.ts";
import { ByHand } from "./attached_by_hand.ts";

const options = symbolGroup(libc, {
  // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen)
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
});

/** Of include/uapi/asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_ATTACH_BPF = 50;
const SO_DETACH_BPF = 27;

/** A program as the filter of a socket. */
export class SocketFilter extends ByHand {
  /** @internal {@link attachSocket} makes these. */
  constructor(program: string, private readonly socket: Descriptor) {
    super(program);
  }

  /** A socket that is closed has no filter any more. */
  protected undo(): void {
    if (this.socket.fd < 0) return;
    options().setsockopt(this.socket.fd, SOL_SOCKET, SO_DETACH_BPF, new Uint8Array(4), 4);
  }
}

/**
 * Makes a program of a section `socket` the filter of a socket: it sees each packet and says how many
 * bytes of it the socket gets; 0 for none.
 *
 * @example
 * ```ts
 * import { attachSocket, BpfObject, PacketSocket } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/sockfilter.bpf.o");
 * object.load();
 * using socket = new PacketSocket("lo");
 * using filter = attachSocket(object.program("socket_handler"), socket);
 * ```
 *
 * @param socket its descriptor: that of a {@link PacketSocket}, for one
 * @throws {BpfError} EINVAL for a program of another type, ENOTSOCK for what is no socket
 */
export function attachSocket(program: Attachable, socket: Descriptor): SocketFilter {
  const fd = new Uint8Array(new Int32Array([program.fd]).buffer);
  const result = options().setsockopt(socket.fd, SOL_SOCKET, SO_ATTACH_BPF, fd, fd.length);
  if (result < 0) {
    const [operation, errno] = [`attach ${program.name} to a socket`, lastErrno()];
    throw wrongType(operation, errno, program, ["socket_filter"]) ?? explain(operation, errno);
  }
  return program.own(new SocketFilter(program.name, socket));
}
