#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * usdt: a probe of the C++ library as this process comes to it, once a second. One program is attached
 * to it here, the other one by libbpf.
 */
import { Usdt } from "#skel/examples/usdt.ts";
import { attachUsdt } from "#lib/objects/attach/usdt.ts";
import { findBinary } from "#lib/sys/binary.ts";
import { symbolGroup } from "#lib/sys/library.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";

const LIBRARY = "libstdc++.so.6";

/** https://itanium-cxx-abi.github.io/cxx-abi/abi-eh.html, 2.4 and 2.5 */
const library = symbolGroup(() => findBinary(LIBRARY), {
  // void *__cxa_allocate_exception(size_t size); FFI: the exception is never freed
  __cxa_allocate_exception: { parameters: ["usize"], result: "pointer" },
  // void *__cxa_init_primary_exception(void *object, std::type_info *type, void (*destructor)(void *))
  __cxa_init_primary_exception: {
    parameters: ["pointer", "pointer", "pointer"],
    result: "pointer",
  },
  // void *__cxa_begin_catch(struct _Unwind_Exception *exception)
  __cxa_begin_catch: { parameters: ["pointer"], result: "pointer" },
  // void __cxa_end_catch(void)
  __cxa_end_catch: { parameters: [], result: "void" },
  _ZTIi: { type: "pointer" }, // typeid(int)
});

/** What lies before the object of an exception: `struct _Unwind_Exception`, 32 bytes. */
const SIZEOF_UNWIND_EXCEPTION = 32n;

let exception: Deno.PointerValue = null;

/** An exception that nobody throws: only catch blocks come to the probe. */
function makeException(): Deno.PointerValue {
  const object = library().__cxa_allocate_exception(8n);
  library().__cxa_init_primary_exception(object, library()._ZTIi, null);
  return Deno.UnsafePointer.create(Deno.UnsafePointer.value(object) - SIZEOF_UNWIND_EXCEPTION);
}

export const { tool } = pipeTool({
  name: "usdt",
  brief: "Show the catch blocks of C++ that this process comes to, with a probe of its library",
  open() {
    const opened = Usdt.open();
    opened.bss.my_pid = Deno.pid;
    return opened;
  },
  attach({ progs, links }) {
    // The library has to be in the process before it is looked for there.
    exception = makeException();
    const own = { pid: Deno.pid };
    links.usdt_manual_attach = attachUsdt(
      progs.usdt_manual_attach,
      LIBRARY,
      "libstdcxx",
      "catch",
      own,
    );
  },
  everySecond() {
    library().__cxa_begin_catch(exception);
    library().__cxa_end_catch();
  },
});

if (import.meta.main) await toolMain(tool);
