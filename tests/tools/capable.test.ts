import { assert, assertEquals, assertMatch } from "@std/assert";
import { Capable } from "#skel/capable.ts";
import { type CapabilityCheck, capable } from "../../tools/capable.ts";
import { hasFeature, kernelTest, runTool } from "../kernel/harness.ts";

const workload = new URL("../../build/tests/checks", import.meta.url).pathname;

/** Without kprobes there is the tracepoint alone, which does not say why the kernel asks. */
const saysWhy = hasFeature("fentry");

/** Runs kinds of tests/workloads/checks.c: of each how many calls succeeded, and its user namespace. */
async function runChecks(...kinds: (string | number)[]): Promise<[number, number][]> {
  const { stdout } = await new Deno.Command(workload, { args: kinds.map(String) }).output();
  return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => {
    const [, succeeded, namespace] = line.split(" ");
    return [Number(succeeded), Number(namespace)];
  });
}

type Options = Parameters<typeof capable>[0];

/** What the tool shows of the workload, and what the workload says itself. */
async function checksOf(options: Options, ...kinds: (string | number)[]) {
  using trace = capable({ comm: "checks", ...options });
  const said = await runChecks(...kinds);
  trace.stop();
  const checks: CapabilityCheck[] = [];
  for await (const check of trace) checks.push(check);
  return { said, checks };
}

const DAC_READ_SEARCH = 2;
const SETUID = 7;
const CHROOT = 18;
const SYS_ADMIN = 21;

kernelTest("23 allowed, 11 refused and 7 in a user namespace, exactly", {}, async () => {
  const { said, checks } = await checksOf({ cap: [CHROOT] }, "root", 23, "nobody", 11, "userns", 7);
  const [[allowed, host], [refused], [inside, namespace]] = said;
  assertEquals([allowed, refused, inside], [23, 0, 7]);
  const shown = checks.map(({ uid, cred_uid, name, verdict, target_userns, host_userns }) => [
    ...[uid, cred_uid, name, verdict, target_userns, host_userns],
  ]);
  assertEquals(shown, [
    ...Array(23).fill([0, 0, "CAP_SYS_CHROOT", "allow", host, true]),
    ...Array(11).fill([65534, 65534, "CAP_SYS_CHROOT", "deny", host, true]),
    ...Array(7).fill([0, 0, "CAP_SYS_CHROOT", "allow", namespace, false]),
  ]);
  for (const check of checks) {
    const { syscall, overridden, pid, tid, kstack, ustack, capabilities } = check;
    assertEquals([syscall, overridden, pid], ["chroot", false, tid]);
    assertEquals([kstack, ustack, capabilities], [undefined, undefined, undefined]);
  }
});

kernelTest("the credentials that are checked need not be the process's", {}, async () => {
  const { said, checks } = await checksOf({ cap: [DAC_READ_SEARCH] }, "access", 5);
  assertEquals(said[0][0], 5);
  assertEquals(
    checks.map(({ uid, cred_uid, overridden, verdict, syscall }) => [
      ...[uid, cred_uid, overridden, verdict, syscall],
    ]),
    Array(5).fill([0, 65534, true, "allow", "faccessat"]),
  );
});

kernelTest("an audit and the setting of an id are shown where the kernel says so", {}, async () => {
  const { checks } = await checksOf({ cap: [SETUID, SYS_ADMIN] }, "setuid", 5, "maps", 13);
  const ids = checks.filter(({ syscall }) => syscall === "setuid");
  assertEquals(
    ids.map(({ cap, audit, insetid, verdict }) => [cap, audit, insetid, verdict]),
    Array(5).fill([SETUID, saysWhy || undefined, saysWhy || undefined, "deny"]),
  );
  // The compiler may have put cap_capable() into its caller for mmap, where fexit does not see it.
  const maps = checks.filter(({ syscall, uid }) => syscall === "mmap" && uid === 0);
  assert(saysWhy || maps.length >= 13);
  for (const { cap, audit } of maps) {
    assertEquals([cap, audit], [SYS_ADMIN, saysWhy ? false : undefined]);
  }
  const options = { audit: true, cap: [SETUID, SYS_ADMIN] };
  const audited = (await checksOf(options, "setuid", 5, "maps", 13)).checks;
  assertEquals(audited.filter(({ syscall }) => syscall === "setuid").length, 5);
  assert(!saysWhy || audited.every(({ audit }) => audit === true));
});

kernelTest("--denied shows what was refused", {}, async () => {
  const { checks } = await checksOf({ denied: true, cap: [CHROOT] }, "root", 23, "nobody", 11);
  assertEquals(checks.map(({ verdict }) => verdict), Array(11).fill("deny"));
  const own = await checksOf({ uid: 65534, cap: [CHROOT] }, "root", 23, "nobody", 11);
  assertEquals(own.checks.map(({ uid }) => uid), Array(11).fill(65534));
});

