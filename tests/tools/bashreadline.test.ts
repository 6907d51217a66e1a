/** bashreadline against what was typed into shells. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { bashreadline, type TypedLine } from "../../tools/bashreadline.ts";
import { delay, kernelTest, startTool } from "../kernel/harness.ts";
import { OwnBash, TypedShell } from "./typed.ts";

const LONG = ": " + "a".repeat(198);
/** Longer than a record has room for. */
const TOO_LONG = ": " + "b".repeat(4500);

/** 23 lines. */
const LINES = [
  "",
  LONG,
  ": täglich 'a b' | cat",
  "cd /proc",
  TOO_LONG,
  ...Array.from({ length: 18 }, (_, at) => `: ${at}`),
];

kernelTest("each line is shown once, whole, of every bash that is in use", {}, async () => {
  using copy = new OwnBash("other-bash");
  using late = new OwnBash("sh");
  // They wait at their prompts already.
  await using host = await TypedShell.start("/bin/bash");
  await using inside = await TypedShell.start(copy.path);
  Deno.symlinkSync("/bin/bash", `${copy.folder}/some-name`);
  await using named = await TypedShell.start(`${copy.folder}/some-name`);
  using trace = bashreadline();
  const events: TypedLine[] = [];
  const reading = (async () => {
    for await (const event of trace) events.push(event);
  })();
  const own = ({ pid }: TypedShell) => events.filter((event) => event.pid === pid);
  const typed = (shell: TypedShell) => own(shell).map(({ command }) => command);

  await host.type(": first", ...LINES);
  await inside.type(": first", ": second", ": third");
  await named.type(": first", ": second");
  await using after = await TypedShell.start(late.path);
  for (; own(after).length === 0; await delay(50)) await after.type(": again");
  const seen = own(after).length;
  await after.type(": seen");
  trace.stop();
  await reading;
  assertEquals([trace.losses.ring ?? 0n, trace.losses.map ?? 0n], [0n, 0n]);

  const cut = LINES.map((line) => line.slice(0, 4095));
  assertEquals(typed(host), [": first", ...cut]);
  assertEquals(typed(inside), [": first", ": second", ": third"]);
  assertEquals(typed(named), [": first", ": second"]);
  assertEquals(typed(after), [...Array(seen).fill(": again"), ": seen"]);

  for (const { truncated, command, ppid, uid, user, tty, cwd } of own(host)) {
    assertEquals(truncated, command!.length === 4095);
    assertEquals([ppid, uid, user], [host.parent, 0, "root"]);
    assertMatch(tty!, /^pts\d+$/);
    assert(cwd !== undefined);
  }
  assertEquals(own(host).at(-1)!.cwd, "/proc");
  assertEquals([own(inside)[0].exe, own(named)[0].comm], [copy.path, "some-name"]);
});

kernelTest("-s traces the shells of one file alone, in the columns of the C tool", {}, async () => {
  using copy = new OwnBash("whatever");
  await using host = await TypedShell.start("/bin/bash");
  await using inside = await TypedShell.start(copy.path);
  await using tool = startTool("bashreadline", ["-s", copy.path]);
  await tool.until("\n");
  await host.type(": not this");
  await inside.type(": this", "printf '\\e[31m'");
  await tool.until("[31m");
  const { stdout, stderr } = await tool.stop();
  const [header, ...rows] = stdout.trimEnd().split("\n").map((line) => line.trimEnd());
  assertMatch(header, /^TIME {6}PID {5}COMMAND$/);
  assertEquals([rows.length, stderr], [2, ""]);
  assertMatch(rows[0], new RegExp(`^\\d\\d:\\d\\d:\\d\\d  ${inside.pid} +: this$`));
});

kernelTest("a file without readline() is refused", {}, async () => {
  await using tool = startTool("bashreadline", ["-s", "/bin/true"]);
  const { code, stderr } = await tool.finish();
  assertEquals(code, 64);
  assertMatch(stderr, /"\/bin\/true" has no function readline\(\)/);
});
