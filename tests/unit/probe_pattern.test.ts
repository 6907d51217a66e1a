import { assertEquals, assertThrows } from "@std/assert";
import { ExitError } from "#lib/tool/mod.ts";
import { parsePattern } from "#lib/tool/probes.ts";

Deno.test("a pattern names functions, tracepoints or USDT probes, of the kernel or of a file", () => {
  for (
    const [text, kind, file, name] of [
      ["vfs_read", "function", undefined, "vfs_read"],
      ["p::vfs_read", "function", undefined, "vfs_read"],
      ["c:malloc", "function", "c", "malloc"],
      ["p:c:malloc", "function", "c", "malloc"],
      [":main", "function", "", "main"],
      ["/bin/a b:main", "function", "/bin/a b", "main"],
      ["t:sched:sched_switch", "tracepoint", undefined, "sched:sched_switch"],
      ["u:ruby:gc", "usdt", "ruby", "gc"],
      ["u:ruby:gc:begin", "usdt", "ruby", "gc:begin"],
      ["vfs_*", "function", undefined, undefined],
      ["t:sched:*", "tracepoint", undefined, undefined],
    ] as const
  ) {
    const pattern = parsePattern(text);
    assertEquals([pattern.kind, pattern.file, pattern.name], [kind, file, name], text);
  }
});

Deno.test("a pattern matches whole names, a regular expression from the first letter on", () => {
  for (
    const [text, isRegex, matching, others] of [
      ["vfs_*", false, ["vfs_", "vfs_read"], ["do_vfs_read"]],
      ["f?", false, ["f1"], ["f", "f11"]],
      ["f.1", false, ["f.1"], ["fx1"]],
      ["c:^f[12]", true, ["f1", "f11"], ["xf1", "f3"]],
      ["read|write", true, ["read", "writev"], ["pread"]],
      ["t:sched:sched_w.*", true, ["sched:sched_wakeup"], ["sched:sched_switch"]],
    ] as const
  ) {
    const { matches } = parsePattern(text, isRegex);
    assertEquals(matching.filter((name) => !matches(name)), [], text);
    assertEquals(others.filter((name) => matches(name)), [], text);
  }
});

Deno.test("what is no pattern is an error in what the user typed", () => {
  for (const text of ["", "t:sched:", "u::", "c:"]) {
    const error = assertThrows(() => parsePattern(text), ExitError, "is not NAME, FILE:NAME");
    assertEquals(error.exitCode, 64, text);
  }
  assertThrows(() => parsePattern("f[", true), ExitError, "regular expression");
});
