/**
 * Opens libbpf before the first test does: `deno test` takes a library that is opened in a test for a
 * leak, and symbol groups stay open.
 */
import { Types } from "../../build/tests/skel/types.ts";
import { BpfObject } from "#lib/objects/object.ts";

using object = BpfObject.open(new URL("../../build/tests/types.bpf.o", import.meta.url).pathname);
object.btf();
object.describeMaps();
using skeleton = Types.open();
void skeleton.progs;
