/** `denobpf map` and `denobpf btf`, next to bpftool, on maps that this process has made. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type BpfObject, listMaps, possibleCpus, programInfo } from "#lib/mod.ts";
import { attachedCommands, bpftool, type Row, rows } from "./commands.ts";
import { kernelTest, runTool } from "./harness.ts";

/** The maps of the object, by their names: the ids of those that its programs use, and of the others. */
function mapIds(object: BpfObject): Map<string, number> {
  const names = object.describeMaps().map(({ name }) => name);
  const known = listMaps().filter(({ name }) => names.includes(name));
  const used = object.programs.flatMap((program) => programInfo(program).mapIds);
  assert(used.length > 0);
  return new Map(known.map(({ id, name }) => [name, id]));
}

/** Runs a command that prints nothing. */
async function silent(...args: string[]): Promise<void> {
  const { stdout, stderr, code } = await runTool("denobpf", ["map", ...args]);
  assertEquals([stdout, stderr, code], ["", "", 0]);
}

/** What a command says that fails, and its exit code. */
async function refused(...args: string[]): Promise<[number, string]> {
  const { stdout, stderr, code } = await runTool("denobpf", ["map", ...args]);
  assertEquals(stdout, "");
  return [code, stderr.trimEnd()];
}

kernelTest("denobpf map list shows what bpftool shows", {}, async () => {
  using object = await attachedCommands();
  const ours = await rows("map", "list");
  const ids = mapIds(object);
  assert(ids.size >= 4);
  for (const id of ids.values()) {
    const row = ours.find((row) => row.id === id)!;
    // One by one: in its list bpftool gives a map without BTF that of the map before.
    const [other] = await bpftool("map", "show", "id", `${id}`);
    const { frozen, btf_id, ...same } = row;
    assertEquals(same, Object.fromEntries(Object.keys(same).map((name) => [name, other[name]])));
    assertEquals([Number(frozen), btf_id ?? undefined], [other.frozen, other.btf_id]);
    assertEquals(await rows("map", "show", `${id}`), [row]);
  }
});

kernelTest("a struct goes into a map as JSON and comes out by its members", {}, async () => {
  using _object = await attachedCommands();
  const visit = {
    count: 5,
    name: "hello",
    shade: "LIGHT",
    seen: true,
    bytes: "hex:010203",
    from: { x: -3, y: 4 },
    small: 5,
    on: true,
    tone: "LIGHT",
  };
  await silent("update", "cmd_visits", '{"x": 1, "y": -2}', JSON.stringify(visit));
  const entry = { key: { x: 1, y: -2 }, value: visit };
  assertEquals(await rows("map", "dump", "cmd_visits"), [entry]);
  assertEquals(await rows("map", "lookup", "cmd_visits", '{"x":1,"y":-2}'), [entry]);
  assertEquals(await rows("map", "lookup", "cmd_visits", "hex:01 00 00 00 fe ff ff ff"), [entry]);
  const [{ formatted }] = await bpftool("map", "dump", "name", "cmd_visits");
  // bpftool shows bytes one by one, and bitfields as hexadecimal numbers.
  const theirs = { ...visit, bytes: [1, 2, 3], small: "0x5", on: "0x1", tone: "0x7" };
  assertEquals(formatted, { key: entry.key, value: theirs });
});

kernelTest("a number is a key, beyond a dash and beyond 2^53 too", {}, async () => {
  using _object = await attachedCommands();
  await silent("update", "cmd_counts", "42", "--", "-9007199254740993");
  await silent("update", "cmd_counts", "0x17", "23");
  const found = await rows("map", "dump", "cmd_counts");
  assertEquals(found.sort((a, b) => Number(a.key) - Number(b.key)), [
    { key: 23, value: 23 },
    { key: 42, value: "-9007199254740993" },
  ]);
});

kernelTest("update --noexist and --exist keep what they say", {}, async () => {
  using _object = await attachedCommands();
  assertEquals(await refused("update", "cmd_counts", "1", "1", "--exist"), [
    1,
    "denobpf map update: cmd_counts has no entry at 1",
  ]);
  await silent("update", "cmd_counts", "1", "1", "--noexist");
  assertEquals(await refused("update", "cmd_counts", "1", "2", "--noexist"), [
    1,
    "denobpf map update: cmd_counts has an entry at 1 already",
  ]);
  await silent("update", "cmd_counts", "1", "3", "--exist");
  assertEquals(await rows("map", "dump", "cmd_counts"), [{ key: 1, value: 3 }]);
});

kernelTest("delete takes an entry out, and fails where there is none", {}, async () => {
  using _object = await attachedCommands();
  await silent("update", "cmd_counts", "7", "1");
  await silent("delete", "cmd_counts", "7");
  const nothing = [1, "denobpf map delete: cmd_counts has no entry at 7"];
  assertEquals(await refused("delete", "cmd_counts", "7"), nothing);
  assertEquals((await refused("lookup", "cmd_counts", "7"))[0], 1);
});