kernelTest("-u shows what repeats once: by process, not by thread", {}, async () => {
  const kinds = ["threads", 23, "threads", 11, "nobody", 7, "userns", 5];
  const counts = { pid: 4, cgroup: 3, comm: 3 };
  for (const unique of ["pid", "cgroup", "comm"] as const) {
    const { checks } = await checksOf({ unique, cap: [CHROOT] }, ...kinds);
    assertEquals(checks.length, counts[unique], unique);
  }
});

kernelTest("--summary shows what a program needs, by user namespace", {}, async () => {
  const options = { summary: true, cap: [CHROOT, SETUID] };
  const { checks } = await checksOf(options, "root", 23, "nobody", 11, "setuid", 5, "userns", 7);
  const programs = checks.map(({ comm, host_userns, verdict, capabilities }) =>
    [comm, host_userns, verdict, capabilities?.join()].join(" ")
  );
  assertEquals(programs.sort(), [
    "checks false allow CAP_SYS_CHROOT",
    "checks true allow CAP_SETUID,CAP_SYS_CHROOT",
    "checks true deny CAP_SETUID,CAP_SYS_CHROOT",
  ]);
});

kernelTest("each check has its own stacks, once", {}, async () => {
  const options = { kernel_stack: true, user_stack: true, cap: [CHROOT] };
  const { checks } = await checksOf(options, "root", 23);
  assertEquals(checks.length, 23);
  for (const { kstack = [], ustack = [] } of checks) {
    assertMatch(kstack[0], /^(cap_capable|security_capable|ns_capable)/);
    assertEquals(kstack.filter((name) => /^__\w+_sys_chroot$/.test(name)).length, 1);
    assert(ustack.length >= 1);
  }
  const short = await checksOf({ ...options, perf_max_stack_depth: 1 }, "root", 3);
  assertEquals(short.checks.map(({ ustack }) => ustack?.length), [1, 1, 1]);
});

kernelTest("the cgroup is shown by id and path", {}, async () => {
  const { checks } = await checksOf({ cap: [CHROOT] }, "root", 1);
  const path = /^0::(.*)$/m.exec(Deno.readTextFileSync("/proc/self/cgroup"))?.[1];
  assertEquals(checks.map(({ cgroup = "/" }) => cgroup), [path]);
});

kernelTest("kprobes say the same where there is no fexit", { needs: ["kprobe"] }, async () => {
  const opened = Capable.open();
  const { progs, maps, rodata } = opened;
  progs.fexit_check.autoload = progs.tp_check.autoload = false;
  maps.asked.maxEntries = 1009;
  rodata.caps = 1n << BigInt(CHROOT);
  using skeleton = opened.load();
  skeleton.attach();
  await runChecks("root", 23, "nobody", 11);
  const shown: number[][] = [];
  skeleton.maps.events.consume(({ $comm, uid, cap, ret, opts }) => {
    if (String($comm) === "checks") shown.push([uid, cap, ret, opts]);
  });
  assertEquals(shown, [
    ...Array(23).fill([0, CHROOT, 0, 0]),
    ...Array(11).fill([65534, CHROOT, -1, 0]),
  ]);
});

kernelTest("the table is the C tool's; -x adds two columns, -K and -U stacks", {}, async () => {
  const run = (...args: string[]) =>
    runTool("capable", ["--comm", "checks", "--cap", "SYS_CHROOT,CAP_SETUID", ...args], {
      workload: () => runChecks("root", 3, "setuid", 1),
      until: / deny/,
    });
  const plain = await run();
  const [header, ...rows] = plain.stdout.trimEnd().split("\n");
  assertEquals(
    header,
    "TIME     UID   PID     COMM             CAP     NAME                 AUDIT   VERDICT",
  );
  const audit = saysWhy ? "1" : "-";
  assertEquals(
    rows.filter((row) => row.includes("CAP_SYS_CHROOT")).map((row) =>
      row.slice(9).replace(/\d+ +checks/, "PID checks")
    ),
    Array(3).fill(`0     PID checks           18      CAP_SYS_CHROOT       ${audit}       allow`),
  );
  assertEquals([plain.code, plain.stderr], [0, ""]);
  const more = await run("-x", "-K", "-U");
  assertMatch(more.stdout, /^TIME +UID +PID +TID +COMM .* VERDICT INSETID +\n/);
  assertMatch(more.stdout, saysWhy ? /CAP_SETUID +1 +deny +1 +\n/ : /CAP_SETUID +- +deny +- +\n/);
  assertEquals(more.stdout.match(/^ {4}- {16}checks \(\d+\)$/gm)?.length, 5);
  assertEquals(more.stdout.match(/^ {4}__\w+_sys_chroot$/gm)?.length, 3);
});

kernelTest("a name that is no capability ends with 64", {}, async () => {
  const { code, stderr } = await runTool("capable", ["--cap", "SYS_NONE"]);
  assertEquals(code, 64);
  assertMatch(stderr, /"SYS_NONE" is no capability/);
});
