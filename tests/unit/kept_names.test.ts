/** Names of functions that stacks keep: traced programs choose how long they are. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { KeptNames } from "#lib/tool/stacks.ts";

Deno.test("names of stacks are kept once, and up to a number of letters in all", () => {
  const names = new KeptNames(1000);
  const [long, other] = ["a".repeat(600), "b".repeat(600)];
  for (let stack = 0; stack < 100; stack++) {
    assertEquals(names.kept([long, "main", long]), [long, "main", long]);
  }
  assertEquals(names.kept([other, "main"]), ["[unknown]", "main"]);
  assertEquals(names.kept(["c".repeat(300)]), ["c".repeat(300)], "there is still room for it");
  names.forget();
  assertEquals(names.kept([other, long]), [other, "[unknown]"]);
});

Deno.test("a key is short, and that of the same names alone", () => {
  const names = new KeptNames();
  const long = "a".repeat(10_000);
  const keys = [[long, "main"], ["main", long], [long], [], ["1", "1"], ["11"]]
    .map((stack) => names.key(stack));
  assertEquals(new Set(keys).size, keys.length);
  assertEquals(names.key([long, "main"]), keys[0]);
  assertEquals(Math.max(...keys.map((key) => key.length)) < 10, true);
  assertNotEquals(names.key(["other"]), keys[2]);
});
