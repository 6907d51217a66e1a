/**
 * The format of pprof, which `go tool pprof`, Pyroscope and Parca read:
 * https://github.com/google/pprof/blob/main/proto/profile.proto
 */
import { Function, Location, Profile, Sample, StringTable, ValueType } from "pprof-format";
import { escapeText } from "../text/escape.ts";
import type { FlameFrame, FlameTree, FlameUnit } from "./flame_tree.ts";

/** The units that pprof scales; what else is counted has the unit `count`. */
const UNITS: Readonly<Record<string, { type: string; unit: string }>> = {
  nanoseconds: { type: "time", unit: "nanoseconds" },
  bytes: { type: "space", unit: "bytes" },
};

/** All stacks, as pprof has them: compressed by gzip. */
export async function pprof(
  tree: FlameTree,
  measured: FlameUnit,
): Promise<Uint8Array<ArrayBuffer>> {
  const stringTable = new StringTable();
  const string = (text: string) => stringTable.dedup(escapeText(text));
  const { type, unit } = UNITS[measured] ?? { type: measured, unit: "count" };
  const functions: Function[] = [];
  const ids = new Map<string, number>();
  // A location and a function a name: addresses are not kept.
  const idOf = ({ name }: FlameFrame) => {
    const known = ids.get(name);
    if (known !== undefined) return known;
    const id = functions.length + 1;
    functions.push(new Function({ id, name: string(name), systemName: string(name) }));
    ids.set(name, id);
    return id;
  };
  const sample = [...tree.stacks()].map(({ path, value }) =>
    new Sample({ locationId: path.map(idOf).reverse(), value: [value] })
  );
  const profile = new Profile({
    sampleType: [new ValueType({ type: string(type), unit: string(unit) })],
    sample,
    function: functions,
    location: functions.map(({ id }) => new Location({ id, line: [{ functionId: id }] })),
    stringTable,
  });
  const bytes = profile.encode() as Uint8Array<ArrayBuffer>;
  const gzipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(gzipped).arrayBuffer());
}
