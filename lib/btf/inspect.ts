/** What `console.log` and `Deno.inspect` ask an object for, to print in its place. */
export const INSPECT: unique symbol = Symbol.for("Deno.customInspect") as never;

/** What the getters of an object's class give: the members of a C struct or union. */
export function membersOf(object: object): Record<string, unknown> {
  const getters = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object));
  const names = Object.keys(getters).filter((name) => getters[name].get && !name.startsWith("$"));
  return Object.fromEntries(names.map((name) => [name, Reflect.get(object, name)]));
}
