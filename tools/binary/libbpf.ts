/** Imported by a compiled binary: its libbpf is the one that `make compile` has put into it. */
import { LibraryError } from "#lib/libbpf/error.ts";
import { carryLibbpf } from "#lib/libbpf/library.ts";
import { canOpen } from "#lib/sys/library.ts";
import { memoryFile } from "#lib/sys/memory_file.ts";

// The loader opens files of the system only, and Deno would leave a copy of the library in /tmp.
carryLibbpf(() => {
  const bytes = Deno.readFileSync(new URL("../../build/libbpf.so", import.meta.url));
  const path = memoryFile("libbpf.so", bytes);
  if (canOpen(path)) return path;
  throw new LibraryError(
    "Cannot open the libbpf in this binary",
    "mount /proc, through which it is opened, or name another one in DENOBPF_LIBBPF",
  );
});
