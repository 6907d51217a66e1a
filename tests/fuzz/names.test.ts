/** What others choose: names of cgroups and containers, files of their runtimes, text of processes. */
import { assert, assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeText, encodeText } from "#lib/sys/text.ts";
import { capabilitiesIn } from "#lib/sys/capabilities.ts";
import { mountPoints } from "#lib/sys/cgroups.ts";
import {
  containerdNames,
  containerId,
  containersIn,
  dockerNames,
  matchContainers,
  podmanNames,
} from "#lib/sys/containers.ts";
import { csvLines } from "#lib/tool/output/csv.ts";
import { escapeText } from "#lib/tool/text/escape.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { decodePath, decodeStrings } from "#lib/tool/text/strings.ts";
import { rowsOf } from "../unit/written.ts";
import { anyBytes, anyText, fuzz } from "./fuzz.ts";

const ID = "0123456789abcdef".repeat(4);

const cgroup = anyText("/", ID, ".scope", "docker-", "libpod-", "conmon-", ":", "-", "..");

fuzz("any cgroup is of a container or of none", cgroup, (path) => {
  const id = containerId(path);
  assert(id === undefined || path.includes(id));
});

fuzz(
  "containers are found among any cgroups and names, and matched with any text",
  fc.tuple(
    fc.array(cgroup),
    fc.array(fc.record({ id: anyText(ID), names: fc.array(anyText("web", "/")) })),
    anyText(ID, "web", "012"),
  ),
  ([cgroups, known, wanted]) => {
    const containers = containersIn(cgroups, known, (cgroup) => cgroup.length % 2 === 0);
    for (const found of matchContainers(wanted, containers)) assert(containers.includes(found));
  },
);

const json = fc.oneof(fc.json(), anyText('{"Name":', "[", "]", "}", '"id"', '"annotations"'));

fuzz("a runtime's file of any content gives names that are text, or none", json, (text) => {
  const found = [dockerNames(ID, text), ...podmanNames(text), containerdNames(ID, text)];
  for (const { id, names } of found) {
    assertEquals(
      [typeof id, ...names.map((name) => typeof name)].every((is) => is === "string"),
      true,
    );
  }
});

fuzz(
  "a list of mounts of any content gives paths that are text",
  anyText("cgroup2", " - ", "\\040", "\\", "1 2 3:4 / /sys rw", "\n"),
  (text) => {
    for (const path of mountPoints(text, "cgroup2")) assertEquals(typeof path, "string");
  },
);

fuzz(
  "a status of any content gives capabilities or none",
  anyText("CapEff:", "\t", "ffff", "\n"),
  (text) => assert(capabilitiesIn(text).size <= 64),
);

fuzz("text of any bytes comes back as the same bytes, up to its NUL", anyBytes(0, 64), (bytes) => {
  const text = decodeText(bytes, 0, bytes.length);
  const end = bytes.indexOf(0);
  assertEquals(encodeText(text), bytes.slice(0, end < 0 ? bytes.length : end));
});

fuzz("strings and paths are read of any bytes", anyBytes(0, 128), (bytes) => {
  const strings = decodeStrings(bytes, 0, bytes.length);
  assert(strings.length <= bytes.length);
  decodePath(bytes, 0, bytes.length);
});

const text = fc.oneof(
  anyBytes(0, 32).map((bytes) => decodeText(bytes, 0, bytes.length)),
  anyText("=", "+", "@", '"', ",", "\r\n", "\u202e", "\u200b"),
);

fuzz("text of any kind is shown as text that no terminal obeys", text, (text) => {
  assert(/^[^\p{C}\p{Zl}\p{Zp}]*$/u.test(escapeText(text)), JSON.stringify(escapeText(text)));
});

const column = {
  name: "text",
  ...membersOf<string>().text({ brief: "The text" }, (text) => text),
};

fuzz("an event is one line of CSV, and no formula, whatever its text", text, (text) => {
  const row = rowsOf(csvLines([column]), [text]);
  assert(row.endsWith("\n") && !row.slice(0, -1).includes("\n"), row);
  assert(!/^"?[=+\-@]/.test(row), row);
});
