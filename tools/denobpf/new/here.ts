/** What a tool of this repository has besides its two halves. */
import type { Project } from "./project.ts";

/** `tests/tools/NAME.test.ts` */
export const ownTest = ({ name }: Project): string =>
  `import { assertEquals } from "@std/assert";
import { ${name} } from "../../tools/${name}.ts";
import { kernelTest, runExecs } from "../kernel/harness.ts";

kernelTest("${name} shows every exec once, in order", {}, async () => {
  using trace = ${name}({ uid: 0 });
  const pids = await runExecs();
  trace.stop(); // what was recorded by now is still given out
  const execs = await Array.fromAsync(trace);
  const own = execs.filter(({ pid }) => pids.includes(pid));
  assertEquals(own.map(({ pid }) => pid), pids);
  assertEquals(own.map(({ filename }) => filename), pids.map(() => "/bin/true"));
  assertEquals(trace.lost, 0n);
});

kernelTest("${name} shows nothing of other users", {}, async () => {
  const nobody = 65534;
  using trace = ${name}({ uid: nobody });
  const pids = await runExecs();
  trace.stop();
  const execs = await Array.fromAsync(trace);
  assertEquals(execs.filter(({ pid }) => pids.includes(pid)), []);
});
`;

/** `tests/tools/NAME.scenario.ts` */
export const scenario = `import { runExecs } from "../kernel/harness.ts";
import type { Scenario } from "../kernel/scenario.ts";

let pids: readonly number[] = [];

export const scenario: Scenario = {
  workload: async () => pids = await runExecs(),
  event: () => new RegExp(\`^\\\\S+ (\${pids.join("|")}) +0 +true +/bin/true$\`, "gm"),
  count: 23,
};
`;

/** `docs/NAME.md` */
export const toolPage = ({ name }: Project): string =>
  `# ${name}

Shows every exec() on the host: when, by which process and user, and the file.

\`\`\`
# ${name}
TIME     PID     UID    COMM             FILENAME
04:01:37 1521    0      true             /bin/true
04:01:38 1522    1000   git              /usr/bin/git
\`\`\`

\`-u USER\` shows one user's only.

## Privileges

Runs as root, or with CAP_BPF and CAP_PERFMON. [What that means](security.md#capabilities).
`;

/** CHANGELOG.md with a line about the tool, at the end of what is newest. */
export function changelogWith(text: string, { name }: Project): string {
  const [title, newest, ...older] = text.split(/^(?=## )/m);
  const line = `- ${name}: every exec() on the host.`;
  const lines = `${newest.trimEnd()}\n${line}\n${older.length > 0 ? "\n" : ""}`;
  return [title, lines, ...older].join("");
}
