import type { Project } from "./project.ts";

/** `NAME_test.ts` */
export const test = ({ name }: Project): string =>
  `/** Runs on the real kernel, as root: a known number of events, counted exactly. */
import { ${name} } from "./${name}.ts";

/** What @std/assert of JSR does better, without a download. */
function assertEquals(actual: unknown, expected: unknown): void {
  const [found, wanted] = [actual, expected].map((value) => Deno.inspect(value));
  if (found !== wanted) throw new Error(\`\${found} is not \${wanted}\`);
}

/** Executes /bin/true this many times. A prime number, so that no factor hides in a count. */
async function runExecs(count = 23): Promise<number[]> {
  const pids: number[] = [];
  for (let index = 0; index < count; index++) {
    const child = new Deno.Command("/bin/true").spawn();
    pids.push(child.pid);
    await child.status;
  }
  return pids;
}

Deno.test({
  name: "${name} shows every exec once, in order",
  // libbpf stays open for as long as the process runs.
  sanitizeResources: false,
  async fn() {
    using trace = ${name}({ uid: 0 });
    const pids = await runExecs();
    trace.stop(); // what was recorded by now is still given out
    const execs = await Array.fromAsync(trace);
    const own = execs.filter(({ pid }) => pids.includes(pid));
    assertEquals(own.map(({ pid }) => pid), pids);
    assertEquals(own.map(({ filename }) => filename), pids.map(() => "/bin/true"));
    assertEquals(trace.lost, 0n);
  },
});

Deno.test({
  name: "${name} shows nothing of other users",
  sanitizeResources: false,
  async fn() {
    const nobody = 65534;
    using trace = ${name}({ uid: nobody });
    const pids = await runExecs();
    trace.stop();
    const execs = await Array.fromAsync(trace);
    assertEquals(execs.filter(({ pid }) => pids.includes(pid)), []);
  },
});
`;
