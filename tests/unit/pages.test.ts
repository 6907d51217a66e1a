/** The pages lead to each other. */
import { assert, assertEquals } from "@std/assert";
import { toolNames } from "../../scripts/registry.ts";
import { exists } from "../exists.ts";

const root = new URL("../../", import.meta.url).pathname;
const read = (path: string) => Deno.readTextFileSync(root + path);

/** The pages of docs/, by their names. */
const pages = [...Deno.readDirSync(`${root}docs`)].flatMap(({ name }) =>
  /^(.*)\.md$/.exec(name)?.[1] ?? []
).sort();

Deno.test("docs/README.md has every page that is not a tool's, once", () => {
  const listed = [...read("docs/README.md").matchAll(/^- \[([\w-]+)\.md\]\(\1\.md\): \S/gm)];
  const tools = toolNames();
  assertEquals(
    listed.map(([, page]) => page).sort(),
    pages.filter((page) => page !== "README" && !tools.includes(page)),
  );
});

Deno.test("every link between pages leads to a file, and to a title in it", () => {
  const files = [...["README", "CONTRIBUTING", "SECURITY"], ...pages.map((page) => `docs/${page}`)];
  let links = 0;
  for (const file of files) {
    const text = read(`${file}.md`).replace(/^```.*?^```/gms, "");
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      links++;
      const [path, title] = target.split("#");
      const url = new URL(path === "" ? `${file}.md` : path, `file:///${file}.md`);
      const place = path === "" ? `${file}.md` : url.pathname.slice(1);
      assert(exists(root + place), `${file}.md leads to ${target}`);
      if (title === undefined) continue;
      const titles = [...read(place).matchAll(/^#+ (.*)$/gm)].map(([, text]) => anchor(text));
      assert(titles.includes(title), `${file}.md leads to ${target}, a title that is not there`);
    }
  }
  assert(links > 100);
});

/** What GitHub calls a title in links. */
function anchor(title: string): string {
  return title.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-");
}
