/** The clock that looks at all run queues goes from a CPU that is taken offline to another one, and back. */
import { assert } from "@std/assert";
import { runqlen } from "../../tools/runqlen.ts";
import { kernelTest } from "../kernel/harness.ts";

kernelTest("samples go on when CPUs go offline, and come back", {
  needs: ["disposable", "cpu_hotplug"],
}, async () => {
  const online = (value: 0 | 1) =>
    Deno.writeTextFileSync("/sys/devices/system/cpu/cpu1/online", String(value));
  using trace = runqlen({ interval: 0.5, cpus: true });
  const tables = trace.batches()[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await tables.next();
    return [...value!];
  };
  const shows = async (...cpus: number[]) => {
    // what was seen before is in the first tables
    for (let table = 0; table < 20; table++) {
      const rows = await next();
      if (rows.length > 0 && rows.map(({ cpu }) => cpu).join() === cpus.join()) return;
    }
    assert(false, `no table shows CPUs ${cpus}`);
  };
  await shows(0, 1);
  for (let time = 0; time < 2; time++) {
    online(0);
    await shows(0);
    online(1);
    await shows(0, 1);
  }
});
