/**
 * Reads a ring with the event loop held, which only the first thread of a process can, and prints what came of
 * it: how long each thing took that Deno has to do with, in milliseconds, all of which last AFTER_MS; how
 * often the process woke up in a second without any; and the numbers of the events.
 *
 * Each begins when the loop has just turned. Without being woken up the loop turns a second later, never
 * sooner; on a busy machine it may be late all the same. So what was late is tried again.
 */
import { Ring } from "../../build/tests/skel/ring.ts";
import { HeldLoop } from "#lib/sys/held_loop.ts";
import { Waiter } from "#lib/sys/waiter.ts";
import { call, RING_CALL } from "./call.ts";

const AFTER_MS = 300;
const IN_TIME_MS = 600;
const LATE_MS = 1400;
const TRIES = 10;
const SLEEP = ["-c", "sleep 0.3"];

let due = Infinity;
const nextTimerMs = () => due - performance.now();
const stop = new AbortController();
const numbers: number[] = [];
const took: Record<string, number> = {};

const opened = Ring.open();
opened.rodata.owner = Deno.pid;
opened.progs.on_hold.autoload = false;
using ring = opened.load().attach();
const reading = read();
await measure("child", () => new Deno.Command("sh", { args: SLEEP }).spawn().status);
await measure("output", () => new Deno.Command("sh", { args: SLEEP }).output());
await measure("signal", () => signalled(`sleep 0.3; kill -WINCH ${Deno.pid}`));
const worker = await startedWorker();
await measure("worker", () => answerOf(worker));
worker.terminate();
await measure("thread", () => waitElsewhere(AFTER_MS));
await measure("timer", () => {
  due = performance.now() + AFTER_MS;
  return timer(AFTER_MS).then(() => void (due = Infinity));
});
await measure("unknown timer", () => timer(AFTER_MS), LATE_MS);
for (let i = 0; i < 23; i++) {
  call(RING_CALL | 1);
  await new Deno.Command("true").output();
}
await timer(0);
const before = sleeps();
const began = performance.now();
await timer(1500);
const wakeUps = (sleeps() - before) / (performance.now() - began) * 1000;
stop.abort();
await reading;
console.log(
  JSON.stringify({ fd: HeldLoop.of(nextTimerMs)?.fd, took, wakeUps, numbers }),
);
Deno.exit();

async function read(): Promise<void> {
  for await (const batch of ring.maps.records.batches({ signal: stop.signal, nextTimerMs })) {
    batch.forEach((record) => void numbers.push(Number(record.number)));
  }
}

async function measure(
  name: string,
  thing: () => Promise<unknown>,
  inTimeMs = IN_TIME_MS,
): Promise<void> {
  took[name] = Infinity;
  for (let time = 0; time < TRIES && took[name] > inTimeMs; time++) {
    const began = performance.now();
    await thing();
    took[name] = Math.min(took[name], performance.now() - began);
  }
}

function timer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function signalled(script: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGWINCH", resolve);
  const child = new Deno.Command("sh", { args: ["-c", `(${script}) & exit`] }).spawn();
  await promise;
  Deno.removeSignalListener("SIGWINCH", resolve);
  await child.status;
}

/** A worker that answers after a while. To start it may take a busy machine longer than that. */
async function startedWorker(): Promise<Worker> {
  const code = `onmessage = () => setTimeout(() => postMessage(0), ${AFTER_MS}); postMessage(0)`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  await messageOf(worker);
  return worker;
}

async function answerOf(worker: Worker): Promise<void> {
  worker.postMessage(0);
  await messageOf(worker);
}

function messageOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => worker.onmessage = () => resolve());
}

async function waitElsewhere(ms: number): Promise<void> {
  using waiter = new Waiter([]);
  await waiter.wait(ms);
}

/** How often the first thread has gone to sleep. */
function sleeps(): number {
  const status = Deno.readTextFileSync(`/proc/${Deno.pid}/task/${Deno.pid}/status`);
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)![1]);
}
