import type { CompletedCommand } from "./completed_command.ts";
import {
  operandWords,
  type OptionWords,
  optionWords,
  spellings,
  type ValueWords,
} from "./option_words.ts";

/** See "Programmable Completion" in bash(1). `--output=json` comes as three words. */
export function bashScript(program: string, commands: readonly CompletedCommand[]): string {
  return `_${program}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} words= files=
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words='${commands.map(({ name }) => name).join(" ")} --help --version'
  else
    case \${COMP_WORDS[1]} in
${commands.map(commandCase).join("\n")}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen \${files:+-f} -W "$words" -- "$cur")
}
complete -F _${program} ${program} ${program}.ts
`;
}

function commandCase({ name, options, operands = {} }: CompletedCommand): string {
  const words = optionWords(options);
  const values = words.filter((option) => option.value !== undefined).map(valueCase);
  const all = words.flatMap(spellings).join(" ");
  return `      ${name})
        case $prev in
${values.join("\n")}
        esac
        ${places(all, operandWords(operands).map(({ completes }) => completes))}
        ;;`;
}

/** Options, or what any of the operands can be: which of them it is would take a parser to say. */
function places(options: string, operands: readonly ValueWords["completes"][]): string {
  const words = operands.flatMap((completes) => typeof completes === "string" ? [] : completes);
  const files = operands.includes("files") ? "compopt -o filenames; files=f; " : "";
  if (words.length === 0 && files === "") return `words='${options}'`;
  return `if [[ $cur == -* ]]; then words='${options}'; else ${files}words='${
    words.join(" ")
  }'; fi`;
}

function valueCase(option: OptionWords): string {
  return `          ${spellings(option).join(" | ")}) ${action(option)}return ;;`;
}

function action({ value }: OptionWords): string {
  switch (value?.completes) {
    case undefined:
    case "anything":
      return "";
    case "files":
      return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); ';
    case "users":
      return 'mapfile -t COMPREPLY < <(compgen -u -- "$cur"); ';
    default:
      return `mapfile -t COMPREPLY < <(compgen -W '${value!.completes.join(" ")}' -- "$cur"); `;
  }
}
