import type { Command } from "../completions.ts";
import { type OptionWords, optionWords, spellings } from "./option_words.ts";

/** See "Programmable Completion" in bash(1). `--output=json` comes as three words. */
export function bashScript(program: string, commands: readonly Command[]): string {
  return `_${program}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} words=
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
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _${program} ${program} ${program}.ts
`;
}

function commandCase({ name, options, operands = [] }: Command): string {
  const words = optionWords(options);
  const values = words.filter((option) => option.value !== undefined).map(valueCase);
  const all = words.flatMap(spellings).join(" ");
  return `      ${name})
        case $prev in
${values.join("\n")}
        esac
        ${
    operands.length === 0
      ? `words='${all}'`
      : `if [[ $cur == -* ]]; then words='${all}'; else words='${operands.join(" ")}'; fi`
  }
        ;;`;
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
