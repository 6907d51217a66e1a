import { handleOnce, ignoreSignal, ignoresSignal } from "../../sys/disposition.ts";

/** The signals that ask a tool to end, with their numbers. */
const ENDING = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15, SIGHUP: 1 } as const;

/**
 * Calls `stop` when a signal asks the tool to end. A second one of the kind ends the process at once, whatever
 * it is doing.
 * @returns what takes the handlers off again
 */
export function onEndingSignal(stop: (signal: number) => void): Disposable {
  const nohup = ignoresSignal(ENDING.SIGHUP);
  const handlers = Object.entries(ENDING).map(([name, number]) => {
    const handler = () => stop(number);
    Deno.addSignalListener(name as Deno.Signal, handler);
    handleOnce(number);
    return [name as Deno.Signal, handler] as const;
  });
  // nohup(1) has SIGHUP ignored. Deno's first listener takes SIGHUP over, and without one it ends the process.
  if (nohup) ignoreSignal(ENDING.SIGHUP);
  return {
    [Symbol.dispose]() {
      for (const [name, handler] of handlers) Deno.removeSignalListener(name, handler);
    },
  };
}
