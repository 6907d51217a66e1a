import { signalName } from "../../../sys/signals.ts";
import { textKind } from "./text.ts";
import type { Kind } from "./kind.ts";
import type { Text } from "../../text/words.ts";

/** A signal by its name, which a filter may also give by its number: `SIGKILL`, `KILL` or 9. */
export const signalKind: Kind<Text> = {
  ...textKind,
  compare(wanted) {
    const name = /^\d+$/.test(wanted)
      ? signalName(Number(wanted))
      : `SIG${wanted.toUpperCase().replace(/^SIG/, "")}`;
    return { equals: (value) => String(value) === name };
  },
};
