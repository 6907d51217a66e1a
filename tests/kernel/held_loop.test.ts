import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { HeldLoop } from "#lib/sys/held_loop.ts";
import { kernelTest, patient, startCommand } from "./harness.ts";

const reader = new URL("held_reader.ts", import.meta.url).pathname;

/** All that is measured lasts this long, in milliseconds; a loop that nobody wakes turns once a second. */
const LASTS = 300;

/** Runs `"$@"` with a descriptor of ours as number 3, which is Deno's epoll instance otherwise. */
const WITH_EPOLL = 'exec 3<&"$0"; exec "$@"';

const { epoll_create1, close } = Deno.dlopen("libc.so.6", {
  epoll_create1: { parameters: ["i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
}).symbols;

/** This Deno, and the oldest that is supported, where `make test` has it. */
const DENOS = [Deno.execPath(), Deno.env.get("OLDEST_DENO")].filter((deno) => deno !== undefined);

for (const deno of DENOS) {
  const which = deno === Deno.execPath() ? "" : ", in the oldest Deno";
  kernelTest(
    `a reader that holds the event loop wakes it for all but timers${which}`,
    {},
    () => wakesForAll(deno),
  );
}

async function wakesForAll(deno: string): Promise<void> {
  const epoll = epoll_create1(0); // stays open at an exec
  const run = [deno, "run", "-A", "--no-check", "--no-lock", reader];
  await using process = startCommand(["bash", "-c", WITH_EPOLL, String(epoll), ...run]);
  close(epoll);
  const { code, stdout, stderr } = await process.finish(30_000);
  assertEquals([code, stderr], [0, ""], stdout);
  const { fd, took, wakeUps, numbers } = JSON.parse(stdout);
  assertGreater(fd, 3);
  const { "unknown timer": unknown, ...known } = took as Record<string, number>;
  assertEquals(Object.keys(known), ["child", "output", "signal", "worker", "thread", "timer"]);
  for (const [name, ms] of Object.entries(known)) assertLess(ms, LASTS + patient(500), name);
  assertGreater(unknown, LASTS);
  assertLess(unknown, 1000 + patient(500));
  assertLess(wakeUps, 20, "it sleeps when there is nothing to do");
  assertEquals(numbers, Array.from({ length: 23 }, (_, i) => i));
}

Deno.test("HeldLoop.of() holds no loop of another thread, such as that of a test", () => {
  assertEquals(HeldLoop.of(() => Infinity), undefined);
});
