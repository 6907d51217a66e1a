import { withLog } from "../../libbpf/log.ts";
import { structOps } from "../../libbpf/map_symbols.ts";
import { AnyMap, type ObjectMap } from "../any_map.ts";
import { explain } from "../diagnosis.ts";
import { lastError } from "../errors.ts";
import { Link } from "../link.ts";
import { expectType } from "./expected_types.ts";

/**
 * A table of functions of the kernel that programs stand in for (`SEC(".struct_ops")`,
 * BPF_MAP_TYPE_STRUCT_OPS): a TCP congestion control, a scheduler.
 *
 * @example
 * ```ts
 * import { BpfObject, programKinds, StructOps } from "@denobpf/denobpf";
 *
 * if (programKinds().some(({ name, supported }) => name === "struct_ops" && supported)) {
 *   using object = BpfObject.open("build/tests/maps_struct_ops.bpf.o");
 *   const congestion = object.mapOf("congestion", (map) => new StructOps(map));
 *   object.load();
 *   using link = congestion.register();
 * }
 * ```
 */
export class StructOps extends AnyMap implements Disposable {
  readonly #map: ObjectMap;
  readonly #links: Link[] = [];

  /**
   * Gives a map of this kind its types.
   * @throws {TypeError} if the map is of another type
   */
  constructor(map: ObjectMap) {
    super(map);
    expectType(map, "struct_ops");
    this.#map = map;
  }

  /**
   * Gives the table to the kernel, under the name that is in it. It is taken back when the link is
   * destroyed, at the latest with the object.
   * @throws {BpfError} EEXIST if the kernel has a table of that name
   */
  register(): Link {
    this.#map.lifetime.mustBeAttachable(`register ${this.name}`);
    void this.fd; // asks whether the map was made
    const { result, log } = withLog(() =>
      structOps().bpf_map__attach_struct_ops(this.#map.pointer) ?? lastError()
    );
    if (typeof result === "number") throw explain(`register ${this.name}`, result, log);
    const link = new Link(result, this.name);
    this.#links.push(link);
    return link;
  }

  /** Takes it back from the kernel. */
  [Symbol.dispose](): void {
    for (const link of this.#links) link.destroy();
  }
}
