/** threadsnoop against what the kernel lists in /proc/PID/task. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ThreadEvent, threadsnoop } from "../../tools/threadsnoop.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { RENAMED } from "./renamed.ts";
import { startThreads } from "./threads.ts";

type Options = NonNullable<Parameters<typeof threadsnoop>[0]>;

/** What the tool shows of threads of these kinds: this many events while they are there, and more of their ends. */
async function eventsOf(options: Options, news: number, ends: number, ...kinds: string[]) {
  using trace = threadsnoop({ comm: RENAMED, ...options });
  const events: ThreadEvent[] = [];
  const reading = trace[Symbol.asyncIterator]();
  const read = async (count: number) => {
    while (events.length < count) events.push((await reading.next()).value!);
  };
  const threads = await startThreads(...kinds);
  await read(news);
  await threads[Symbol.asyncDispose]();
  await read(news + ends);
  trace.stop();
  for (let next = await reading.next(); !next.done; next = await reading.next()) {
    events.push(next.value);
  }
  const { ring = 0n, map = 0n } = trace.losses;
  assertEquals([ring, map], [0n, 0n]);
  return { events, ...threads };
}

const FLAGS = ["VM", "FS", "FILES", "SIGHAND", "THREAD", "SYSVSEM"];

kernelTest(
  "30 threads of a process are those that the kernel lists, 23 with a function",
  {},
  async () => {
    const { events, pid, tids } = await eventsOf({}, 30, 0, "clones", "pthreads");
    assertEquals(events.map(({ new_tid }) => new_tid).sort(), tids.toSorted());
    for (const [at, one] of events.entries()) {
      assertEquals([one.event, one.pid, one.tid, one.comm], ["NEW", pid, pid, RENAMED]);
      assertEquals([one.func, one.of_kernel], [at < 7 ? undefined : "worker", false]);
      assertEquals(one.flags!.filter((flag) => FLAGS.includes(flag)), FLAGS);
      assert(one.cpus! > 0);
      assertEquals(one.duration_ns, undefined);
    }
    // of glibc, whose function may have no name
    assertEquals(new Set(events.map(({ caller }) => typeof caller)), new Set(["string"]));
  },
);

kernelTest(
  "a thread of clone(2) does not get the function of one that was not created",
  {},
  async () => {
    const { events } = await eventsOf({}, 7, 0, "fails", "clones");
    assertEquals(events.map(({ func }) => func), Array(7).fill(undefined));
  },
);

kernelTest("--exits shows the end of each thread, and how long it lived", {}, async () => {
  const began = performance.now();
  const { events } = await eventsOf({ exits: true }, 30, 30, "pthreads", "clones");
  const most_ns = (performance.now() - began) * 1e6;
  const news = events.filter(({ event }) => event === "NEW");
  const ends = events.filter(({ event }) => event === "EXIT");
  const tids = news.map(({ new_tid }) => new_tid).sort();
  assertEquals(ends.map(({ tid }) => tid).sort(), tids);
  assertEquals(ends.length, 30);
  for (const { tid, duration_ns, time, flags, func } of ends) {
    const since = time - news.find(({ new_tid }) => new_tid === tid)!.time;
    // It starts to live a little before it is shown. The clock of the wall may be slewed: adjtimex(2).
    const least = since - since / 1000n;
    assert(least <= duration_ns! && Number(duration_ns) < most_ns, `${since} ${duration_ns}`);
    assertEquals([flags, func], [undefined, undefined]);
  }
});

kernelTest("threads that end at once are shown, and processes are not", {}, async () => {
  const { events } = await eventsOf({ exits: true }, 10, 0, "ends");
  assertEquals(events.map(({ event }) => event).sort(), [
    ...Array(5).fill("EXIT"),
    ...Array(5).fill("NEW"),
  ]);
});

kernelTest("a process that is named is traced by its own file of the library", {}, async () => {
  await using threads = await startThreads();
  using trace = threadsnoop({ pid: [threads.pid] });
  await using _others = await startThreads("pthreads");
  trace.stop();
  assertEquals(await Array.fromAsync(trace), []);
});

kernelTest("the table has the columns of the Python tool, and more as asked for", {}, async () => {
  for (
    const [options, head, row] of [
      [[], "TIME\\(ms\\) +PID +COMM +FUNC", `\\d+ +\\d+ +${RENAMED} +worker`],
      [
        ["-x", "--exits"],
        "TIME\\(ms\\) +EVENT +PID +TID +NEW_TID +COMM +AGE\\(ms\\) +CALLER +FUNC",
        `\\d+ +NEW +\\d+ +\\d+ +\\d+ +${RENAMED} +- +\\S+ +worker`,
      ],
    ] as const
  ) {
    await using tool = startTool("threadsnoop", ["--comm", RENAMED, ...options]);
    await tool.until("FUNC");
    const threads = await startThreads("pthreads");
    await tool.until(() => tool.stdout.match(/worker/g)?.length === 23);
    await threads[Symbol.asyncDispose]();
    const { stdout } = await tool.stop();
    assertMatch(stdout, new RegExp(`^${head}\n(${row}\n){23}`));
  }
});
