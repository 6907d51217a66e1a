import type { Codec } from "../../btf/codec.ts";
import type { MapHandle } from "../any_map.ts";
import { type MapType, mapTypeName } from "./map_types.ts";

/**
 * @internal Checks that a map is of one of these types.
 * @throws {TypeError} if it is not
 */
export function expectType(map: MapHandle, ...types: MapType[]): void {
  const type = mapTypeName(map.type);
  if ((types as string[]).includes(type)) return;
  throw new TypeError(`map ${map.name} is of type ${type}, not ${types.join(" or ")}`);
}

/**
 * @internal Checks the size of a map's values: the kernel writes as much as the map says.
 * @throws {RangeError} if it is another
 */
export function expectValue(map: MapHandle, value: Codec<unknown>): void {
  if (map.valueSize === value.size) return;
  const { name, valueSize } = map;
  throw new RangeError(
    `map ${name}: its values have ${valueSize} bytes, ${value.name} has ${value.size}`,
  );
}
