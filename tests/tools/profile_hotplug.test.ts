import { profile } from "../../tools/profile.ts";
import { kernelTest } from "../kernel/harness.ts";
import { Busy } from "./busy.ts";

kernelTest("CPUs that come online later are sampled, and those that come back", {
  needs: ["disposable", "cpu_hotplug"],
}, async () => {
  const online = (value: 0 | 1) =>
    Deno.writeTextFileSync("/sys/devices/system/cpu/cpu1/online", String(value));
  online(0);
  using trace = profile({ interval: 0.5, frequency: 99 });
  const rows = trace[Symbol.asyncIterator]();
  for (let time = 0; time < 2; time++) {
    online(1);
    await using busy = await new Busy("spin", 1).started();
    let pid: number | undefined;
    while (pid !== busy.pid) pid = (await rows.next()).value?.pid;
    if (time === 0) online(0);
  }
});
