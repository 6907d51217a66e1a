import { directAttachment } from "../../libbpf/attach_symbols.ts";
import { OpenFile } from "../../sys/file.ts";
import { oneOf } from "../../sys/nearest.ts";
import { explain, wrongType } from "../diagnosis.ts";
import type { Descriptor } from "../kernel_object.ts";
import type { Attachable } from "../program.ts";
import { ByHand } from "./attached_by_hand.ts";

/** What a program does with the sockets of a map, by `enum bpf_attach_type`. */
const TYPES = {
  sk_skb_stream_parser: 4,
  sk_skb_stream_verdict: 5,
  sk_msg_verdict: 7,
  sk_skb_verdict: 38,
} as const;

/** A program attached to the sockets of a map. */
export class SockmapAttachment extends ByHand {
  /** @internal {@link attachSockmap} makes these. */
  constructor(
    private readonly attached: Attachable,
    private readonly map: OpenFile,
    private readonly type: number,
  ) {
    super(attached.name);
  }

  /** Detaches it. */
  protected undo(): void {
    directAttachment().bpf_prog_detach2(this.attached.fd, this.map.fd, this.type);
    this.map[Symbol.dispose]();
  }
}

/**
 * Attaches a program of `sk_skb` or `sk_msg` to a map of sockets (sockmap, sockhash): it sees what comes
 * in or goes out through every socket in the map.
 *
 * @example
 * ```ts
 * import { attachSockmap, BpfObject, SocketMap, u32 } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/tests/attach_network.bpf.o");
 * object.load();
 * const sockets = object.mapOf("socket_map", (map) => new SocketMap(map, u32));
 * attachSockmap(object.program("on_message"), sockets, "sk_msg_verdict");
 * ```
 *
 * @throws {BpfError} EBUSY if the map has such a program already
 */
export function attachSockmap(
  program: Attachable,
  map: Descriptor,
  type: "sk_skb_stream_parser" | "sk_skb_stream_verdict" | "sk_msg_verdict" | "sk_skb_verdict",
): SockmapAttachment {
  const number = oneOf(TYPES, type, "part of a map of sockets");
  const result = directAttachment().bpf_prog_attach(program.fd, map.fd, number, 0);
  if (result < 0) {
    const operation = `attach ${program.name} to a map of sockets (${type})`;
    throw wrongType(operation, -result, program, ["sk_skb", "sk_msg"]) ??
      explain(operation, -result);
  }
  // The caller may close the map before this is undone.
  const kept = OpenFile.copyOf(map.fd, "the map of sockets");
  return program.own(new SockmapAttachment(program, kept, number));
}
