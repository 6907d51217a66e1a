import { failedToConnect, Tally } from "#lib/tool/mod.ts";
import type { Connect } from "./members.ts";

/**
 * Counts attempts between the same two ends, the most frequent ones first.
 * @param by_port whether attempts from different local ports are counted apart
 */
export function counts(by_port: boolean): Tally<Connect> {
  return new Tally<Connect>({
    key: ({ netns, laddr, lport, raddr, rport }) =>
      [netns, laddr, by_port ? lport : "", raddr, rport].join(" "),
    add: (connect, { connects = 0, failures = 0 } = connect) => ({
      ...connect,
      lport: by_port ? connect.lport : undefined,
      connects: connects + 1,
      failures: failures + (failedToConnect(connect) ? 1 : 0),
    }),
    order: (a, b) => b.connects! - a.connects!,
  });
}
