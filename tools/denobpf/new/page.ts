import type { Project } from "./project.ts";

/** `README.md`. No paragraph holds the name: `deno fmt` would break its lines by the name's length. */
export const page = ({ name }: Project): string =>
  `# ${name}

Shows every exec() on the host: when, by which process and user, and the file.

\`\`\`
# ./${name}.ts
TIME     PID     UID    COMM             FILENAME
04:01:37 1521    0      true             /bin/true
04:01:38 1522    1000   git              /usr/bin/git
\`\`\`

\`-u USER\` shows one user's only, \`-o json\` prints one JSON object a line, \`--help\` lists all
options.

## Its parts

- \`${name}.bpf.c\` runs in the kernel and fills a ring buffer.
- \`build/skel/${name}.ts\` is generated from it: a class with its types, and the object inside.
- \`${name}.ts\` imports that, and denobpf's frame for options, output and signals.
- \`${name}_test.ts\` counts a known number of events on the real kernel.

\`\`\`
make            # compile the kernel half, generate its class
make test       # check format, lint and types, then run the tests (as root)
make compile    # one binary with everything inside, in build/
\`\`\`

To build: clang 16 or later, llvm-strip, bpftool, libbpf's headers, Deno 2.4.2 or later. To run:
Linux 5.8 or later with BTF, libbpf 1.0.1 or later, and root.
`;