kernelTest("one value is set for every CPU, a list for each its own", {}, async () => {
  using _object = await attachedCommands();
  const all = Array.from({ length: possibleCpus() }, (_, cpu) => cpu + 23);
  await silent("update", "cmd_per_cpu", "0", "7");
  await silent("update", "cmd_per_cpu", "2", JSON.stringify(all));
  const found = await rows("map", "dump", "cmd_per_cpu");
  assertEquals([found[0].value, found[2].value], [all.map(() => 7), all]);
});

kernelTest("a map without BTF is its bytes", {}, async () => {
  using _object = await attachedCommands();
  await silent("update", "cmd_bytes", "hex:0a0b", "hex:01 02 03");
  assertEquals(await rows("map", "dump", "cmd_bytes"), [{ key: "hex:0a0b", value: "hex:010203" }]);
});

kernelTest("global variables are shown by their names", {}, async () => {
  using _object = await attachedCommands();
  const [{ key, value }] = await rows("map", "dump", "commands.data");
  assertEquals([key, (value as Row).cmd_total], [0, 23]);
  assertEquals(((value as Row).cmd_origin as Row).y, 2);
});

kernelTest("a wrong key or value is an error that names what is wrong in it", {}, async () => {
  using _object = await attachedCommands();
  for (
    const [map, key, message] of [
      ["cmd_visits", '{"x": 1}', "struct point: y is missing"],
      ["cmd_visits", '{"x": 1, "y": 2, "z": 3}', "struct point has no member z; it has: x, y"],
      ["cmd_visits", '{"x": 1, "y": 5000000000}', "y: s32: 5000000000 is not a whole number from"],
      ["cmd_visits", "7", 'struct point: an object such as {"x": ...} is needed, not "7"'],
      ["cmd_visits", '{"x": ', "JSON"],
      ["cmd_visits", "hex:0102", "8 bytes are needed, not 2"],
      ["cmd_counts", "one", 'u32: "one" is not a whole number'],
      ["cmd_counts", "4294967296", "u32: 4294967296 is not a whole number from 0 to 4294967295"],
    ]
  ) {
    const [code, said] = await refused("lookup", map, key);
    assertEquals(code, 64);
    assertStringIncludes(said, "denobpf map lookup: KEY: ");
    assertStringIncludes(said, message);
  }
});

kernelTest("a name that several maps have is an error with their ids", {}, async () => {
  using _one = await attachedCommands();
  using _other = await attachedCommands({ beside: 1 });
  const ids = listMaps().filter(({ name }) => name === "cmd_counts").map(({ id }) => id);
  assertEquals(ids.length, 2);
  const what = 'denobpf map dump: 2 maps are called "cmd_counts", name one by its id';
  assertEquals(await refused("dump", "cmd_counts"), [64, `${what}: ${ids.join(", ")}`]);
});

kernelTest("a map can be pinned only on a bpf file system, and the error says so", {}, async () => {
  using _object = await attachedCommands();
  const path = Deno.makeTempDirSync() + "/pin";
  const [code, said] = await refused("pin", "cmd_counts", path);
  assert(code !== 0);
  assertStringIncludes(said, "hint: pins must lie on a bpf file system");
});

kernelTest("denobpf btf dump has the types that bpftool has", {}, async () => {
  const object = new URL("../../build/tests/commands.bpf.o", import.meta.url).pathname;
  const ours = await rows("btf", "dump", object);
  const [{ types }] = await bpftool("btf", "dump", "file", object);
  const theirs = types as Row[];
  assertEquals(
    ours.map(({ id, name }) => [id, name ?? "(anon)"]),
    theirs.map(({ id, name }) => [id, name ?? "(anon)"]),
  );
  const visit = ours.find(({ name }) => name === "visit")!;
  const other = theirs.find(({ name }) => name === "visit")!;
  assertEquals([visit.kind, visit.size], ["struct", other.size]);
  const offsets = (row: Row) => (row.members as Row[]).map((m) => [m.name, m.bits_offset]);
  assertEquals(offsets(visit), offsets(other));
});

kernelTest(
  "denobpf btf dump reads the kernel's types and those of a loaded object",
  {},
  async () => {
    using object = await attachedCommands();
    const own = await rows("btf", "dump", `${programInfo(object.programs[0]).btfId}`);
    assert(own.some(({ kind, name }) => kind === "struct" && name === "visit"));
    const [list_head] = await rows("btf", "dump", "vmlinux", "--filter", "name==list_head");
    assertEquals([list_head.kind, list_head.size], ["struct", 16]);
    assertEquals((await rows("btf", "list"))[0].name, "vmlinux");
  },
);

kernelTest("denobpf btf dump ends with 65 for a file without types", {}, async () => {
  for (const file of ["/bin/true", "/etc/passwd", "/nosuch", "/dev/null"]) {
    const { stdout, stderr, code } = await runTool("denobpf", ["btf", "dump", file]);
    assertEquals([stdout, code, stderr.trimEnd().split("\n").length], ["", 65, 1], stderr);
    assertStringIncludes(stderr, `denobpf btf dump: ${file}: `);
  }
});
