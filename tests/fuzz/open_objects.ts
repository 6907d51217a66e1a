/**
 * Opens changed copies of an object, for a test that wants to know whether that ends the process:
 *
 *     deno run -A tests/fuzz/open_objects.ts OBJECT SEED COUNT
 *
 * Before each it prints its number, so that the last line names the one that did.
 */
import fc from "../fast_check.ts";
import { BpfError, BpfObject, LibraryError } from "#lib/mod.ts";
import { mayThrow, mutations } from "./fuzz.ts";

const [path, seed, count] = Deno.args;
const original = Deno.readFileSync(path);
const copies = fc.sample(mutations(original), { seed: Number(seed), numRuns: Number(count) });
let opened = 0;
for (const [number, bytes] of copies.entries()) {
  console.log(`copy ${number} of seed ${seed}`);
  mayThrow([BpfError, LibraryError], () => {
    using object = BpfObject.open(bytes, { name: "changed" });
    opened++;
    object.btf();
    for (const { name, internal } of object.describeMaps()) {
      if (internal) mayThrow([BpfError], () => object.section(name).size);
    }
    for (const program of object.programs) void [program.section, program.autoload];
  });
}
console.log(`${opened} of ${copies.length} were opened`);
