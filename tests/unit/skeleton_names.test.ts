import { assertEquals } from "@std/assert";
import { Names } from "#lib/skeleton/names.ts";

Deno.test("words that begin a type of TypeScript name none", () => {
  const names = Names.ofModule();
  for (const word of ["abstract", "asserts", "infer", "keyof", "readonly", "unique"]) {
    assertEquals(names.take(word), `${word}_`);
  }
  assertEquals(names.take("event"), "event");
});
