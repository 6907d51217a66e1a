import { ignoresSignal } from "../sys/disposition.ts";

/** The signals that ask a tool to end, with their numbers. */
const ENDING = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15, SIGHUP: 1 } as const;

/**
 * Calls `stop` when a signal asks the tool to end. A second one ends the process at once, with the exit
 * code that shells give a process killed by it.
 * @returns what takes the handlers off again
 */
export function onEndingSignal(stop: (signal: number) => void): Disposable {
  // nohup(1) has SIGHUP ignored. Deno stops ignoring it, and ends the process unless there is a handler.
  const nohup = ignoresSignal(ENDING.SIGHUP);
  let asked = false;

  const handlers = Object.entries(ENDING).map(([name, number]) => {
    const handler = () => {
      if (name === "SIGHUP" && nohup) return;
      if (asked) Deno.exit(128 + number);
      asked = true;
      stop(number);
    };
    return [name as Deno.Signal, handler] as const;
  });
  for (const [name, handler] of handlers) Deno.addSignalListener(name, handler);
  return {
    [Symbol.dispose]() {
      for (const [name, handler] of handlers) Deno.removeSignalListener(name, handler);
    },
  };
}
