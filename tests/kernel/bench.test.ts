import { assert, assertEquals } from "@std/assert";
import { kernelTest, startCommand } from "./harness.ts";
import type { Outcome } from "../../bench/row.ts";

const root = new URL("../../", import.meta.url).pathname;

kernelTest(
  "BENCH=quick measures a row and leaves its numbers",
  { needs: ["syscall_programs"] },
  async () => {
    await using bench = startCommand([Deno.execPath(), "run", "-A", "bench/run.ts", "maps"], {
      env: { BENCH: "quick" },
    });
    const { code, stdout, stderr } = await bench.finish(300_000);
    assertEquals([code, stderr], [0, ""], stdout);
    const file = `${root}build/bench/maps.quick.json`;
    const outcome: Outcome = JSON.parse(Deno.readTextFileSync(file));
    assert(outcome.quick);
    for (const { rounds } of outcome.figures) {
      assertEquals(Object.keys(rounds), ["ours", "C"]);
      for (const [value, ...rest] of Object.values(rounds)) {
        assert(value > 0);
        assertEquals(rest, []);
      }
    }
  },
);

kernelTest("bench refuses a row that there is not", { needs: [] }, async () => {
  await using bench = startCommand([Deno.execPath(), "run", "-A", "bench/run.ts", "nosuch"]);
  const { code, stderr } = await bench.finish();
  assertEquals(code, 64);
  assert(stderr.includes('There is no row "nosuch"'));
});
