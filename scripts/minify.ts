import { transform, type TransformResult } from "esbuild";

/**
 * Makes JavaScript short, in ASCII: one character beyond that, and V8 takes two bytes for each. Not with all that
 * esbuild can do: its `minifySyntax` puts the value of a `using` that is used once into its place, and what it holds
 * is never let go (seen with 0.25.5).
 */
export function minify(text: string, { sourcemap = false } = {}): Promise<TransformResult> {
  const short = { minifyWhitespace: true, minifyIdentifiers: true, legalComments: "none" } as const;
  return transform(text, { ...short, charset: "ascii", target: "esnext", sourcemap });
}
