/** Stacks as they are shown. */
import { assertEquals } from "@std/assert";
import { foldedLine } from "#lib/tool/flames/folded.ts";
import { drawnStack, type Marks, type Stacked, stackPath } from "#lib/tool/shapes/stacks.ts";
import { frameName } from "#lib/tool/stacks.ts";

const stack: Stacked = { comm: "dd", pid: 7, kernel: ["k1", "k2"], user: ["u1", "u2"] };

Deno.test("a stack is drawn as the C tools draw it, the innermost function first", () => {
  assertEquals(
    drawnStack(stack, "23", {}),
    "    k1\n    k2\n    u1\n    u2\n    -                dd (7)\n        23\n",
  );
  assertEquals(
    drawnStack(stack, "23", { delimited: true }),
    "    k1\n    k2\n    --\n    u1\n    u2\n    -                dd (7)\n        23\n",
  );
});

function foldedStack(stack: Stacked, value: number, marks: Marks): string {
  return foldedLine(stackPath(stack, marks), value);
}

Deno.test("a folded stack begins with the outermost function", () => {
  assertEquals(foldedStack(stack, 23, {}), "dd;u2;u1;k2;k1 23\n");
  assertEquals(foldedStack(stack, 23, { delimited: true }), "dd;u2;u1;-;k2;k1 23\n");
  assertEquals(foldedStack(stack, 23, { annotations: true }), "dd;u2;u1;k2_[k];k1_[k] 23\n");
});

Deno.test("there is no border where there is one side only", () => {
  const { comm, pid, kernel, user } = stack;
  const delimited = { delimited: true };
  assertEquals(foldedStack({ comm, pid, kernel, user: undefined }, 5, delimited), "dd;k2;k1 5\n");
  assertEquals(foldedStack({ comm, pid, kernel: [], user }, 5, delimited), "dd;u2;u1 5\n");
});

Deno.test("a name adds no frame, no line and no control character", () => {
  const hostile = { comm: "a;b\nc", pid: 1, kernel: [], user: ["u;\x1b[2J", "v\r"] };
  assertEquals(foldedStack(hostile, 3, {}), "a:b\\nc;v\\r;u:\\x1b[2J 3\n");
  assertEquals(drawnStack(hostile, "3", {}).split("\n").length, 5);
  assertEquals(drawnStack(hostile, "3", {}).includes("\x1b"), false);
});

Deno.test("a frame without a name is the place in its file, if it is of one", () => {
  const address = 0x1234n;
  assertEquals(frameName({ address, offset: 4, name: "f", module: "/lib/x.so" }), "f");
  assertEquals(frameName({ address, offset: 0x40, module: "/lib/x.so" }), "x.so+0x40");
  assertEquals(frameName({ address, offset: 0x40, module: "[anon]" }), "[unknown]");
  assertEquals(frameName({ address, offset: 0 }), "[unknown]");
});
