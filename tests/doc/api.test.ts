/** docs/api: what others build on, a line each. `make check` compares it with the exports. */
import { assertEquals } from "@std/assert";
import { linesOf } from "../../scripts/api/print.ts";
import config from "../../deno.json" with { type: "json" };

const root = new URL("../../", import.meta.url).pathname;

const source = `
export interface Sized<T, U = T[]> extends Iterable<T>, Disposable {
  /** A comment. */
  readonly size: number;
  name?: string;
  [index: number]: T;
  (word: string): U;
  at(index: number, ...rest: readonly T[]): T | undefined;
  later?(): void;
}
export abstract class Box<T extends object> extends Array<T> implements Disposable {
  #hidden = 1;
  private own = 2;
  protected readonly shared: "a" | 'b' = "a";
  static count = 0;
  constructor(readonly label: string, { deep = true }: { deep?: boolean } = {}, limit: number = 3) {
    super(limit);
    console.log(this.#hidden, this.own, deep);
  }
  static of<T>(first: T): Box<T & object> { throw first; }
  get top(): T { return this[0]; }
  set top(value: T) { this[0] = value; }
  abstract open(): Promise<void>;
  [Symbol.dispose](): void {}
}
export class Lone { private constructor() {} }
export function one(value: string): string;
export function one(value: number): number;
export function one(value: unknown): unknown { return value; }
export function isText(value: unknown): value is string { return typeof value === "string"; }
export async function* rows<const T>(from: () => Iterable<T>): AsyncGenerator<[T, at: number?]> {}
export const limits: { readonly low: 1; readonly high: -2n } = { low: 1, high: -2n };
export let inferred = 3;
export type Key<T> = { readonly [K in keyof T as \`on \${string & K}\`]?: T[K] };
export type Inner<T> = T extends (infer U extends string)[] ? U : typeof limits["low"];
export type Maker = new (...words: string[]) => (() => void) | null;
export type Long = "one of several long words, of which" | "none says much alone" | "so that each takes a line";
`;

const lines = `
abstract class Box<T extends object> extends Array<T> implements Disposable
  constructor(readonly label: string, options?: { deep?: boolean }, limit?: number)
  protected readonly shared: "a" | "b"
  static count: number
  static of<T>(first: T): Box<T & object>
  get top(): T
  set top(value: T)
  abstract open(): Promise<void>
  [Symbol.dispose](): void
type Inner<T> = T extends (infer U extends string)[] ? U : typeof limits["low"]
type Key<T> = { readonly [K in keyof T as \`on \${string & K}\`]?: T[K] }
class Lone
  private constructor
type Long =
  | "one of several long words, of which"
  | "none says much alone"
  | "so that each takes a line"
type Maker = new (...words: string[]) => (() => void) | null
interface Sized<T, U = T[]> extends Iterable<T>, Disposable
  (word: string): U
  [index: number]: T
  readonly size: number
  name?: string
  at(index: number, ...rest: readonly T[]): T | undefined
  later?(): void
let inferred: number
function isText(value: unknown): value is string
const limits: { readonly low: 1; readonly high: -2n }
function one(value: string): string
function one(value: number): number
function rows<T>(from: () => Iterable<T>): AsyncGenerator<[T, number?]>
`;

Deno.test("a declaration becomes a line, and its members lines below it", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(file, source);
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["doc", "--json", file] })
      .output();
    const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
    // deno-lint-ignore no-explicit-any
    const symbols = (Object.values(nodes) as any)[0].symbols;
    // deno-lint-ignore no-explicit-any
    symbols.sort((a: any, b: any) => a.name < b.name ? -1 : 1);
    assertEquals(symbols.flatMap(linesOf), lines.trim().split("\n"));
  } finally {
    Deno.removeSync(file);
  }
});

for (const [name, path] of Object.entries(config.exports)) {
  Deno.test(`docs/api has every value that ${name} exports`, async () => {
    const file = name === "." ? "library" : name.slice("./".length);
    const text = Deno.readTextFileSync(`${root}docs/api/${file}.txt`);
    const values = Object.keys(await import(root + path.slice("./".length)));
    const missing = values.filter((value) =>
      !new RegExp(`^(abstract class|class|function|const|let) ${value}\\b`, "m").test(text)
    );
    assertEquals(missing, []);
  });
}
