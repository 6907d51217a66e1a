/**
 * What libbpf says while it works. Left to itself it writes to stderr; here it is kept, for the error
 * message if there is one, and shown only on request.
 */
import { symbolGroup } from "../sys/library.ts";
import { libc } from "../sys/libc.ts";
import { once } from "../sys/once.ts";
import { printing } from "./symbols.ts";

/** `enum libbpf_print_level` of libbpf.h. */
const LIBBPF_DEBUG = 2;

let kept: string[] = [];
let listener: ((text: string) => void) | undefined;

const formatting = symbolGroup(libc, {
  // int vasprintf(char **strp, const char *fmt, va_list ap); FFI: *strp is freed by free
  vasprintf: { parameters: ["buffer", "pointer", "pointer"], result: "i32" },
  // void free(void *ptr)
  free: { parameters: ["pointer"], result: "void" },
});

/**
 * Hands everything that libbpf says, debug messages too, to `listen`; undefined ends that. What `listen`
 * throws does not reach the caller of libbpf: it is reported as an error that nobody has caught.
 *
 * @example
 * ```ts
 * import { BpfObject, onLog } from "@denobpf/denobpf";
 *
 * onLog((text) => console.error(text.trimEnd()));
 * using object = BpfObject.open("build/minimal.bpf.o");
 * onLog(undefined);
 * ```
 *
 * @throws {TypeError} if it is no function
 */
export function onLog(listen: ((text: string) => void) | undefined): void {
  if (listen !== undefined && typeof listen !== "function") {
    throw new TypeError("onLog() takes a function, or undefined");
  }
  listener = listen;
}

/** @internal Hands a text to the listeners, if any, as if libbpf had said it. */
export function sayToLog(text: string): void {
  listener?.(text);
}

/**
 * Runs `work` and gives its result, along with what libbpf said during it: warnings and information,
 * of any length (a verifier log can be megabytes).
 */
export function withLog<T>(work: () => T): { result: T; log: string } {
  const { libbpf_set_print } = printing();
  kept = [];
  libbpf_set_print(printer());
  try {
    return { result: work(), log: kept.join("") };
  } finally {
    // libbpf has one function for all threads of the process: it must not be called from another one's
    // thread, nor when this thread is gone. Without one it says nothing.
    libbpf_set_print(null);
    kept = [];
  }
}

/** What libbpf is to print with. */
const printer = once(() => {
  // int (*libbpf_print_fn_t)(enum libbpf_print_level level, const char *fmt, va_list ap)
  // A va_list travels as a pointer: on x86-64 it is an array; on arm64 a struct passed by reference.
  const print = new Deno.UnsafeCallback(
    { parameters: ["u32", "pointer", "pointer"], result: "i32" },
    (level, format, list) => {
      if (level === LIBBPF_DEBUG && listener === undefined) return 0;
      const text = formatted(format, list);
      if (level !== LIBBPF_DEBUG) kept.push(text);
      // An error must not leave through libbpf, whose work would be lost, and what it holds with it.
      try {
        listener?.(text);
      } catch (error) {
        reportError(error);
      }
      return text.length;
    },
  );
  return print.pointer;
});

function formatted(format: Deno.PointerValue, list: Deno.PointerValue): string {
  const result = new BigUint64Array(1);
  if (formatting().vasprintf(new Uint8Array(result.buffer), format, list) < 0) return "";
  const text = Deno.UnsafePointer.create(result[0])!;
  try {
    return Deno.UnsafePointerView.getCString(text);
  } finally {
    formatting().free(text);
  }
}
