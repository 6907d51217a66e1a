/** The page of a flame graph in a real browser: what it shows, and what it does not do. */
import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { type FlameFrame, FlameTree } from "#lib/tool/flames/flame_tree.ts";
import { writeFlames } from "#lib/tool/flames/write_flames.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { Busy } from "../tools/busy.ts";
import { Chromium } from "./chromium.ts";

type Stack = readonly [names: readonly string[], value: number];

const known: Stack[] = [
  [["sh", "main", "read"], 7],
  [["sh", "main"], 2],
  [["dd", "main", "read_zero"], 11],
  [["sh", "exit"], 3],
];

/** A frame as the browser has drawn it. */
interface Drawn {
  readonly name: string;
  readonly title: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly fill: string;
}

/** Opens the page of a flame graph of these stacks. */
async function open(browser: Chromium, stacks: readonly Stack[]): Promise<void> {
  const tree = new FlameTree();
  for (const [names, value] of stacks) {
    tree.add(names.map((name): FlameFrame => ({ name, kind: "user" })), value);
  }
  const look = { name: "profile", unit: "samples", shown: (value: number) => value };
  const page = await writeFlames(tree, "html", look) as Iterable<string>;
  await show(browser, [...page].join(""));
}

async function show(browser: Chromium, page: string): Promise<void> {
  const path = Deno.makeTempFileSync({ suffix: ".html" });
  try {
    Deno.writeTextFileSync(path, page);
    await browser.open(path);
  } finally {
    Deno.removeSync(path);
  }
}

/** The frames, once none of them moves any more: d3-transition notes at an element that it will. */
async function frames(browser: Chromium): Promise<Drawn[]> {
  await browser.until(
    `[...document.querySelectorAll("#chart *")].every(({ __transition }) => !__transition)`,
  );
  return await browser.evaluate(`[...document.querySelectorAll("g.frame")].map((frame) => {
    const rect = frame.querySelector("rect");
    const { left, top, width } = rect.getBoundingClientRect();
    return {
      name: frame.getAttribute("name"),
      title: frame.querySelector("title").textContent,
      left: left - 8, top, width,
      fill: rect.getAttribute("fill"),
    };
  })`);
}

const named = (drawn: readonly Drawn[], name: string) =>
  drawn.find((frame) => frame.name === name)!;

Deno.test("the page draws stacks, zooms into what is clicked and finds what is typed", async () => {
  await using browser = await Chromium.started();
  await open(browser, known);
  const drawn = await frames(browser);
  assertEquals(drawn.map(({ title }) => title).sort(), [
    "all: 23 samples, 100.00 %",
    "dd: 11 samples, 47.83 %",
    "exit: 3 samples, 13.04 %",
    "main: 11 samples, 47.83 %",
    "main: 9 samples, 39.13 %",
    "read: 7 samples, 30.43 %",
    "read_zero: 11 samples, 47.83 %",
    "sh: 12 samples, 52.17 %",
  ]);
  const [all, dd, sh] = ["all", "dd", "sh"].map((name) => named(drawn, name));
  assertEquals([all.left, all.width], [0, 1000]);
  assertAlmostEquals(dd.width, 11 / 23 * 1000, 0.1);
  assertAlmostEquals(sh.left, dd.width, 0.1);
  assertEquals([sh.top, all.top - sh.top], [dd.top, 18]);

  await browser.click("#search");
  await browser.type("READ");
  const searched = await frames(browser);
  const marked = searched.filter(({ fill }) => fill === "#e600e6").map(({ name }) => name);
  assertEquals(marked.sort(), ["read", "read_zero"]);
  const found = await browser.evaluate("document.getElementById('found').textContent");
  assertEquals(found, "18 samples, 78.26 % found");

  await browser.click("g[name=sh] rect");
  assertEquals(named(await frames(browser), "sh").width, 1000);
  await browser.click("#reset");
  assertEquals(await frames(browser), searched);
});

Deno.test("names of frames are text: nothing of them is run, fetched or drawn", async () => {
  const asked: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    asked.push(url);
    return new Response();
  });
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const hostile = [
    `</script><script>document.title="run"</script>`,
    `<script src="${url}a"></script>`,
    `<img src="${url}b" onerror="document.title='run'">`,
    `"><svg onload="document.title='run'">`,
    `javascript:document.title='run'`,
    `<link rel=stylesheet href="${url}c"><meta http-equiv=refresh content="0;${url}d">`,
    `<!--<script>`,
    "]]>\u2028\u2029\x1b[2J\n",
  ];
  await using browser = await Chromium.started();
  await open(browser, hostile.map((name, at) => [["sh", name], 17 + at]));
  const drawn = await frames(browser);
  assertEquals(drawn.length, 2 + hostile.length);
  // Characters that cannot be seen are escaped; the others are there as they were.
  const shown = hostile.map((name) =>
    name.replace("\u2028\u2029\x1b[2J\n", String.raw`\u{2028}\u{2029}\x1b[2J\n`)
  );
  assertEquals(drawn.map(({ name }) => name).sort(), ["all", "sh", ...shown].sort());
  await browser.click(`g[name^="<img"] rect`);
  await frames(browser);
  assertEquals(await browser.evaluate("document.title"), "profile");
  const elements = await browser.evaluate<string[]>(
    "[...new Set([...document.querySelectorAll('#chart *')].map(({ localName }) => localName))]",
  );
  assertEquals(elements.sort(), ["div", "foreignObject", "g", "rect", "svg", "text", "title"]);
  const requests = browser.reported("Network.requestWillBeSent");
  assertEquals(requests.map(({ type }) => type), ["Document"]);
  assertEquals(asked, []);
  assertEquals(browser.reported("Log.entryAdded"), []);
  assertEquals(browser.reported("Runtime.exceptionThrown"), []);
});

Deno.test("the page forbids what is not its own, also to one who gets something into it", async () => {
  await using browser = await Chromium.started();
  await open(browser, known);
  await frames(browser);
  await browser.evaluate(`(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'run'";
    document.body.append(script);
    const image = new Image();
    image.src = "http://127.0.0.1:1/";
    document.body.append(image);
  })()`);
  await browser.untilReported("Log.entryAdded", 2);
  assertEquals(await browser.evaluate("document.title"), "profile");
  const refused = browser.reported("Log.entryAdded").map(({ entry }) =>
    (entry as { text: string }).text
  );
  assertEquals(refused.length, 2);
  for (const text of refused) assertMatch(text, /Content Security Policy/);
});

kernelTest("a tool writes the page", {}, async () => {
  await using busy = await new Busy().started();
  await using tool = startTool("profile", ["-F", "199", "-p", `${busy.pid}`, "-o", "html"]);
  await busy.runs(0.5e9);
  const { code, stdout } = await tool.stop();
  assertEquals(code, 0);
  await using browser = await Chromium.started();
  await show(browser, stdout);
  const drawn = await frames(browser);
  assertMatch(named(drawn, "burn").title, /^burn: \d+ samples, \d+\.\d\d %$/);
  assertEquals(browser.reported("Network.requestWillBeSent").length, 1);
});
