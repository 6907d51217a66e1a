import { dispositionOf, handleOnce, ignoreSignal } from "../../sys/disposition.ts";
import { OpenFile } from "../../sys/file.ts";

/** The signals that ask a tool to end, with their numbers. */
const ENDING = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15, SIGHUP: 1 } as const;

/** Starts Deno's inspector, from Deno 2.9.2 on. */
const SIGUSR1 = 10;

/**
 * Calls `stop` when a signal asks the tool to end. A second one of the kind ends the process at once, whatever
 * it is doing.
 * @returns what takes the handlers off again
 */
export function onEndingSignal(stop: (signal: number) => void): Disposable {
  const nohup = isUnderNohup();
  const handlers = Object.entries(ENDING).map(([name, number]) => {
    const handler = () => stop(number);
    Deno.addSignalListener(name as Deno.Signal, handler);
    handleOnce(number);
    return [name as Deno.Signal, handler] as const;
  });
  // Deno's first listener takes SIGHUP over, and without one for SIGHUP it ends the process.
  if (nohup) ignoreSignal(ENDING.SIGHUP);
  // The inspector asks nobody who he is: each user of the host could run code in a tool of root. Once there is a
  // listener, Deno installs no handler again.
  const unheard = () => {};
  Deno.addSignalListener("SIGUSR1", unheard);
  ignoreSignal(SIGUSR1);
  return {
    [Symbol.dispose]() {
      Deno.removeSignalListener("SIGUSR1", unheard);
      for (const [name, handler] of handlers) Deno.removeSignalListener(name, handler);
    },
  };
}

/**
 * Whether nohup(1) has started this process: it has SIGHUP ignored. Deno 2.9.2 and later take SIGHUP over by
 * themselves half a second after they have started (with SIGUSR1, for the inspector), which is less than a first
 * start may take. Then what else nohup does decides: no standard stream is the terminal that the process has.
 */
function isUnderNohup(): boolean {
  const disposition = dispositionOf(ENDING.SIGHUP);
  if (disposition !== "handled") return disposition === "ignored";
  const streams = [Deno.stdin, Deno.stdout, Deno.stderr];
  return streams.every((stream) => !stream.isTerminal()) && hasTerminal();
}

/** Whether this process has a controlling terminal: tty(4). */
function hasTerminal(): boolean {
  try {
    OpenFile.open("/dev/tty")[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}
