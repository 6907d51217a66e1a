/** Stacks that a kernel half keeps, by their names. */
import { assertEquals } from "@std/assert";
import { KeptStacks } from "#lib/tool/stacks.ts";

/** Frames of which the last two digits are the name. */
const stacks = () => new KeptStacks("hook", ({ address }) => `f${address % 100n}`);
const stack = (id: bigint, ...ips: bigint[]) =>
  [{ id }, { frames: BigInt(ips.length), ips: [...ips, 77n, 77n] }] as const;

// The libraries that names are looked up with stay open.
const open = { sanitizeResources: false };

Deno.test("a stack of a process has names once there was time, and addresses before", open, () => {
  const kept = stacks();
  kept.add([stack(5n, 0x1001n, 0x1002n), stack(6n, 0x1003n)]);
  kept.want([{ pid: Deno.pid, kernel: -2n, user: 5n }]);
  kept.nameFor(-1);
  assertEquals(kept.user(Deno.pid, 5n), { names: ["0x1001", "0x1002"], frames: 2 });
  kept.nameFor(1000);
  assertEquals(kept.user(Deno.pid, 5n), { names: ["f97", "f98"], frames: 2 });
  assertEquals(kept.user(Deno.pid, 6n).names, ["0x1003"], "nobody has asked for it");
});

Deno.test("processes that come first are named first", () => {
  const named: bigint[] = [];
  const kept = new KeptStacks("hook", ({ address }) => `${named.push(address)}`);
  kept.add([stack(5n, 0x1001n), stack(6n, 0x1002n), stack(7n, 0x1003n)]);
  kept.want([5n, 6n, 7n].map((user, pid) => ({ pid: pid + 1, kernel: -2n, user })));
  kept.nameFor(10_000, [3]);
  assertEquals(named, [0x1003n, 0x1001n, 0x1002n]);
});

Deno.test("a stack that is wanted outlives its set, others do not", () => {
  const kept = stacks();
  kept.add([stack(5n, 0x1001n), stack(6n, 0x1003n)]);
  kept.forgetOthers();
  assertEquals(kept.user(1, 6n).frames, 1, "the last set had it");
  kept.add([]);
  kept.want([{ pid: 1, kernel: -2n, user: 5n }]);
  kept.forgetOthers();
  assertEquals(kept.user(1, 6n).names, ["[Missed User Stack]"]);
  kept.add([]);
  kept.forgetOthers();
  assertEquals(kept.user(1, 5n).frames, 1, "it has no names yet");
});

Deno.test("errnos in place of an id say whether there is no stack, or it was missed", () => {
  const kept = stacks();
  for (const none of [-2n, -14n]) {
    assertEquals([kept.kernel(none).names, kept.user(1, none).names], [[], []]);
  }
  for (const missed of [-28n, -16n, -95n, 23n]) {
    assertEquals(kept.kernel(missed).names, ["[Missed Kernel Stack]"]);
    assertEquals(kept.user(1, missed).names, ["[Missed User Stack]"]);
  }
});
