import { assertEquals } from "@std/assert";
import { rfc3339, timeFormat, timeFormatNames, timeOfDay } from "#lib/tool/text/time_format.ts";

const SECOND = 1_000_000_000n;

Deno.test("rfc3339() is UTC with all nine digits of the nanoseconds", () => {
  assertEquals(rfc3339(0n), "1970-01-01T00:00:00.000000000Z");
  assertEquals(rfc3339(1_785_145_267_123_456_789n), "2026-07-27T09:41:07.123456789Z");
  assertEquals(rfc3339(1_785_145_267_000_000_001n), "2026-07-27T09:41:07.000000001Z");
  assertEquals(rfc3339(1_709_251_199_999_999_999n), "2024-02-29T23:59:59.999999999Z");
});

Deno.test("rfc3339() and timeOfDay() keep no second too long", () => {
  const base = 1_785_145_267n * SECOND;
  for (const offset of [0n, 1n, SECOND - 1n, SECOND, 0n, -1n, 86_400n * SECOND]) {
    const at = base + offset;
    const date = new Date(Number(at / 1_000_000n));
    assertEquals(rfc3339(at).slice(0, 19), date.toISOString().slice(0, 19));
    assertEquals(timeOfDay(at), date.toTimeString().slice(0, 8));
  }
});

Deno.test("timeFormat() has fractions, dates, RFC 3339 and seconds since 1970", () => {
  const time = 1_785_145_267_012_345_678n;
  const date = new Date(Number(time / 1_000_000n));
  const day = new Intl.DateTimeFormat("sv", { dateStyle: "short" }).format(date);
  const clock = date.toTimeString().slice(0, 8);
  const shown = timeFormatNames.map((name) => [name, timeFormat(name).text(time)]);
  assertEquals(Object.fromEntries(shown), {
    time: clock,
    ms: `${clock}.012`,
    us: `${clock}.012345`,
    ns: `${clock}.012345678`,
    date: `${day} ${clock}`,
    "date-ms": `${day} ${clock}.012`,
    "date-us": `${day} ${clock}.012345`,
    "date-ns": `${day} ${clock}.012345678`,
    iso: "2026-07-27T09:41:07.012345678Z",
    unix: "1785145267.012345678",
  });
  for (const name of timeFormatNames) {
    assertEquals(timeFormat(name).text(time).length, timeFormat(name).width, name);
  }
});

for (
  const [zone, expected] of [["UTC", "09:41:07"], ["Asia/Tokyo", "18:41:07"], [
    "Asia/Kolkata",
    "15:11:07",
  ]]
) {
  Deno.test(`timeOfDay() is in the host's time zone (${zone})`, () => {
    const url = import.meta.resolve("#lib/tool/text/time_format.ts");
    const code =
      `import { timeOfDay } from "${url}"; console.log(timeOfDay(1785145267999999999n));`;
    const { stdout } = new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
      env: { TZ: zone, NO_COLOR: "1" },
    }).outputSync();
    assertEquals(new TextDecoder().decode(stdout), expected + "\n");
  });
}
