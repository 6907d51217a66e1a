import type { CompletedCommand } from "./completed_command.ts";
import {
  type OperandWords,
  operandWords,
  type OptionWords,
  optionWords,
  spellings,
  type ValueWords,
} from "./option_words.ts";

/** See _arguments and _describe in zshcompsys(1). Sourced, or as a file `_denobpf` in $fpath. */
export function zshScript(program: string, commands: readonly CompletedCommand[]): string {
  return `#compdef ${program} ${program}.ts
_${program}() {
  if ((CURRENT == 2)); then
    local -a commands=(
${commands.map(({ name, brief }) => `      ${quote(`${name}:${brief}`)}`).join("\n")}
    )
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _${program} "$@"
else
  compdef _${program} ${program} ${program}.ts
fi
`;
}

function commandCase({ name, options, operands = {} }: CompletedCommand): string {
  const specs = [
    ...optionWords(options).flatMap(optionSpecs),
    ...operandWords(operands).map(operandSpec),
  ];
  return `    ${name})
      _arguments -s -S \\
${specs.map((spec) => `        ${quote(spec)}`).join(" \\\n")}
      ;;`;
}

/** One for each spelling; in front, the spellings that are not offered again. */
function optionSpecs(option: OptionWords): string[] {
  const names = spellings(option);
  const before = option.repeats ? "*" : `(${names.join(" ")})`;
  const attach = (name: string) => name.startsWith("--") ? "=" : "+";
  return names.map((name) =>
    before + name + (option.value === undefined ? "" : attach(name)) +
    `[${escape(option.brief)}]` + value(option)
  );
}

/** `:NAME:` of one that must be there, `::NAME:` of one that may be, `*:NAME:` of the rest. */
function operandSpec(operand: OperandWords): string {
  const before = { operand: "", optional: ":", rest: "*" }[operand.kind];
  return before + message(operand);
}

function value({ value }: OptionWords): string {
  return value === undefined ? "" : message(value);
}

function message({ placeholder, completes }: ValueWords): string {
  return `:${escape(placeholder)}:${action(completes)}`;
}

function action(completes: ValueWords["completes"]): string {
  switch (completes) {
    case "anything":
      return " ";
    case "files":
      return "_files";
    case "users":
      return "_users";
    default:
      return `(${completes.join(" ")})`;
  }
}

/** What ends a part of a spec is taken for itself. */
function escape(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
