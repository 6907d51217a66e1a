/** Files in folders where others make the links. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "#lib/sys/errno.ts";
import { files } from "#lib/sys/libc.ts";
import { lookUpBelow, lookUpBelowByParts, lookUpOfRoot, lookUpOwn } from "#lib/sys/open_below.ts";
import { fileStatus } from "#lib/sys/status.ts";
import { symlink } from "#lib/sys/symlink.ts";

/** A folder that stands for a root, beside a file that is outside of it. */
class Root implements Disposable {
  readonly above = Deno.makeTempDirSync();
  readonly path = `${this.above}/root`;

  constructor() {
    Deno.mkdirSync(`${this.path}/folder/deep`, { recursive: true });
    for (const name of ["file", "folder/file", "folder/deep/file"]) {
      Deno.writeTextFileSync(`${this.path}/${name}`, name);
    }
    Deno.writeTextFileSync(`${this.above}/secret`, "secret");
    const links = {
      "absolute": "/folder",
      "relative": "folder/../folder/deep",
      "up": "../../../../folder",
      "outside": `${this.above}/secret`,
      "above": "../secret",
      "chain": "absolute/deep",
      "loop": "loop",
      "nowhere": "missing",
      "dots": "./folder/.",
      "folder/link": "../file",
      "folder/deep/top": "/",
    };
    for (const [name, target] of Object.entries(links)) symlink(target, `${this.path}/${name}`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.above, { recursive: true });
  }
}

const PATHS = [
  ...[
    "/file",
    "file",
    "//folder//file",
    "/folder/./file",
    "/folder/../file",
    "/../../file",
    "/",
    ".",
  ],
  ...["absolute/file", "relative/file", "up/file", "chain/file", "folder/link", "dots/file"],
  ...["folder/deep/top/folder/deep/top/file", "outside", "above", "loop", "nowhere", "file/below"],
  ...[
    "missing",
    "missing/file",
    "absolute",
    "absolute/",
    "folder/link/",
    "",
    `${"x/".repeat(3000)}`,
  ],
];

/** The file that a lookup finds, or the errno that it fails with. */
function outcome(look: () => number): string {
  try {
    const fd = look();
    const { file } = fileStatus(fd, "found");
    files().close(fd);
    return file;
  } catch (error) {
    if (error instanceof SystemError) return error.code;
    throw error;
  }
}

// Deno takes libraries for leaks, which stay open once they are used: before the tests.
outcome(() => lookUpBelow("/", "/proc/self/root"));
outcome(() => lookUpBelowByParts("/", "/lib/x"));

Deno.test("a path below a root leads to what is there, and never out of it", {
  sanitizeResources: false,
}, () => {
  using root = new Root();
  const secret = outcome(() => lookUpBelow(root.above, "/secret"));
  assert(/^\d+:\d+:\d+$/.test(secret));
  for (const path of PATHS) {
    for (const follow of [true, false]) {
      const found = outcome(() => lookUpBelow(root.path, path, { follow }));
      assert(found !== secret, path);
    }
  }
  const file = outcome(() => lookUpBelow(root.path, "/file"));
  assertEquals(outcome(() => lookUpBelow(root.path, "/folder/link")), file);
  assertEquals(outcome(() => lookUpBelow(root.path, "/outside")), "ENOENT");
});

Deno.test("what the kernel finds below a root is found part by part as well", () => {
  using root = new Root();
  for (const path of PATHS) {
    for (const follow of [true, false]) {
      const one = outcome(() => lookUpBelow(root.path, path, { follow }));
      const other = outcome(() => lookUpBelowByParts(root.path, path, { follow }));
      assertEquals(other, one, `${path.slice(0, 40)} ${follow}`);
    }
  }
});

Deno.test("a magic link of /proc leads nowhere below a root", () => {
  const [kernel, parts] = [lookUpBelow, lookUpBelowByParts]
    .map((look) => outcome(() => look("/proc/self", "root/etc/passwd")));
  assertEquals(kernel, "ELOOP");
  assertEquals(parts, "ENOENT", "its text is a path below the root like any other");
});

const ignore = Deno.uid() !== 0;

Deno.test("a file of root is one that nobody else can have put there", { ignore }, () => {
  using root = new Root();
  const look = (path: string) => outcome(() => lookUpOfRoot(root.path + path));
  const file = outcome(() => lookUpBelow(root.path, "/file"));
  assertEquals(look("/file"), file);
  assertEquals(look("/folder/link"), file, "a link of root's");
  new Deno.Command("chown", { args: ["-h", "65534", `${root.path}/folder/link`] }).outputSync();
  assertEquals(look("/folder/link"), "EACCES", "a link of another user");
  Deno.chownSync(`${root.path}/folder/file`, 65534, null);
  assertEquals(look("/folder/file"), "EACCES", "a file of another user");
  Deno.chownSync(`${root.path}/folder`, 65534, null);
  assertEquals(look("/folder/deep/file"), "EACCES", "a folder of another user");
  const error = assertThrows(() => lookUpOfRoot(`${root.path}/folder/deep/file`), SystemError);
  assert(error.message.includes("folder does not belong to root"), error.message);
});

Deno.test("lookups leave no descriptor open", () => {
  using root = new Root();
  const count = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = count();
  for (const path of PATHS) {
    outcome(() => lookUpBelow(root.path, path));
    outcome(() => lookUpBelowByParts(root.path, path));
    outcome(() => lookUpOfRoot(`${root.path}/${path}`));
    outcome(() => lookUpOwn(root.path, path));
  }
  assertEquals(count(), before);
});

Deno.test({
  name: "lookUpOwn() follows links of root, and a user's to the user's own files alone",
  ignore: Deno.uid() !== 0,
  fn() {
    using root = new Root();
    const found = (path: string) => files().close(lookUpOwn(root.path, path));
    const refused = (path: string) =>
      assertThrows(() => found(path), SystemError, "a link of another user leads there");
    const owned = (uid: number, path: string) =>
      new Deno.Command("chown", { args: ["-h", String(uid), `${root.path}/${path}`] }).outputSync();
    const paths = ["absolute/file", "chain/file", "folder/link"];
    for (const path of ["file", ...paths]) found(path);
    for (const link of ["absolute", "chain", "folder/link"]) owned(65534, link);
    paths.forEach(refused);
    found("file");
    for (const file of ["file", "folder/file", "folder/deep/file"]) owned(65534, file);
    paths.forEach(found);
    for (const file of ["file", "folder/file", "folder/deep/file"]) owned(65533, file);
    paths.forEach(refused);
    assertThrows(() => found("outside"), SystemError, "No such file");
  },
});
