/** What is counted by stacks, added up by their names. */
import { assertEquals } from "@std/assert";
import { StackSums } from "#lib/tool/stacks.ts";

interface Place {
  readonly pid: number;
  readonly comm: string;
  readonly kernel: bigint;
  readonly user: bigint;
}

const NONE = -2n;

const sums = (most?: number) =>
  new StackSums<Place, { readonly count: bigint; readonly max_ns: bigint }>({
    hook: "hook",
    depth: 2,
    distinguish: ({ comm }) => [comm],
    measure: ({ max_ns }) => max_ns,
    most,
  });

const stack = (id: bigint, ...ips: bigint[]) =>
  [{ id }, { frames: BigInt(ips.length), ips }] as const;
const at = (user: bigint, comm = "sh") => ({ pid: Deno.pid, comm, kernel: NONE, user });

// The libraries that names are looked up with stay open.
const open = { sanitizeResources: false };

Deno.test("what has the same names is added up, over sets and addresses", open, () => {
  const table = sums();
  table.collect([stack(5n, 1n)], [{ place: at(5n), value: { count: 2n, max_ns: 7n } }]);
  table.collect([stack(6n, 2n)], [
    { place: at(5n), value: { count: 3n, max_ns: 5n } },
    { place: at(6n), value: { count: 11n, max_ns: 6n } },
    { place: at(6n, "bash"), value: { count: 13n, max_ns: 1n } },
  ]);
  const rows = table.take().map(({ place, value, kernel, user, truncated }) =>
    [place.comm, value, kernel, user, truncated] as const
  );
  assertEquals(rows, [
    ["sh", { count: 16n, max_ns: 7n }, [], ["[unknown]"], false],
    ["bash", { count: 13n, max_ns: 1n }, [], ["[unknown]"], false],
  ]);
  assertEquals(table.take(), []);
  assertEquals(table.lost, 0n);
});

Deno.test("a stack with as many frames as are taken may have more", open, () => {
  const table = sums();
  table.collect([stack(5n, 1n, 2n)], [{ place: at(5n), value: { count: 1n, max_ns: 1n } }]);
  assertEquals(table.take()[0].truncated, true);
});

Deno.test("events at places without room are counted as lost, others are not", open, () => {
  const table = sums(2);
  const value = { count: 3n, max_ns: 1n };
  table.collect([], [5n, 6n, 7n, 5n, 8n].map((user) => ({ place: at(user), value })));
  assertEquals(table.lost, 6n);
  assertEquals(table.add(at(6n), value), true);
  assertEquals(table.add(at(9n), value), false);
  assertEquals(table.lost, 9n);
  assertEquals(table.take().length, 1, "both were missed");
  assertEquals(table.add(at(9n), value), true, "the next table has room again");
});

Deno.test(
  "names are kept of places that are in the table or wanted later, and of no others",
  open,
  () => {
    const table = sums(1);
    const value = { count: 1n, max_ns: 1n };
    table.collect([stack(5n, 1n), stack(6n, 1n), stack(7n, 1n)], [{ place: at(5n), value }], [
      at(6n),
      at(7n),
    ]);
    table.collect([], [], [at(6n)]);
    table.collect([], [], [at(6n)]);
    assertEquals(table.take()[0].user, ["[unknown]"]);
    for (const [id, user] of [[6n, "[unknown]"], [7n, "[Missed User Stack]"]] as const) {
      table.add(at(id), value);
      assertEquals(table.take()[0].user, [user]);
    }
  },
);

Deno.test("sums are counted by the stacks of a second task, where there is one", open, () => {
  type Both = Place & { readonly waker?: Place };
  const table = new StackSums<Both, { readonly count: bigint; readonly max_ns: bigint }>({
    hook: "hook",
    depth: 2,
    distinguish: ({ comm }) => [comm],
    measure: ({ max_ns }) => max_ns,
    other: { hook: "wake", of: ({ waker }) => waker },
  });
  const value = (count: bigint) => ({ count, max_ns: count });
  table.collect([stack(5n, 1n), stack(6n, 2n), stack(7n, 1n, 2n)], [
    { place: { ...at(5n), waker: at(6n) }, value: value(23n) },
    { place: { ...at(6n), waker: at(5n) }, value: value(11n) }, // has the same names
    { place: { ...at(5n), waker: at(7n) }, value: value(7n) },
    { place: at(5n), value: value(5n) },
  ]);
  const rows = table.take().map(({ value, user, truncated, other }) =>
    [value.count, user, truncated, other?.user, other?.truncated] as const
  );
  const unknown = ["[unknown]"];
  assertEquals(rows, [
    [34n, unknown, false, unknown, false],
    [7n, unknown, false, ["[unknown]", "[unknown]"], true],
    [5n, unknown, false, undefined, undefined],
  ]);
});
