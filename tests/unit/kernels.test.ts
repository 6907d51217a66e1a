import { assertEquals } from "@std/assert";
import { choose, isBefore, kernel, SERIES } from "../vm/kernels.ts";
import { shortPlan, wholePlan } from "../vm/plan.ts";

const debian = ["5.10", "6.1", "6.12", "6.16", "6.18", "7.2", "7.3", "7.10"];

Deno.test("choose() takes the series that are wanted, and the newest there is", () => {
  assertEquals(choose(["6.12", "5.10"], debian), { series: ["5.10", "6.12", "7.10"], notes: [] });
  assertEquals(choose(["7.10"], debian), { series: ["7.10"], notes: [] });
});

Deno.test("choose() takes the next series for one that is gone, and says so", () => {
  assertEquals(choose(["5.4", "6.13", "7.4"], debian), {
    series: ["5.10", "6.16", "7.10"],
    notes: [
      "Debian has no Linux 5.4: 5.10 stands in for it",
      "Debian has no Linux 6.13: 6.16 stands in for it",
      "Debian has no Linux 7.4: 7.10 stands in for it",
    ],
  });
  assertEquals(choose(["8.0"], debian).series, ["7.10"]);
});

Deno.test("the series are in order, and each has what its guests need", () => {
  assertEquals(SERIES.toSorted((a, b) => isBefore(a, b) ? -1 : 1), SERIES);
  assertEquals(kernel("5.10").append?.startsWith("lsm="), true);
  assertEquals([kernel("6.18").cpus, kernel("7.0").cpus, kernel("7.10").cpus], [2, 1, 1]);
});

Deno.test("the short plan has every tool on every kernel, and shows them on the ends", () => {
  const jobs = shortPlan(debian);
  const having = (name: string) =>
    jobs.filter(({ kernel, tasks }) =>
      tasks.some(({ column, file }) => column === kernel && file.includes(`/${name}.`))
    ).map(({ kernel }) => kernel);
  const shown = having("every_tool"), loaded = having("loads");
  assertEquals([...shown, ...loaded].sort(), [...debian].sort());
  assertEquals(shown.sort(), [debian[0], debian.at(-1)].sort());
  for (const { tasks } of jobs) {
    const lockdown = tasks.findIndex(({ file }) => file.includes("/lockdown."));
    assertEquals([-1, tasks.length - 1].includes(lockdown), true, "nothing runs after lockdown");
  }
});

Deno.test("the whole plan has each file of the kernel and of tools once on a kernel", () => {
  const files = wholePlan(["6.12"], "").flatMap(({ tasks }) => tasks.map(({ file }) => file));
  assertEquals(files.includes("tests/kernel/every_tool.test.ts"), true);
  assertEquals(new Set(files).size, files.length);
  assertEquals(files.filter((file) => !/^tests\/(kernel|tools)\//.test(file)), []);
});
