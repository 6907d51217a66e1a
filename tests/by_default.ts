/**
 * Has children start with a signal's default action. A shell starts what it runs in the background with SIGINT
 * and SIGQUIT ignored, nohup(1) with SIGHUP, and children inherit that; a signal that this process handles they do
 * not (execve(2)).
 */
export function byDefault(signal: Deno.Signal): Disposable | undefined {
  if (signal === "SIGKILL") return;
  const handler = () => {};
  Deno.addSignalListener(signal, handler);
  return { [Symbol.dispose]: () => Deno.removeSignalListener(signal, handler) };
}
