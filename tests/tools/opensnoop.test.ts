import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { type Open, opensnoop } from "../../tools/opensnoop.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";

const workload = new URL("../../build/tests/opens", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof opensnoop>[0]>;

/** Runs kinds of tests/workloads/opens.c in a folder of their own, traced with these options. */
async function opensOf(
  options: Options | ((pid: number) => Options),
  ...kinds: string[]
): Promise<{ opens: Open[]; folder: string; line: string }> {
  const folder = Deno.makeTempDirSync();
  const child = new Deno.Command(workload, {
    args: ["-w", ...kinds],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await lines.read();
  const given = typeof options === "function" ? options(child.pid) : options;
  using trace = opensnoop({ pid: [child.pid], ...given });
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode("\n"));
  const line = kinds.includes("thread") ? (await lines.read()).value ?? "" : "";
  if (line !== "") await stdin.write(new TextEncoder().encode("\n"));
  await stdin.close();
  await child.status;
  await lines.cancel();
  trace.stop();
  const opens: Open[] = [];
  for await (const open of trace) opens.push(open);
  assertEquals([trace.losses.ring ?? 0n, trace.losses.map ?? 0n], [0n, 0n]);
  Deno.removeSync(folder, { recursive: true });
  return { opens, folder, line };
}

/** Opens by what `by` says of them, with how many there were. */
function counted(opens: readonly Open[], by: (open: Open) => unknown): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const open of opens) counts[`${by(open)}`] = (counts[`${by(open)}`] ?? 0) + 1;
  return counts;
}

kernelTest("opensnoop shows each call that opens a file, exactly", {}, async () => {
  const x86 = Deno.build.arch === "x86_64";
  const kinds = ["open", "creat", "openat2", "dirfd"];
  const { opens } = await opensOf({}, ...kinds);
  assertEquals(counted(opens, (open) => `${open.syscall} ${open.path}`), {
    ...x86 && { "open /etc/hostname": 23, "creat created": 7 },
    "openat2 /etc/hostname": 11,
    "openat /etc": 1,
    "openat hostname": 5,
  });
  assert(opens.every((open) => open.comm === "opens" && open.error === undefined));
});

kernelTest("a name that starts from a descriptor has the whole path", {}, async () => {
  const { opens } = await opensOf({}, "dirfd");
  const named = opens.filter((open) => open.path === "hostname");
  assertEquals(counted(named, (open) => open.full_path), { "/etc/hostname": 5 });
  assert(named.every((open) => open.dirfd === opens[0].fd));
  assertEquals(opens[0].flags, ["O_RDONLY", "O_DIRECTORY", "O_PATH"]);
});

kernelTest("the path of a file is without links", {}, async () => {
  const { opens } = await opensOf({}, "link");
  assertEquals(counted(opens, (open) => `${open.path} ${open.full_path}`), {
    "link /etc/hostname": 17,
  });
  const { ino, size } = Deno.statSync("/etc/hostname");
  assert(opens.every((open) => open.ino === BigInt(ino!) && open.size_bytes === BigInt(size)));
  assert(opens.every((open) => open.latency_ns! > 0n && open.fs !== undefined));
});

kernelTest("new files are distinguished from others, with their mode", {}, async () => {
  const { opens, folder } = await opensOf({ created: true }, "openat", "creat", "dirfd");
  const made = opens.filter((open) => open.path === "./made");
  assertEquals(made.length, 19);
  assert(made.every((open) => open.created && open.mode === 0o640));
  assertEquals(made[0].full_path, `${folder}/made`);
  // The first of seven creat(2) makes the file.
  assertEquals(opens.length, 19 + (Deno.build.arch === "x86_64" ? 1 : 0));
});

kernelTest("a file that is opened by its handle has a path, and no name", {}, async () => {
  const folder = cgroupMount()!;
  const { opens } = await opensOf({}, `handle=${folder}`);
  const handled = opens.filter((open) => open.syscall === "open_by_handle_at");
  assertEquals(counted(handled, (open) => `${open.path} ${open.full_path}`), {
    [`undefined ${folder}`]: 3,
  });
});

kernelTest("failed calls have their errno, and where they looked", {}, async () => {
  const { opens } = await opensOf({ failed: true }, "fails");
  assertEquals(counted(opens, (open) => `${open.error} ${open.path} ${open.full_path}`), {
    "ENOENT /nonexistent/file /nonexistent/file": 13,
    "ENOENT absent /etc/absent": 2,
    "EFAULT undefined undefined": 3,
  });
  assert(opens.every((open) => open.fd === undefined && open.ino === undefined));
});

