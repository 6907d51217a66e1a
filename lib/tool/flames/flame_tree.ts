/** What flame graphs are made of: stacks that share their outer frames, and what was measured of them. */

import { changeOf } from "./change.ts";

/** Whose function a frame is, or that it stands for a task as a whole. */
export type FrameKind = "task" | "user" | "kernel" | "waker";

/** A frame of a stack as a flame graph shows it. */
export interface FlameFrame {
  /** Chosen by traced programs: not safe to print. */
  readonly name: string;
  /** Whose it is, which a picture shows by its colour. */
  readonly kind: FrameKind;
}

/** A frame that stands for a task. */
export function taskFrame(name: string): FlameFrame {
  return { name, kind: "task" };
}

/** What is measured: a unit that formats know, or the name of what is counted. */
export type FlameUnit = "nanoseconds" | "bytes" | (string & Record<never, never>);

/** A frame that was seen below others, with what was measured there. */
export interface FlameNode extends FlameFrame {
  /** With all frames above it. */
  total: number;
  /** Where it was the innermost frame. */
  self: number;
  /** What an earlier graph has of it, once the two are compared. */
  before?: number;
  /** Those that it called, by their kinds and names. */
  readonly callees: Map<string, FlameNode>;
}

/** Frames of a graph at most: processes change their names and their stacks as often as they like. */
const MOST_FRAMES = 200_000;

/** Stacks added up by their frames. */
export class FlameTree {
  /** What all stacks stand on. */
  readonly root: FlameNode = newNode({ name: "all", kind: "task" });
  readonly #most: number;
  #frames = 0;
  #cut = 0;

  /**
   * A graph without stacks.
   * @param most frames at most
   */
  constructor(most: number = MOST_FRAMES) {
    this.#most = most;
  }

  /** What was measured of stacks that there was no room for: it counts for the outer frames that were known. */
  get cut(): number {
    return this.#cut;
  }

  /** How many frames the longest stack has. */
  get depth(): number {
    return depthOf(this.root) - 1;
  }

  /**
   * Adds what was measured of a stack.
   * @param path its frames, the outermost first
   */
  add(path: readonly FlameFrame[], value: number): void {
    let node = this.root;
    node.total += value;
    for (const frame of path) {
      const key = `${frame.kind} ${frame.name}`;
      let callee = node.callees.get(key);
      if (callee === undefined) {
        if (this.#frames >= this.#most) {
          this.#cut += value;
          break;
        }
        node.callees.set(key, callee = newNode(frame));
        this.#frames++;
      }
      node = callee;
      node.total += value;
    }
    node.self += value;
  }

  /** Notes at every frame what an earlier graph has of it. Frames that only that one has are not shown. */
  compare(earlier: FlameTree): void {
    const note = (node: FlameNode, other?: FlameNode) => {
      node.before = other?.total ?? 0;
      node.callees.forEach((callee, key) => note(callee, other?.callees.get(key)));
    };
    note(this.root, earlier.root);
  }

  /** The largest change of any frame's share, either way; 0 for a graph that is not compared. */
  get largestChange(): number {
    const { root } = this;
    if (root.before === undefined) return 0;
    const largest = (node: FlameNode): number => {
      let most = Math.abs(changeOf(node, root));
      for (const callee of node.callees.values()) most = Math.max(most, largest(callee));
      return most;
    };
    return largest(root);
  }

  /** Each stack once, with what was measured where it ends: in the order of the graph, the outermost frame first. */
  *stacks(): Generator<{ readonly path: readonly FlameNode[]; readonly value: number }> {
    const path: FlameNode[] = [];
    function* below(node: FlameNode): Generator<{ path: readonly FlameNode[]; value: number }> {
      if (node.self > 0) yield { path: [...path], value: node.self };
      for (const callee of inOrder(node)) {
        path.push(callee);
        yield* below(callee);
        path.pop();
      }
    }
    yield* below(this.root);
  }
}

/** What a frame has called, by name: two graphs of a program look alike. */
export function inOrder({ callees }: FlameNode): FlameNode[] {
  return [...callees.values()].sort((a, b) => a.name < b.name ? -1 : Number(a.name > b.name));
}

function depthOf({ callees }: FlameNode): number {
  let deepest = 0;
  for (const callee of callees.values()) deepest = Math.max(deepest, depthOf(callee));
  return 1 + deepest;
}

function newNode({ name, kind }: FlameFrame): FlameNode {
  return { name, kind, total: 0, self: 0, callees: new Map() };
}
