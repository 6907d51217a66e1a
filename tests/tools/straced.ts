/**
 * The calls that strace has written, a line each. It also writes calls that it has no name for, though it was not
 * asked for them: the one that returns from the uretprobe of another test's tool.
 * @param stderr its output
 */
export function straced(stderr: string): string[] {
  return stderr.trimEnd().split("\n").filter((line) => !/^(\[pid +\d+\] )?syscall_0x/.test(line));
}
