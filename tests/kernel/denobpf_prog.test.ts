/** `denobpf prog` and `denobpf link`, next to bpftool, on programs that this process has loaded. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { programInfo } from "#lib/mod.ts";
import { attachedCommands, bpftool, type Row, rows } from "./commands.ts";
import { kernelTest, runTool } from "./harness.ts";

/** What goes on counting while both look, if someone on this host has the kernel measure programs. */
const COUNTERS = ["run_cnt", "run_time_ns"];

/** The members that both have. */
function shared(row: Row, other: Row): Row {
  return Object.fromEntries(
    Object.entries(row).filter(([name]) => Object.hasOwn(other, name) && !COUNTERS.includes(name)),
  );
}

kernelTest("denobpf prog list shows what bpftool shows", {}, async () => {
  using object = await attachedCommands();
  const [ours, theirs] = [await rows("prog", "list"), await bpftool("prog", "list")];
  for (const program of object.programs) {
    const { id } = programInfo(program);
    const { loaded_at, ...row } = ours.find((row) => row.id === id)!;
    const other = theirs.find((row) => row.id === id)!;
    assertEquals(shared(row, other), shared(other, row));
    assert(Object.keys(shared(row, other)).length >= 10);
    const seconds = Date.parse(loaded_at as string) / 1000;
    assert(Math.abs(seconds - (other.loaded_at as number)) <= 2);
  }
});

kernelTest("denobpf prog dump prints the instructions as bpftool does", {}, async () => {
  using object = await attachedCommands();
  for (const program of object.programs) {
    const { id } = programInfo(program);
    const ours = (await rows("prog", "dump", `${id}`)).map(({ disasm }) => `${disasm}`);
    const theirs = (await bpftool("prog", "dump", "xlated", "id", `${id}`))
      .filter(({ disasm }) => disasm !== undefined)
      // The name of a subprogram.
      .map(({ disasm }) => `${disasm}`.replace(/(call pc\S+?)#.*/, "$1"));
    // Linux 6.10 moves per-CPU pointers by an instruction that old bpftools show as a plain move.
    const plain = (line: string) => line.replace(/&\(void __percpu \*\)\((r\d)\)/, "$1");
    assertEquals(ours.map(plain), theirs.map(plain));
    assert(ours.length > 10);
  }
});

kernelTest("denobpf prog dump --jited shows the bytes of the machine code", {}, async () => {
  using object = await attachedCommands();
  const { id, jitedSize } = programInfo(object.programs[0]);
  const lines = await rows("prog", "dump", `${id}`, "--jited");
  const bytes = lines.flatMap((line) => `${line.bytes}`.split(" "));
  assertEquals(bytes.length, jitedSize);
});

kernelTest("denobpf prog show takes a name, of which 15 bytes count, and an id", {}, async () => {
  using object = await attachedCommands();
  const { id } = programInfo(object.program("cmd_on_exit"));
  for (const given of ["cmd_on_exit", `${id}`]) {
    const [row, ...others] = await rows("prog", "show", given);
    assertEquals([row.id, row.name, row.type, others], [id, "cmd_on_exit", "tracing", []]);
  }
});

kernelTest("a name that several programs have is an error with their ids", {}, async () => {
  using one = await attachedCommands();
  using other = await attachedCommands({ beside: 1 });
  const ids = [one, other].map((object) => programInfo(object.program("cmd_other")).id).join(", ");
  const { stderr, stdout, code } = await runTool("denobpf", ["prog", "show", "cmd_other"]);
  const what = 'denobpf prog show: 2 programs are called "cmd_other", name one by its id';
  assertEquals([code, stdout, stderr], [64, "", `${what}: ${ids}\n`]);
});

kernelTest("a program that is not there is an error, with the one that was meant", {}, async () => {
  using _object = await attachedCommands();
  const said = async (given: string) => {
    const { stderr, stdout, code } = await runTool("denobpf", ["prog", "show", given]);
    assertEquals([code, stdout], [1, ""]);
    return stderr;
  };
  assertStringIncludes(await said("cmd_othre"), "did you mean cmd_other?");
  assertStringIncludes(await said("/nosuch/pin"), "the program pinned at /nosuch/pin");
  assertStringIncludes(await said("4294967295"), "the program with the id 4294967295");
});

kernelTest("denobpf link list shows what each program is attached to", {}, async () => {
  using object = await attachedCommands();
  const programs = object.programs.map((program) => programInfo(program).id);
  const own = ({ prog_id }: Row) => programs.includes(prog_id as number);
  const [ours, theirs] = [await rows("link", "list"), await bpftool("link", "list")];
  const told = (type: unknown, id: unknown, prog_id: unknown) => [type, id, prog_id].join();
  assertEquals(
    ours.filter(own).map(({ type, id, prog_id }) => told(type, id, prog_id)),
    theirs.filter(own).map(({ type, id, prog_id }) => told(type, id, prog_id)),
  );
  assertEquals(ours.filter(own).map(({ target }) => (target as Row).name), [
    "sched_process_exit",
    "sched_process_exit",
  ]);
});

kernelTest("the commands of denobpf say which words they want", {}, async () => {
  const said = async (...args: string[]) => {
    const { stdout, stderr, code } = await runTool("denobpf", args);
    assertEquals([stdout, code], ["", 64]);
    return stderr;
  };
  assertEquals(
    await said("prog", "show"),
    "denobpf prog show: name PROG (denobpf prog show --help lists the options)\n",
  );
  assertEquals(
    await said("link", "list", "1"),
    'denobpf link list: unexpected argument "1" (denobpf link list --help lists the options)\n',
  );
  assertEquals(
    await said("prog"),
    "denobpf: denobpf prog is followed by one of list, show, dump\n",
  );
  assertEquals(await said("prog", "lsit"), "denobpf: prog: did you mean list?\n");
  const { stdout } = await runTool("denobpf", ["prog", "show", "--help"]);
  assertMatch(stdout, /^USAGE: denobpf prog show [^]*? PROG\n/);
});
