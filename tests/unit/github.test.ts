/** What GitHub reads: it says nothing of a file there that it cannot use. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "../yaml.ts";

const root = new URL("../../", import.meta.url).pathname;
const read = (path: string) => parse(Deno.readTextFileSync(`${root}.github/${path}`));

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

interface Field {
  readonly id?: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

Deno.test("the workflow runs what .ci/run has, with actions that are pinned by their commit", () => {
  const { test } = read("workflows/test.yml").jobs;
  const steps: Step[] = test.steps;
  assert((Deno.statSync(`${root}.ci/run`).mode! & 0o111) !== 0);
  assertEquals(steps.at(-1), { run: ".ci/run" });
  for (const { uses } of steps) if (uses !== undefined) assertMatch(uses, /^\S+@[0-9a-f]{40}$/);
  // As the README has it.
  assertEquals(test.container.image, "debian:12");
});

Deno.test("the forms for issues have a label for each field, and ids that differ", () => {
  for (const name of ["bug.yml", "tool.yml"]) {
    const form = read(`ISSUE_TEMPLATE/${name}`);
    const fields: Field[] = form.body.filter(({ type }: Field) => type !== "markdown");
    assert(form.name.length > 0 && form.description.length > 0 && fields.length > 3, name);
    for (const { type, attributes } of fields) {
      assertMatch(type, /^(input|textarea|checkboxes)$/);
      assert(typeof attributes.label === "string", name);
    }
    assertEquals(new Set(fields.map(({ id }) => id)).size, fields.length, name);
  }
});

Deno.test("Dependabot looks at what is pinned: packages and actions", () => {
  const { version, updates } = read("dependabot.yml");
  assertEquals(version, 2);
  const ecosystems = updates.map((one: Record<string, string>) => one["package-ecosystem"]);
  assertEquals(ecosystems, ["deno", "github-actions"]);
});