kernelTest("calls of 32-bit programs are shown", {}, async () => {
  if (Deno.build.arch !== "x86_64") return;
  const { opens } = await opensOf({}, "compat");
  assertEquals(counted(opens, (open) => `${open.syscall} ${open.path} ${open.full_path}`), {
    "open /etc/hostname /etc/hostname": 29,
    "openat /etc/hostname /etc/hostname": 31,
  });
});

kernelTest("a name in a page that was not in memory is read", {}, async () => {
  const { opens } = await opensOf({}, "page");
  assertEquals(opens.map((open) => open.path), ["page", "/etc/hostname"]);
});

kernelTest("options choose flags, names and threads", {}, async () => {
  const { opens } = await opensOf({ flags: ["O_WRONLY", "O_RDWR"] }, "openat", "dirfd");
  assertEquals(counted(opens, (open) => open.path), { "./made": 19 });
  const { opens: named } = await opensOf({ name: "pen", pid: [] }, "openat2");
  assertEquals(counted(named, (open) => open.comm), { opens: 11 });
  const { opens: others } = await opensOf({ name: "absent" }, "openat2");
  assertEquals(others, []);
  const { opens: all, line } = await opensOf({}, "dirfd", "thread");
  const tid = Number(line);
  assertEquals(counted(all, (open) => open.tid === tid), { true: 37, false: 6 });
  const { opens: root } = await opensOf({ cgroup: "/" }, "dirfd");
  assertEquals(root.length, 6);
  const { opens: none } = await opensOf((pid) => ({ tid: pid + 1 }), "dirfd");
  assertEquals(none, []);
  const { opens: main } = await opensOf((pid) => ({ tid: pid }), "dirfd", "thread");
  assertEquals(main.length, 6);
});

kernelTest("columns are those of the C tool", {}, async () => {
  const columns = async (...args: string[]) => {
    await using tool = startTool("opensnoop", ["-d", "300", "-p", `${Deno.pid}`, ...args]);
    await tool.until("\n");
    Deno.openSync("/etc/hostname").close();
    await tool.until("/etc/hostname\n");
    const { stdout, code, stderr } = await tool.stop();
    assertEquals([code, stderr], [0, ""]);
    const lines = stdout.split("\n");
    return [lines[0], lines.find((line) => line.endsWith("/etc/hostname"))!];
  };
  const [header, row] = await columns();
  assertEquals(header, "PID    COMM              FD ERR PATH");
  assertMatch(row, /^\d+ {1,6}\S.{15} +\d+ {3}0 \/etc\/hostname$/);
  const [all, full] = await columns("-T", "--print-uid", "-e", "--full-path");
  assertEquals(all, "TIME     UID     PID    COMM              FD ERR FLAGS    MODE  PATH");
  assertMatch(
    full,
    /^\d\d:\d\d:\d\d 0 {7}\d+ {1,6}\S.{15} +\d+ {3}0 \d{8} n\/a {3}\/etc\/hostname$/,
  );
  assertEquals((await columns("--timestamp", "-U", "--extended-fields", "-F"))[0], all);
});

kernelTest("opensnoop counts what strace counts", {}, async () => {
  const kinds = [
    "open",
    "openat",
    "creat",
    "openat2",
    "dirfd",
    "fails",
    "link",
    `handle=${cgroupMount()}`,
  ];
  const { opens } = await opensOf({}, ...kinds);
  const folder = Deno.makeTempDirSync();
  const names = "open,openat,creat,openat2,open_by_handle_at";
  const { stderr } = await new Deno.Command("strace", {
    args: ["-f", "-e", `trace=${names}`, workload, ...kinds],
    cwd: folder,
    stderr: "piped",
  }).output();
  Deno.removeSync(folder, { recursive: true });
  // What the dynamic loader opens comes first.
  const calls = new TextDecoder().decode(stderr).split("\n")
    .filter((line) => /^open|^creat/.test(line) && !/ld\.so|lib/.test(line));
  assertEquals(
    counted(opens, (open) => `${open.syscall} ${open.error ?? ""}`),
    calls.reduce((counts: Record<string, number>, line) => {
      const [, call, error] = /^(\w+)\(.* = (?:-1 (\w+)|\d+)/.exec(line)!;
      const key = `${call} ${error ?? ""}`;
      return { ...counts, [key]: (counts[key] ?? 0) + 1 };
    }, {}),
  );
});
