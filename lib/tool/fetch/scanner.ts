import { ValueError } from "../options/usage_errors.ts";
import { quoted } from "../text/escape.ts";

/** Reads a text from the left to the right, and knows where it is when something is wrong. */
export class Scanner {
  readonly text: string;
  /** How many characters have been read. */
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** What a sticky pattern finds here, which is read then. */
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  /** Skips spaces, and reads this text if it is next. */
  takes(text: string): boolean {
    this.space();
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Whether this text is next, behind spaces. */
  sees(text: string): boolean {
    this.space();
    return this.text.startsWith(text, this.at);
  }

  space(): void {
    this.take(/\s*/y);
  }

  get ended(): boolean {
    this.space();
    return this.at === this.text.length;
  }

  /** An error that points at a character: the next one if none is named. */
  wrong(message: string, at = this.at): ValueError {
    return new ValueError(`${quoted(this.text)}, character ${at + 1}: ${message}`);
  }
}
