/** The fields of a tracepoint's record, as tracefs describes them: Documentation/trace/events.rst. */
import { tryReadTextFile } from "../../sys/file.ts";
import { mountTracefs } from "../../sys/mounts.ts";
import { isText, numberType } from "./c_types.ts";
import { parseType, type WrittenType } from "./expression.ts";
import { type Fetched, numberAt, textInContext, textOfField } from "./fetch.ts";
import type { Named, Names } from "./names.ts";
import { Scanner } from "./scanner.ts";

/** A field of a record. */
export interface Field {
  readonly name: string;
  /** As C spells it: `const char *`, `char[16]`, `__data_loc char[]`. */
  readonly type: string;
  /** Bytes. */
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

const LINE =
  /^\s*field:(.*?)(\w+)(\[[^\]]*\])?;\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:(\d);)?/gm;

/** Reads the text of a file `format`. */
export function parseFormatFile(text: string): Field[] {
  return [...text.matchAll(LINE)].map(([, type, name, array = "", offset, size, signed]) => ({
    name,
    type: type.trim() + array,
    offset: Number(offset),
    size: Number(size),
    signed: signed === "1",
  }));
}

/** What the kernel puts before the record is only for itself: a program finds a pointer there. */
export const COMMON = /^common_/;

/**
 * The fields of a tracepoint's record; none if there is no such tracepoint.
 * @param name `category:name`
 */
export function fieldsOfTracepoint(name: string): Field[] {
  const file = `${mountTracefs()}/events/${name.replace(":", "/")}/format`;
  return parseFormatFile(tryReadTextFile(file) ?? "");
}

/**
 * What a tracepoint has.
 * @param name `category:name`
 */
export function namesOfTracepoint(name: string): Names {
  const fields = fieldsOfTracepoint(name);
  // System calls are passed memory of processes; what is behind other pointers, their addresses say.
  const isCall = name.startsWith("syscalls:sys_enter_");
  return {
    known: fields.map(({ name }) => name).filter((name) => !COMMON.test(name)),
    of(wanted, wrong) {
      if (COMMON.test(wanted) && fields.some(({ name }) => name === wanted)) {
        throw wrong(`programs are not shown ${wanted}: $pid, $tid, $cpu and $comm are there`);
      }
      // bcc has what a system call returned as `ret`, too.
      const field = fields.find(({ name }) => name === wanted);
      return field && namedField(field, isCall, wrong);
    },
  };
}

const ARRAY = /\[([^\]]*)\]$/;

function namedField(field: Field, isCall: boolean, wrong: (message: string) => Error): Named {
  const { type, offset, size, signed } = field;
  const place = /^__(data|rel)_loc\b/.exec(type)?.[1];
  if (place !== undefined) {
    if (!/\bchar\[\]$/.test(type)) throw wrong(`${field.name} is ${type}: no text, and no number`);
    return { kind: "fetched", fetched: textOfField(offset, place === "rel" ? offset + size : 0) };
  }
  const array = ARRAY.exec(type);
  if (array !== null) return arrayField(field, type.slice(0, array.index).trim(), wrong);
  const origin = { at: offset, ...isCall && { space: "user" as const } };
  const written = writtenType(type);
  // Arguments of system calls take 8 bytes, whatever they are.
  const isKnown = written !== undefined &&
    (written.pointers > 0 || isCall && numberType(written.name) !== undefined || size > 8);
  if (isKnown) return { kind: "written", origin, type: written, size: Math.min(size, 8) };
  return { kind: "fetched", fetched: numberAt(origin, [], { isText: false, size, signed }) };
}

function writtenType(text: string): WrittenType | undefined {
  const scanner = new Scanner(text);
  const type = parseType(scanner);
  return type !== undefined && scanner.ended ? type : undefined;
}

function arrayField(field: Field, element: string, wrong: (message: string) => Error): Named {
  const { name, offset, size } = field;
  if (isText({ name: element, pointers: 1, at: 0 })) {
    return { kind: "fetched", fetched: textInContext(offset) };
  }
  const type = numberType(element);
  if (type === undefined) throw wrong(`${name} is ${field.type}: no text, and no number`);
  const count = Math.floor(size / type.size);
  const at = (index: number): Fetched | undefined =>
    index < count ? numberAt({ at: offset + index * type.size }, [], type) : undefined;
  return { kind: "fetched", fetched: at(0)!, element: at };
}
